"""An inspector's changes, as their phones send them: the hot path. One read and one atomic write of one document."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound, Unavailable
from backend.models.operations import OperationBatch, Synced
from backend.models.people import Actor
from backend.services import sheet_state, visit_start
from backend.services.cycles import OpenCycle, current
from backend.services.sheet_changes import Taken, take
from backend.store import score_sheets

# How often a batch that lost against another of the same inspector tries again.
_TRIES = 30
_MOST_DELAY = 0.05


async def apply(deps: Deps, actor: Actor, visit_id: str, batch: OperationBatch) -> Synced:
    """Takes the batch into the actor's score sheet, each operation once, however often it arrives.

    The first one starts the visit. Raises `NotFound` where the actor is not of the team, `Conflict` for a visit that
    may not start yet, `Unavailable` where other batches of the same inspector keep coming first.
    """
    cycle = await current(deps)
    for attempt in range(_TRIES):
        sheet = await score_sheets.of_inspector(deps.db, visit_id, actor.person_id)
        if sheet is None or not sheet["member"] or sheet["cycle"] != cycle.id:
            raise NotFound("没有这次现场评估，或者您不在评估组里，请检查")
        await deps.turns.own()
        taken = take(cycle, sheet, batch, deps.clock())
        if taken.batch is None:
            return _answer(cycle, sheet, taken)
        if sheet["phase"] == "planned":
            await visit_start.start(deps, actor, visit_id)
        elif await score_sheets.append(deps.db, sheet, taken.batch, taken.changes, taken.size):
            return _answer(cycle, sheet, taken)
        else:
            await asyncio.sleep(random.uniform(0, min(_MOST_DELAY, 0.002 * 2**attempt)))  # noqa: S311 - spreads rivals
    raise Unavailable("这张评分表正在被多处同时修改，请稍后再同步", code="busy")


def _answer(cycle: OpenCycle, sheet: Mapping[str, Any], taken: Taken) -> Synced:
    first = taken.changes.get("first", sheet["first"])
    return {
        "server_now": taken.now,
        "state": sheet["state"],
        "phase": sheet["phase"],
        "rubric_sha256": cycle.rubric.sha256,
        "version": sheet["version"] + bool(taken.added),
        "applied": [operation["id"] for operation in taken.added],
        "known": taken.known,
        "conflicts": taken.conflicts,
        "refused": taken.refused,
        "revealed": sheet_state.revealed(sheet["own"], first, taken.items),
    }
