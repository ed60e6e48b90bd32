"""A grade in the form that is stored for lists, and the words for it."""

from collections.abc import Mapping
from typing import Any

from backend.models.outcomes import ClauseName, GapView, GradeResult
from inspection.rules.case import Case
from inspection.rules.grading import GradeDecision
from inspection.rules.outcome import Outcome
from inspection.rules.points import as_number
from inspection.rules.ruleset import Rules

BELOW = "未达标"


def outcome_fields(case: Case, outcome: Outcome) -> dict[str, Any]:
    """What is kept of an outcome beside its submission (see `store.outcomes`); points in hundredths."""
    grade = (
        grade_fields(case.applied, outcome.decision) if outcome.decision else {"applied": case.applied, "total": None}
    )
    return {**grade, "discrepancies": len(outcome.discrepancies), "rubric": case.rubric.sha256}


def grade_fields(applied: str, decision: GradeDecision) -> dict[str, Any]:
    """A decision as plain data, points in hundredths."""
    return {
        "applied": applied,
        "total": decision.total,
        "attained": decision.attained,
        "awarded": decision.awarded,
        "explanation": [
            {
                "grade": gap.grade,
                "points_short": gap.points_short,
                "clauses_unmet": [{"item": clause.item, "clause": clause.name} for clause in gap.clauses_unmet],
            }
            for gap in decision.explanation
        ],
        "shortest_path": list(decision.shortest_path),
    }


def grade_fields_to_data(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What `grade_fields` made, as JSON has it: points as numbers."""
    return {
        "applied": fields["applied"],
        "total": as_number(fields["total"]),
        "attained": fields["attained"],
        "awarded": fields["awarded"],
        "explanation": [gap | {"points_short": as_number(gap["points_short"])} for gap in fields["explanation"]],
        "shortest_path": list(fields["shortest_path"]),
    }


def grade_view(rules: Rules, fields: Mapping[str, Any]) -> GradeResult:
    """How an answer shows what `grade_fields` made."""
    return GradeResult(
        applied=fields["applied"],
        total=fields["total"],
        attained=fields["attained"],
        awarded=fields["awarded"],
        statement=statement(rules, fields["attained"], fields["awarded"]),
        explanation=[
            GapView(
                grade=gap["grade"],
                grade_title=rules.grade(gap["grade"]).title,
                points_short=gap["points_short"],
                clauses_unmet=[ClauseName(item=each["item"], clause=each["clause"]) for each in gap["clauses_unmet"]],
            )
            for gap in fields["explanation"]
        ],
        shortest_path=list(fields["shortest_path"]),
    )


def statement(rules: Rules, attained: str | None, awarded: str | None) -> str:
    """The result in a sentence; it says so where a school applied for less than it reached (申报类型)."""
    if attained is None or awarded is None:
        return BELOW
    title = rules.grade(awarded).title
    if attained == awarded:
        return f"认定为{title}"
    return f"已达{rules.grade(attained).title}条件，按申报类型认定为{title}"
