"""An inspector's changes, as their phones send them: the hot path. One read and one atomic write of one document.

A batch is read, merged, stored and answered in one go in a thread: the event loop only moves its bytes.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from enum import Enum
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


class _Missed(Enum):
    """Why an attempt did not store its batch."""

    NOT_STARTED = 1
    OUTRUN = 2


async def apply(
    deps: Deps, actor: Actor, visit_id: str, read: Callable[[], OperationBatch], dump: Callable[[Synced], bytes]
) -> bytes:
    """Takes the batch that `read` gives into the actor's score sheet, each operation once, however often it arrives;
    gives the answer as `dump` writes it. Both are called in a thread, `read` once for each try.

    The first batch starts the visit. Raises what `read` does, `NotFound` where the actor is not of the team, `Conflict`
    for a visit that may not start yet, `Unavailable` where other batches of the same inspector keep coming first.
    """
    cycle = await current(deps)

    def attempt() -> bytes | _Missed:
        batch = read()
        sheet = score_sheets.own_now(deps.db, visit_id, actor.person_id)
        if sheet is None or not sheet["member"] or sheet["cycle"] != cycle.id:
            raise NotFound("没有这次现场评估，或者您不在评估组里，请检查")
        taken = take(cycle, sheet, batch, deps.clock())
        if taken.batch is not None:
            if sheet["phase"] == "planned":
                return _Missed.NOT_STARTED
            if not score_sheets.append_now(deps.db, sheet, taken.batch, taken.changes, taken.size):
                return _Missed.OUTRUN
        return dump(_answer(cycle, sheet, taken))

    for number in range(_TRIES):
        answer = await deps.batches.run(attempt)
        if answer is _Missed.NOT_STARTED:
            await visit_start.start(deps, actor, visit_id)
        elif answer is _Missed.OUTRUN:
            await asyncio.sleep(random.uniform(0, min(_MOST_DELAY, 0.002 * 2**number)))  # noqa: S311 - spreads rivals
        else:
            return answer
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
