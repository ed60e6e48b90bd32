"""A heartbeat on an event loop: how late it is says how long others kept the loop to themselves."""

import asyncio
import time
from types import TracebackType

EVERY = 0.01


class Heartbeat:
    """Beats every 10 ms while the block lasts: `async with heartbeat: …`."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Heartbeat":
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _beat(self) -> None:
        while True:
            due = time.perf_counter() + EVERY
            await asyncio.sleep(EVERY)
            self.late.append(max(0.0, time.perf_counter() - due) * 1000)

    @property
    def p99(self) -> float:
        """How late, in milliseconds, at most one beat in a hundred was."""
        return sorted(self.late)[int(len(self.late) * 0.99)] if self.late else 0.0
