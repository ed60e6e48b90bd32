"""How an inspector's scores stand to those of their teammates on the same items: severity and agreement.

Everything is counted in pairs: the inspector and one teammate, on one item that both scored. Sums of pairs are whole
numbers, so that those of many visits add up exactly; only who shows them divides.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from inspection.rules.case import Sheet
from inspection.rules.rubric import Rubric


class Comparison(NamedTuple):
    """An inspector against teammates; points in hundredths.

    `items` are those that a teammate scored too, each once a visit; `pairs` counts them once a teammate. `difference`
    sums own − theirs (above 0: the milder one), `distance` its size, `points` what the items of the pairs are worth;
    `within` counts the pairs within the tolerance. `verdicts` are pairs of answers on a clause, `same` those alike.
    """

    items: int = 0
    pairs: int = 0
    difference: int = 0
    distance: int = 0
    within: int = 0
    points: int = 0
    verdicts: int = 0
    same: int = 0

    @property
    def mean_difference(self) -> float | None:
        """Own − theirs on an item, in hundredths of a point; None without pairs. For display."""
        return self.difference / self.pairs if self.pairs else None

    @property
    def severity(self) -> float | None:
        """The share of the points at stake that they give less than teammates (below 0: more). For display."""
        return -self.difference / self.points if self.points else None

    @property
    def agreement(self) -> float | None:
        """The share of the pairs within the tolerance; None without pairs. For display."""
        return self.within / self.pairs if self.pairs else None

    @property
    def same_verdicts(self) -> float | None:
        """The share of the verdicts that are alike; None without any. For display."""
        return self.same / self.verdicts if self.verdicts else None


def comparisons(rubric: Rubric, sheets: Sequence[Sheet], spread_tolerance: int) -> Mapping[str, Comparison]:
    """What each inspector's signed sheet of a visit adds to their comparison, by inspector; who was alone has none."""
    return {
        sheet.inspector: _against(rubric, sheet, [each for each in sheets if each is not sheet], spread_tolerance)
        for sheet in sheets
        if len(sheets) > 1
    }


def together(parts: Iterable[Sequence[int]]) -> Comparison:
    """What comparisons come to together; they may be plain sequences of their counts."""
    return Comparison(*map(sum, zip(*parts, strict=True)))


def _against(rubric: Rubric, own: Sheet, others: Iterable[Sheet], tolerance: int) -> Comparison:
    pairs = [
        (code, points, theirs)
        for other in others
        for code, points in own.answers.points.items()
        if code in rubric.items and (theirs := other.answers.points.get(code)) is not None
    ]
    differences = [points - theirs for _, points, theirs in pairs]
    alike = [
        verdict == theirs
        for other in others
        for code, clauses in own.answers.clauses.items()
        for name, verdict in clauses.items()
        if (theirs := other.answers.clauses.get(code, {}).get(name)) is not None
    ]
    return Comparison(
        items=len({code for code, _, _ in pairs}),
        pairs=len(pairs),
        difference=sum(differences),
        distance=sum(map(abs, differences)),
        within=sum(abs(difference) <= tolerance for difference in differences),
        points=sum(rubric.items[code].points for code, _, _ in pairs),
        verdicts=len(alike),
        same=sum(alike),
    )
