"""The outcome of a case: what is agreed, where that parts from the self-assessment, and the grade."""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.rules.case import Case, applicable_clauses
from inspection.rules.discrepancies import Discrepancy, discrepancies
from inspection.rules.grading import GradeDecision, decide, standing
from inspection.rules.reconciliation import AgreedItem, reconcile


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that follows from a case; `decision` is None while any points or applicable clause is undecided."""

    items: Mapping[str, AgreedItem]
    discrepancies: tuple[Discrepancy, ...]
    decision: GradeDecision | None


def assess(case: Case) -> Outcome:
    """The outcome of `case`: a pure function, so that replaying stored inputs gives the identical decision."""
    clauses = applicable_clauses(case.rubric, case.school)
    agreed = reconcile(case)
    where = standing(agreed, clauses)
    decision = decide(case.rubric, case.rules, case.applied, agreed, clauses, where) if where else None
    return Outcome(agreed, discrepancies(case, agreed, clauses, where), decision)
