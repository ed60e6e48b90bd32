"""What each scored school adds to the city's figures (see `store.figures`), kept in step with its outcome and state.

For other use cases, in their transaction: `await note(deps, transaction, submission, visit, case, outcome)` whenever an
outcome is stored, and `await follow(deps, transaction, submission, before, after)` with every change of state.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.deps import Deps
from backend.store import figures
from backend.store.figures import COUNTED
from backend.store.mongo import Session
from backend.store.submissions import item_key
from inspection.rules.agreement import comparisons
from inspection.rules.case import Case
from inspection.rules.distributions import gaps_by_indicator
from inspection.rules.outcome import Outcome
from inspection.rules.workflow import SHANGHAI, State


async def note(
    deps: Deps,
    transaction: Session,
    submission: Mapping[str, Any],
    visit: Mapping[str, Any],
    case: Case,
    outcome: Outcome,
) -> None:
    """Stores what the school adds to the city's figures, beside its outcome. The visit is closed."""
    gaps = gaps_by_indicator(case.rubric, case.self_assessment.points, outcome)
    compared = comparisons(case.rubric, case.sheets, case.rules.spread_tolerance)
    decision = outcome.decision
    contribution = {
        "applied": case.applied,
        "total": decision and decision.total,
        "attained": decision and decision.attained,
        "awarded": decision and decision.awarded,
        "indicators": {item_key(code): list(gap) for code, gap in gaps.items()},
        "inspectors": [{"id": inspector, "counts": list(counts)} for inspector, counts in compared.items()],
        **_open_for(visit),
    }
    await figures.put(deps.db, transaction, submission, contribution)


def _open_for(visit: Mapping[str, Any]) -> dict[str, int]:
    """Days from the visit's to that of its closing, and minutes from its first score to its closing."""
    opened_at, closed_at = visit["opened_at"], visit["closed_at"]
    days = (closed_at.astimezone(SHANGHAI).date() - date.fromisoformat(visit["date"])).days
    # A visit may be held, and closed, before its day; an offline phone may bring its first score late.
    return {"days": max(0, days), "minutes": max(0, int((closed_at - opened_at).total_seconds() // 60))}


async def follow(deps: Deps, transaction: Session, submission: Mapping[str, Any], before: State, after: State) -> None:
    """Takes a school out of the figures when it leaves the states that count: it will be noted when it is back."""
    if before in COUNTED and after not in COUNTED:
        await figures.remove(deps.db, transaction, submission["_id"])
