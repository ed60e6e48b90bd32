"""Pieces of work that wait for a thread are done together: what costs as much for many as for one is paid once."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeAlias, TypeVar, cast

from backend.gateways.threads import Threads, busy

_P = TypeVar("_P")
_T = TypeVar("_T")
# Gives a result or an error for each of the pieces.
Work: TypeAlias = Callable[[Sequence[_P]], Sequence[_T | Exception]]


@dataclass(slots=True)
class Gathering(Generic[_P, _T]):
    """Does the pieces in the order in which they come, up to `most` at a time in each of the threads.

    It lets not many wait, nor for ever (`patience`, seconds). Where nothing waits, a piece is done at once and alone.
    """

    threads: Threads
    most: int
    most_waiting: int
    patience: float
    _waiting: deque[tuple[float, _P, "asyncio.Future[_T]"]] = field(default_factory=deque)
    _working: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def run(self, work: Work[_P, _T], piece: _P) -> _T:
        """What the work, the same each time, gives for the piece.

        Raises the error, and `Unavailable` when too many wait, or this one did for too long.
        """
        if len(self._waiting) >= self.most_waiting:
            raise busy()
        result: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.append((time.monotonic() + self.patience, piece, result))
        if len(self._working) < self.threads.count:
            task = asyncio.create_task(self._work_off(work))
            self._working.add(task)
        return await result

    async def _work_off(self, work: Work[_P, _T]) -> None:
        try:
            while group := self._next():
                await self._do(work, group)
        finally:
            # Not later: what comes next must find that nobody is at work.
            self._working.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _do(
        self,
        work: Work[_P, _T],
        group: "Sequence[tuple[_P, asyncio.Future[_T]]]",
    ) -> None:
        results: Sequence[_T | Exception]
        try:
            results = await self.threads.run(partial(work, [piece for piece, _ in group]))
        except Exception as error:
            results = [error] * len(group)
        for (_, result), found in zip(group, results, strict=True):
            # Whoever asked may be gone.
            if result.done():
                continue
            if isinstance(found, Exception):
                result.set_exception(found)
            else:
                result.set_result(found)

    def _next(self) -> "list[tuple[_P, asyncio.Future[_T]]]":
        """The next that are not too late."""
        group: list[tuple[_P, asyncio.Future[_T]]] = []
        now = time.monotonic()
        while self._waiting and len(group) < self.most:
            until, piece, result = self._waiting.popleft()
            if now <= until:
                group.append((piece, result))
            elif not result.done():
                result.set_exception(busy())
        return group
