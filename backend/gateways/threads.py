"""A few threads for work that would hold up the event loop: batches of scores, documents, photos."""

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from backend.errors import Unavailable

_T = TypeVar("_T")


@dataclass(slots=True)
class Threads:
    """Does a few pieces of work at once, and lets not many wait (each may hold many megabytes), nor for ever (seconds).

    `nice`: by how much they stand back for the event loop and for MongoDB (0–19, nice(1)), where threads can (Linux).
    """

    name: str
    count: int = 2
    nice: int = 0
    most_waiting: int = 10
    patience: float = math.inf
    _pool: ThreadPoolExecutor = field(init=False)
    _under_way: int = 0

    def __post_init__(self) -> None:
        """Names the threads after their work, and makes them as nice to others as they are to be."""
        self._pool = ThreadPoolExecutor(self.count, self.name, _be_nice, (self.nice,))

    async def run(self, work: Callable[[], _T]) -> _T:
        """What the work gives. Raises what it raises, and `Unavailable` when too much waits, or it did for too long."""
        if self._under_way >= self.most_waiting:
            raise busy()
        until = time.monotonic() + self.patience

        def in_time() -> _T:
            if time.monotonic() > until:
                raise busy()
            return work()

        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, in_time)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def busy() -> Unavailable:
    """The refusal of what would have to wait too long."""
    return Unavailable("正在处理的请求太多，请稍后再试", code="busy", retry_after=5)


def _be_nice(nice: int) -> None:
    # Elsewhere than on Linux the number would not be a thread's.
    if nice and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
