"""From what is agreed to a grade, with its explanation (附件1, 注)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from inspection.rules.reconciliation import AgreedItem
from inspection.rules.rubric import Clause, Rubric
from inspection.rules.ruleset import Grade, Rules


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between a school and one grade: hundredths of points short, clauses unmet in rubric order."""

    grade: str
    points_short: int
    clauses_unmet: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class GradeDecision:
    """A grade and why. `total` in hundredths; `attained` and `awarded` None where no grade is reached; `explanation`
    from the next grade upwards; `shortest_path` the fewest items that would reach the next grade."""

    total: int
    attained: str | None
    awarded: str | None
    explanation: tuple[Gap, ...]
    shortest_path: tuple[str, ...]


class Standing(NamedTuple):
    """What a grade is read off: the total in hundredths, and how many clauses are unmet by requirement; a requirement
    with none is not there."""

    total: int
    unmet: Mapping[str, int]

    def attained(self, rules: Rules) -> Grade | None:
        """The highest grade whose total is reached and all of whose required clauses are met."""
        for grade in rules.grades:
            if self.total >= grade.min_total and self.unmet.keys().isdisjoint(grade.requirements):
                return grade
        return None


def standing(agreed: Mapping[str, AgreedItem], clauses: Mapping[str, tuple[Clause, ...]]) -> Standing | None:
    """Where the school stands; None while anything is undecided."""
    total = 0
    unmet: Counter[str] = Counter()
    for code, item in agreed.items():
        if item.points is None:
            return None
        total += item.points
        for clause in clauses[code]:
            verdict = item.clauses[clause.name]
            if verdict is None:
                return None
            if not verdict:
                unmet[clause.requirement] += 1
    return Standing(total, unmet)


def decide(
    rubric: Rubric,
    rules: Rules,
    applied: str,
    agreed: Mapping[str, AgreedItem],
    clauses: Mapping[str, tuple[Clause, ...]],
    where: Standing,
) -> GradeDecision:
    """The decision on a school that stands at `where`. Awarded is the lower of attained and applied-for (申报类型)."""
    attained = where.attained(rules)
    awarded = min(attained, rules.grade(applied), key=lambda grade: grade.min_total) if attained else None
    above = [grade for grade in reversed(rules.grades) if not attained or grade.min_total > attained.min_total]
    unmet = [clause for code, item in agreed.items() for clause in clauses[code] if not item.clauses[clause.name]]
    gaps = tuple(
        Gap(
            grade.name,
            max(0, grade.min_total - where.total),
            tuple(clause for clause in unmet if clause.requirement in grade.requirements),
        )
        for grade in above
    )
    path = shortest_path(rubric, agreed, gaps[0]) if gaps else ()
    return GradeDecision(
        where.total, attained.name if attained else None, awarded.name if awarded else None, gaps, path
    )


def shortest_path(rubric: Rubric, agreed: Mapping[str, AgreedItem], gap: Gap) -> tuple[str, ...]:
    """The fewest items that, brought to full points and all their clauses met, close `gap`.

    Every item with an unmet clause has to be among them; then, while points are short, the one with the most to gain.
    """
    gain = {code: item.points - (agreed[code].points or 0) for code, item in rubric.items.items()}
    path = list(dict.fromkeys(clause.item for clause in gap.clauses_unmet))
    short = gap.points_short - sum(gain[code] for code in path)
    # sorted() is stable, so that ties stay in the rubric's order.
    rest = iter(sorted((code for code in gain if code not in path), key=lambda code: -gain[code]))
    while short > 0:
        code = next(rest)
        path.append(code)
        short -= gain[code]
    return tuple(path)
