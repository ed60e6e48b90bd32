"""An inspector's changes, as their phones send them: the hot path. One read and one atomic write of one document.

A batch is read, merged, stored and answered in one go in a thread: the event loop only moves its bytes. Those that wait
for a thread go together: MongoDB is asked once for all of them, and confirms all of their writes at once.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from backend.store.score_sheets import Append, SheetKey

# How often a batch that lost against another of the same inspector tries again.
_TRIES = 30
_MOST_DELAY = 0.05


class _Missed(Enum):
    """Why an attempt did not store its batch."""

    NOT_STARTED = 1
    OUTRUN = 2


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What it takes to store and answer a batch."""

    deps: Deps
    cycle: OpenCycle
    key: SheetKey
    read: Callable[[], OperationBatch]
    dump: Callable[[Synced], bytes]


async def apply(
    deps: Deps, actor: Actor, visit_id: str, read: Callable[[], OperationBatch], dump: Callable[[Synced], bytes]
) -> bytes:
    """Takes the batch that `read` gives into the actor's score sheet, each operation once, however often it arrives;
    gives the answer as `dump` writes it. Both are called in a thread, `read` once for each try.

    The first batch starts the visit. Raises what `read` does, `NotFound` where the actor is not of the team, `Conflict`
    for a visit that may not start yet, `Unavailable` where other batches of the same inspector keep coming first.
    """
    attempt = _Attempt(deps, await current(deps), (visit_id, actor.person_id), read, dump)
    for number in range(_TRIES):
        answer: bytes | _Missed = await deps.batches.run(_try_all, attempt)
        if answer is _Missed.NOT_STARTED:
            await visit_start.start(deps, actor, visit_id)
        elif answer is _Missed.OUTRUN:
            await asyncio.sleep(random.uniform(0, min(_MOST_DELAY, 0.002 * 2**number)))  # noqa: S311 - spreads rivals
        else:
            return answer
    raise Unavailable("这张评分表正在被多处同时修改，请稍后再同步", code="busy")


def _try_all(attempts: Sequence[_Attempt]) -> list[bytes | _Missed | Exception]:
    """What becomes of each, with one read and one write for all. What is wrong with one is no other's business."""
    deps = attempts[0].deps
    sheets = score_sheets.own_now(deps.db, list({attempt.key for attempt in attempts}))
    found, appends = list[bytes | _Missed | Exception](), dict[SheetKey, Append]()
    for attempt in attempts:
        found.append(_try(attempt, sheets.get(attempt.key), appends))
    if appends and not score_sheets.append_now(deps.db, list(appends.values())):
        # Those that were stored all the same are known when they come again.
        return [
            _Missed.OUTRUN if attempt.key in appends else each for attempt, each in zip(attempts, found, strict=True)
        ]
    return found


def _try(
    attempt: _Attempt, sheet: Mapping[str, Any] | None, appends: dict[SheetKey, Append]
) -> bytes | _Missed | Exception:
    """The answer, good once what it adds to `appends` is stored."""
    try:
        batch = attempt.read()
        if sheet is None or not sheet["member"] or sheet["cycle"] != attempt.cycle.id:
            raise NotFound("没有这次现场评估，或者您不在评估组里，请检查")
        if attempt.key in appends:
            return _Missed.OUTRUN
        taken = take(attempt.cycle, sheet, batch, attempt.deps.clock())
        if taken.batch is not None and sheet["phase"] == "planned":
            return _Missed.NOT_STARTED
        answer = attempt.dump(_answer(attempt.cycle, sheet, taken))
        if taken.batch is not None:
            appends[attempt.key] = Append(sheet, taken.batch, taken.changes, taken.size)
    except Exception as error:
        return error
    return answer


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
