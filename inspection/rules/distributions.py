"""What totals and times of many schools look like: counted in ranges, with their middle. All is exact."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from inspection.rules.outcome import Outcome
from inspection.rules.rubric import Rubric

# Ranges of five points: the grades' lines are edges (附件1, 注: 70, 80, 90).
RANGE = 500


@dataclass(frozen=True, slots=True)
class Range:
    """How many values are from `least` to before `most`; None: there is no end."""

    least: int
    most: int | None
    count: int


def totals_in_ranges(totals: Iterable[int], full: int) -> tuple[Range, ...]:
    """The totals (hundredths) in ranges of five points up to `full`, which is in the last of them."""
    edges = list(range(0, max(full, RANGE), RANGE))
    counts = _counts(totals, edges)
    return tuple(
        Range(edge, edge + RANGE if edge != edges[-1] else full, count)
        for edge, count in zip(edges, counts, strict=True)
    )


def in_ranges(values: Iterable[int], edges: Sequence[int]) -> tuple[Range, ...]:
    """The values from each edge to before the next; from the last on without an end. None is below the first."""
    ends = [*edges[1:], None]
    return tuple(map(Range, edges, ends, _counts(values, edges)))


def _counts(values: Iterable[int], edges: Sequence[int]) -> list[int]:
    counts = [0] * len(edges)
    for value in values:
        counts[bisect_right(edges, value) - 1] += 1
    return counts


def median(values: Sequence[int]) -> Fraction | None:
    """The value in the middle, or the mean of the two there; None of nothing."""
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    return Fraction(ordered[middle] if len(values) % 2 else ordered[middle - 1] + ordered[middle], 2 - len(values) % 2)


class IndicatorGap(NamedTuple):
    """What parts on the items of an indicator: discrepancies, the critical ones among them, and self − agreed in
    hundredths (above 0: the school has more), over the items where both are known."""

    rows: int = 0
    critical: int = 0
    delta: int = 0


def gaps_by_indicator(rubric: Rubric, own: Mapping[str, int], outcome: Outcome) -> dict[str, IndicatorGap]:
    """By indicator what parts there; indicators without anything are left out. `own` are the school's points."""
    counted: dict[str, list[int]] = {}
    for row in outcome.discrepancies:
        sums = counted.setdefault(rubric.items[row.item].indicator, [0, 0, 0])
        sums[0] += 1
        sums[1] += row.severity == "critical"
    for code, agreed in outcome.items.items():
        points = own.get(code)
        if points is not None and agreed.points is not None and points != agreed.points:
            counted.setdefault(rubric.items[code].indicator, [0, 0, 0])[2] += points - agreed.points
    return {indicator: IndicatorGap(*sums) for indicator, sums in counted.items()}


def gaps_together(parts: Iterable[Sequence[int]]) -> IndicatorGap:
    """What the gaps of many schools come to together; they may be plain sequences of their counts."""
    return IndicatorGap(*map(sum, zip(*parts, strict=True)))
