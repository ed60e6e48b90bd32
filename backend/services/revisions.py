"""A city officer's ruling that revises what was agreed, as the end of an answer or as a correction."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Detail, Invalid
from backend.models.people import Actor
from backend.services.cases import load_case
from backend.services.cycles import OpenCycle
from backend.services.discrepancies import refresh
from backend.services.rulings import add_ruling
from backend.store.mongo import Session
from inspection.rules.case import Case, applicable_clauses
from inspection.rules.points import as_number
from inspection.rules.problems import pointer


async def rule(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    item: str,
    points: int | None,
    clauses: Mapping[str, bool],
    reason: str,
    *,
    path: str = "",
) -> None:
    """Makes the ruling and brings discrepancies and outcome in step with it; the state has been checked.

    Points are hundredths. Raises `Invalid`, with pointers below `path`, for an item that the rubric doesn't have,
    points off the step, and clauses that don't apply to the school.
    """
    visit, case = await load_case(deps, transaction, cycle, submission)
    details = wrong(case, item, points, clauses, path)
    if details:
        raise Invalid("改判的内容有误，请逐条改正", details=details)
    await add_ruling(deps, transaction, actor, "city", visit, item, points, clauses, reason)
    visit, case = await load_case(deps, transaction, cycle, submission)
    await refresh(deps, transaction, cycle, submission, visit, case)


def wrong(case: Case, code: str, points: int | None, clauses: Mapping[str, bool], path: str) -> list[Detail]:
    """What can't be ruled of an item."""
    item, details = case.rubric.items.get(code), []
    if item is None:
        return [Detail(f"{path}/item", "unknown_item", f"细则中没有编号为“{code}”的指标，请改正")]
    step = case.rules.score_step
    if points is not None and (not 0 <= points <= item.points or points % step):
        message = f"得分应为 0 到 {as_number(item.points)} 之间 {as_number(step)} 的倍数，请改正"
        details.append(Detail(f"{path}/points", "points_off_scale", message))
    known = {clause.name for clause in applicable_clauses(case.rubric, case.school)[code]}
    details += [
        Detail(path + pointer("clauses", name), "unknown_clause", "该校的这一项没有这个要求，请删去")
        for name in clauses
        if name not in known
    ]
    return details
