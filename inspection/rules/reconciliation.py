"""The merge of the signed score sheets of one visit into agreed points and verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from inspection.rules.case import Answers, Case, applicable_clauses, figures_verdict
from inspection.rules.points import mean_half_up

Rule = Literal["ruling", "mean", "unscored", "inspectors_differ"]
Source = Literal["ruling", "figures", "sheets", "unscored", "inspectors_differ"]


class AgreedItem(NamedTuple):
    """What is agreed on one item: points in hundredths (None: undecided), and by applicable clause a verdict
    (None: undecided) and where it comes from."""

    points: int | None
    rule: Rule
    clauses: Mapping[str, bool | None]
    sources: Mapping[str, Source]

    @property
    def settled(self) -> bool:
        """Whether points and all clauses are decided."""
        return self.points is not None and None not in self.clauses.values()


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's decision on an item: points (hundredths), verdicts by clause, or both. `rank` is "lead" or "city";
    `order` grows with time. A city officer outranks the lead inspector; among equals the latest stands."""

    item: str
    rank: Literal["lead", "city"]
    order: int
    points: int | None
    clauses: Mapping[str, bool]


def rulings_in_force(rulings: Iterable[Ruling]) -> Answers:
    """Of all rulings ever made, what stands for each item's points and each clause; nothing is ever deleted."""
    points: dict[str, int] = {}
    clauses: dict[str, dict[str, bool]] = {}
    for ruling in sorted(rulings, key=lambda ruling: (ruling.rank == "city", ruling.order)):
        if ruling.points is not None:
            points[ruling.item] = ruling.points
        if ruling.clauses:
            clauses.setdefault(ruling.item, {}).update(ruling.clauses)
    return Answers(points, clauses)


@lru_cache(maxsize=4096)
def agree_points(ruling: int | None, scores: tuple[int | None, ...], spread_tolerance: int) -> tuple[int | None, Rule]:
    """A ruling; else nobody scored; else the mean where the inspectors are within the tolerance; else undecided."""
    if ruling is not None:
        return ruling, "ruling"
    given = [score for score in scores if score is not None]
    if not given:
        return None, "unscored"
    if max(given) - min(given) <= spread_tolerance:
        return mean_half_up(given), "mean"
    return None, "inspectors_differ"


@lru_cache(maxsize=1024)
def agree_clause(
    ruling: bool | None, figures: bool | None, verdicts: tuple[bool | None, ...]
) -> tuple[bool | None, Source]:
    """A ruling; else the figures unless somebody answers otherwise; else what all who answered say."""
    if ruling is not None:
        return ruling, "ruling"
    if figures is not None:
        return (figures, "figures") if (not figures) not in verdicts else (None, "inspectors_differ")
    if True in verdicts and False in verdicts:
        return None, "inspectors_differ"
    return (True in verdicts, "sheets") if True in verdicts or False in verdicts else (None, "unscored")


def reconcile(case: Case) -> Mapping[str, AgreedItem]:
    """What is agreed on every item of the rubric, in its order."""
    tolerance, ruled = case.rules.spread_tolerance, case.rulings
    points_of = [sheet.answers.points.get for sheet in case.sheets]
    clauses_of = [sheet.answers.clauses.get for sheet in case.sheets]
    agreed = {}
    for code, clauses in applicable_clauses(case.rubric, case.school).items():
        points, rule = agree_points(ruled.points.get(code), tuple([get(code) for get in points_of]), tolerance)
        verdicts: dict[str, bool | None] = {}
        sources: dict[str, Source] = {}
        if clauses:
            given = [answers for get in clauses_of if (answers := get(code))]
            for clause in clauses:
                name = clause.name
                ruling = ruled.clauses[code].get(name) if code in ruled.clauses else None
                figures = figures_verdict(clause, case.school) if clause.figures else None
                said = tuple([answers.get(name) for answers in given])
                verdicts[name], sources[name] = agree_clause(ruling, figures, said)
        agreed[code] = AgreedItem(points, rule, verdicts, sources)
    return agreed
