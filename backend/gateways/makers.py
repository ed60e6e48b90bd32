"""A few processes for work that would keep the interpreter's lock from the event loop for minutes: many documents."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import TypeVar

_T = TypeVar("_T")

_PR_SET_PDEATHSIG = 1
# Behind the service and MongoDB.
_NICE = 5


class Makers:
    """Processes that last for one block: `async with Makers(2) as makers: await makers.run(function, …)`.

    They end with it, and with the process that started them, however that one dies.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    async def __aenter__(self) -> "Makers":
        # A fork of a process with threads could inherit a lock that nobody will ever open.
        context = get_context("spawn")
        self._pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_begin, initargs=(os.getpid(),))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is under way takes a moment, which the event loop must not wait for.
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def run(self, work: Callable[..., _T], *arguments: object) -> _T:
        """What the function of a module gives for these arguments; both ways they are copied. Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)


def _begin(parent: int) -> None:
    # Ctrl+C is for the parent, which lets its work end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
