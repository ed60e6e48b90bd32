"""MongoDB's change stream: which visits and score sheets have changed, and never how."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import OperationFailure

from backend.store.mongo import Database

_COLLECTIONS = ["visits", "score_sheets"]
# Which document of which collection is all that leaves the server: no value of a sheet, however long.
_PIPELINE: list[dict[str, Any]] = [
    {"$match": {"ns.coll": {"$in": _COLLECTIONS}, "operationType": {"$in": ["insert", "update", "replace"]}}},
    {"$project": {"ns.coll": 1, "documentKey": 1}},
]
_AWAIT_MS = 500
_LOST = {
    260,  # InvalidResumeToken
    280,  # ChangeStreamFatalError
    286,  # ChangeStreamHistoryLost: the oplog does not reach back so far.
}


class LostError(Exception):
    """What happened since the last change can't be had any more."""


@dataclass(slots=True)
class Changes:
    """A place in the stream of changes, which outlives elections and broken connections."""

    db: Database
    _place: dict[str, Any] = field(default_factory=dict)

    async def begin(self) -> None:
        """Takes this moment as the place: whatever is written from now on will be followed."""
        reply = await self.db.command("ping")
        self._place = {"start_at_operation_time": reply["operationTime"]}

    async def follow(self, stopped: Callable[[], bool]) -> AsyncIterator[tuple[str, str]]:
        """Collection and id of every document that changes, until `stopped`, which is asked twice a second.

        Raises the driver's errors, after which another call goes on where this one was; `LostError` where it can't, and
        `begin` must come first.
        """
        try:
            async with self.db.watch(_PIPELINE, max_await_time_ms=_AWAIT_MS, **self._place) as stream:
                while not stopped():
                    change = await stream.try_next()
                    if stream.resume_token is not None:
                        self._place = {"resume_after": stream.resume_token}
                    if change is not None:
                        yield change["ns"]["coll"], change["documentKey"]["_id"]
                    elif not stream.alive:  # type: ignore[truthy-function] # a property, whatever Motor's types say
                        raise LostError
        except OperationFailure as error:
            if error.code in _LOST:
                raise LostError from error
            raise
