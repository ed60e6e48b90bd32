"""How far the city and its districts are from the targets (通知，二、目标任务).

The share is of all registered schools: those that don't apply stay in the denominator. What counts is the held grade:
the best of the past awards and of this cycle's published one. All is exact; no share is ever rounded.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from inspection.rules.cycle import Target
from inspection.rules.ruleset import Rules


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """Where a city or district stands on a target: so many of `schools` hold at least its grade, so many more are
    `needed` for the target, and so many would be missing."""

    target: Target
    schools: int
    holding: int
    needed: int

    @property
    def missing(self) -> int:
        """How many more schools have to reach the grade; 0 where the target is reached."""
        return max(0, self.needed - self.holding)

    @property
    def reached(self) -> bool:
        """Whether the target is reached."""
        return self.holding >= self.needed


def held_grade(rules: Rules, awards: Iterable[str | None]) -> str | None:
    """The best of a school's awards; names that the rules don't know, and None, count for nothing."""
    held = set(awards)
    return next((grade.name for grade in rules.grades if grade.name in held), None)


def standings(rules: Rules, targets: Sequence[Target], held: Mapping[str | None, int]) -> tuple[TargetStanding, ...]:
    """The standing on each target, from the number of schools by held grade (None: the schools that hold none)."""
    schools = sum(held.values())
    at_least = holding_at_least(rules, held)
    return tuple(
        TargetStanding(target, schools, at_least[target.grade], _needed(target.share, schools)) for target in targets
    )


def holding_at_least(rules: Rules, held: Mapping[str | None, int]) -> Mapping[str, int]:
    """How many schools hold at least each grade, from the highest grade to the lowest."""
    at_least: dict[str, int] = {}
    so_far = 0
    for grade in rules.grades:
        so_far += held.get(grade.name, 0)
        at_least[grade.name] = so_far
    return at_least


def add_up(parts: Iterable[Mapping[str | None, int]]) -> Mapping[str | None, int]:
    """The schools of several districts together."""
    total: Counter[str | None] = Counter()
    for part in parts:
        total.update(part)
    return total


def _needed(share: Decimal, schools: int) -> int:
    """The fewest schools that make up the share: 95 % of 20 is 19, of 21 is 20."""
    return ceil(share * schools)
