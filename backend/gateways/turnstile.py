"""A turnstile: of work that comes in crowds, a turn of the event loop does one step, and others get to it between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backend.errors import Unavailable

# Pieces of work of one process. With fewer it would wait for MongoDB where that shares its processors with others; with
# more, the threads that talk to it keep the interpreter's lock from the loop.
_AT_ONCE = 12
_PATIENCE = 5.0


@dataclass(slots=True)
class Turnstile:
    """Lets in `at_once`, first come, first served. Who has waited for `patience` seconds is sent away."""

    at_once: int = _AT_ONCE
    patience: float = _PATIENCE
    _free: asyncio.Semaphore = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.at_once)

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Within the block one is in. Raises `Unavailable` where that took too long."""
        try:
            async with asyncio.timeout(self.patience):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("同时提交的人太多，请稍后再试；没有保存的内容请保留在手机上", code="busy") from None
        try:
            yield
        finally:
            self._free.release()

    async def own_turn(self) -> None:
        """Comes back in a turn of the event loop that is nobody else's who asked: for the next step that takes long."""
        async with self._turn:
            await asyncio.sleep(0)
