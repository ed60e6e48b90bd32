"""What the WebSocket tells: made from what is stored at that moment, so that a message is never older than the last."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models.live import LiveProgress, LiveSnapshot, LiveStanding, LiveVisit
from backend.models.people import Actor, Role
from backend.models.score_sheets import Progress
from backend.models.visits import VisitState
from backend.services.cycles import find_current
from backend.services.score_sheets import OF_PROGRESS, progress_of
from backend.services.submissions import cycle_of_visit
from backend.store import score_sheets, visits


async def snapshot(deps: Deps, actor: Actor) -> LiveSnapshot:
    """All that the actor may be told: three queries, however many visits there are."""
    cycle = await find_current(deps)
    found: Sequence[Mapping[str, Any]] = []
    if cycle is not None and actor.role is Role.INSPECTOR:
        found = await visits.of_inspector(deps.db, cycle.id, actor.person_id)
    elif cycle is not None and actor.role is Role.CITY:
        found = await visits.in_state(deps.db, cycle.id, VisitState.OPEN)
    under_way = [visit for visit in found if visit["state"] == VisitState.OPEN]
    sheets = await score_sheets.of_visits(deps.db, [visit["_id"] for visit in under_way], OF_PROGRESS)
    return LiveSnapshot(
        server_now=deps.clock(),
        visits=[LiveStanding(**_standing(visit)) for visit in found],
        progress=[progress_of(cycle, visit, sheets[visit["_id"]]) for visit in under_way] if cycle else [],
    )


async def progress(deps: Deps, visit: Mapping[str, Any]) -> LiveProgress:
    """How far the visit's team is."""
    cycle = await cycle_of_visit(deps, visit)
    found: Progress = progress_of(cycle, visit, await score_sheets.of_visit(deps.db, visit["_id"], None, OF_PROGRESS))
    return LiveProgress(visit_id=found.visit_id, inspectors=found.inspectors)


def changed(visit: Mapping[str, Any]) -> LiveVisit:
    """That the visit has changed."""
    return LiveVisit(**_standing(visit))


def _standing(visit: Mapping[str, Any]) -> dict[str, Any]:
    return {"visit_id": visit["_id"], "state": VisitState(visit["state"]), "version": visit["version"]}
