"""Delivers messages by WeChat, in any number of processes: beside the requests of `serve`, or alone.

Each process looks for messages that are due, claims one at a time for each of a few lanes, and sends it. What it must
know to go on after a crash is in the database; see `services.deliveries`.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Answer, Fault, Misconfigured, RetryLater
from backend.services import deliveries, reminders
from backend.store import deliveries as stored

# Fewer than the gateway has threads: people who sign in meanwhile need some too.
LANES = 12
_LOOK_AT = 150
_IDLE_SECONDS = 1.0
_PAUSED_SECONDS = 5.0
_REMINDERS_SECONDS = 60.0
# So many calls without an answer, one after another, and the worker waits before it tries the next message.
_SILENT_CALLS = 3

log = structlog.get_logger("worker")


async def run(deps: Deps, stop: asyncio.Event) -> None:
    """Delivers until `stop` is set; then ends what is being sent, and gives back what is not."""
    worker = Worker(deps, deps.new_id(), stop)
    await worker.rest(_IDLE_SECONDS)
    loop, look_again = asyncio.get_running_loop(), 0.0
    while not stop.is_set():
        try:
            if loop.time() >= look_again:
                look_again = loop.time() + _REMINDERS_SECONDS
                await reminders.write_due(deps)
            await worker.rest(await worker.round())
        except Exception as error:
            # Without the database nothing is lost, nor is anything to be done.
            passing = deps.translate_error(error)
            log.warning("delivery_interrupted", error=type(error).__name__, exc_info=passing is None)
            await worker.rest(_PAUSED_SECONDS)


@dataclass(slots=True)
class Pace:
    """A token bucket: `rate` a second, and no more than a fifth of a second's worth at once."""

    rate: float
    _next: float = 0

    async def wait(self) -> None:
        """Returns when it is one's turn."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - 0.2) + 1 / self.rate
        if self._next > now:
            await asyncio.sleep(self._next - now)


@dataclass(slots=True)
class Worker:
    """What one process delivers, under the name of `holder`."""

    deps: Deps
    holder: str
    stop: asyncio.Event
    pace: Pace = field(init=False)
    halted: bool = False
    _silent: int = 0

    def __post_init__(self) -> None:
        self.pace = Pace(self.deps.settings.wechat_rate)

    async def rest(self, seconds: float) -> None:
        """Waits for about so long, or until it is stopped."""
        with contextlib.suppress(TimeoutError):
            # Processes that were started together part.
            await asyncio.wait_for(self.stop.wait(), seconds * random.uniform(0.7, 1.3))  # noqa: S311

    async def round(self) -> float:
        """Delivers some of what is due; gives the seconds to wait before the next round."""
        if await deliveries.paused_until(self.deps) is not None:
            return _PAUSED_SECONDS
        rows: list[Mapping[str, Any]] = list(await stored.heads(self.deps.db, self.deps.clock(), _LOOK_AT))
        # Others look at the same ones: in another order few meet.
        random.shuffle(rows)
        self.halted = False
        await asyncio.gather(*(self._lane(rows) for _ in range(min(LANES, len(rows)))))
        return 0 if rows or self.halted else _IDLE_SECONDS

    async def _lane(self, rows: list[Mapping[str, Any]]) -> None:
        while rows and not self.stop.is_set() and not self.halted:
            try:
                await self._one(rows.pop())
            except deliveries.LeaseLostError:
                log.warning("lease_lost")

    async def _one(self, row: Mapping[str, Any]) -> None:
        claimed = await deliveries.claim(self.deps, self.holder, row)
        if claimed is None:
            return
        if self.deps.wechat is not None:
            await self.pace.wait()
        if self.stop.is_set() or self.halted:
            await stored.release(self.deps.db, self.holder, [row["_id"]], self.deps.clock())
            return
        await self._judge(await deliveries.deliver(self.deps, self.holder, claimed))

    async def _judge(self, answer: Answer[str] | None) -> None:
        """Stops the lanes where no message would fare better."""
        match answer:
            case Misconfigured() | RetryLater(reason=Fault.DAY_LIMIT):
                self.halted = True
            case RetryLater(reason=Fault.NO_ANSWER):
                self._silent += 1
                if self._silent >= _SILENT_CALLS:
                    self.halted = True
                    await deliveries.hold_on(self.deps, Fault.NO_ANSWER)
            case None:
                pass
            case _:
                self._silent = 0
