"""What a submission still lacks before it may be handed in (附件2 and 附件3), and the sums that its form prints."""

from collections.abc import Mapping

from inspection.rules.case import Answers, School, applicable_clauses
from inspection.rules.discrepancies import needs_evidence
from inspection.rules.problems import Problem, pointer
from inspection.rules.rubric import Rubric
from inspection.rules.ruleset import Rules


def missing_answers(rubric: Rubric, school: School, answers: Answers, path: str) -> list[Problem]:
    """Every item without points, and every applicable clause without a claim, in the rubric's order."""
    problems = []
    for code, clauses in applicable_clauses(rubric, school).items():
        if code not in answers.points:
            problems.append(Problem(path + pointer(code, "points"), "required", f"{code} 尚未填写自评得分"))
        claims = answers.clauses.get(code, {})
        problems.extend(
            Problem(
                path + pointer(code, "clauses", clause.name), "required", f"{code} 尚未填写是否达到要求：{clause.text}"
            )
            for clause in clauses
            if clause.name not in claims
        )
    return problems


def missing_evidence(
    rubric: Rubric, rules: Rules, answers: Answers, evidence: Mapping[str, int], path: str
) -> list[Problem]:
    """Every item with points that needs a photo or file (the cycle's `evidence_required`) and has none."""
    return [
        Problem(path + pointer(code, "evidence"), "required", f"{code} 得分大于 0，请附佐证照片或文件")
        for code, item in rubric.items.items()
        if answers.points.get(code, 0) > 0 and needs_evidence(rules, item) and not evidence.get(code)
    ]


def sums(rubric: Rubric, points: Mapping[str, int]) -> Mapping[str, int]:
    """Points in hundredths by the code of every indicator ("1.1") and group ("1"), and the total under "" (附件3)."""
    totals: dict[str, int] = {"": 0}
    for item in rubric.items.values():
        given = points.get(item.code, 0)
        for code in ("", item.group, item.indicator):
            totals[code] = totals.get(code, 0) + given
    return totals
