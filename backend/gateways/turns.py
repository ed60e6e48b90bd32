"""Turns of the event loop: of a crowd's steps that each take a part of a millisecond, one turn does one."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Turns:
    """Gives turns of the loop to whoever asks, first come, first served; between them the loop gets to all else.

    How many are under way is not bounded: with fewer than some twenty the service waits for MongoDB where that shares
    its processors with other work.
    """

    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    _taken: bool = False

    async def own(self) -> None:
        """Comes back in a turn that is nobody else's: at once if this one is still free, for a step that takes long."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._next, loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Gives the next turn to the next who waits; runs once a turn for as long as somebody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # Whoever was cancelled no longer waits.
                turn.set_result(None)
                loop.call_soon(self._next, loop)
                return
        self._taken = False
