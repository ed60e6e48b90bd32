"""Delivers messages by WeChat, in any number of processes: beside the requests of `serve`, or alone.

Each process looks for messages that are due and sends a few at the same time. Claims and records are written for as
many as there happen to be: what comes while the database is at it goes together the next time. What must be known to go
on after a crash is in the database; see `services.deliveries`.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Answer, Fault, Misconfigured, RetryLater
from backend.services import deliveries, delivery_outcomes, reminders
from backend.services.deliveries import SETTLED_AFTER, Attempt
from backend.services.delivery_outcomes import Ended
from backend.store import deliveries as stored

# At the same time. Fewer than the gateway has threads: people who sign in meanwhile need some too.
MOST_UNDER_WAY = 12
# Of those that are due some are picked: others look at the same ones, and few are to meet.
_LOOK_AT = 150
_PICK = 40
_IDLE_SECONDS = 1.0
_PAUSED_SECONDS = 5.0
_REMINDERS_SECONDS = 60.0
_RECORD_AGAIN_SECONDS = 0.5
# So many calls without an answer, one after another, and the worker waits before it tries the next message.
_SILENT_CALLS = 3

log = structlog.get_logger("worker")


async def run(deps: Deps, stop: asyncio.Event) -> None:
    """Delivers until `stop` is set; then ends what is being sent, and leaves the rest."""
    worker = Worker(deps, stop)
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
class Worker:
    """What one process delivers."""

    deps: Deps
    stop: asyncio.Event
    halted: bool = False
    _silent: int = 0
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_UNDER_WAY))

    async def rest(self, seconds: float) -> None:
        """Waits for about so long, or until it is stopped."""
        # Processes that were started together part.
        await self._wait(seconds * random.uniform(0.7, 1.3))  # noqa: S311

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def round(self) -> float:
        """Delivers some of what is due; gives the seconds to wait before the next round."""
        if await delivery_outcomes.paused_until(self.deps) is not None:
            return _PAUSED_SECONDS
        rows: list[Mapping[str, Any]] = list(await stored.heads(self.deps.db, self.deps.clock(), _LOOK_AT))
        if not rows:
            return _IDLE_SECONDS
        self.halted = False
        await self._deliver(random.sample(rows, min(_PICK, len(rows))))
        return 0

    async def _deliver(self, rows: list[Mapping[str, Any]]) -> None:
        """Sends the messages; whatever happens, it does not return before what was begun is recorded."""
        ended: asyncio.Queue[Ended | None] = asyncio.Queue()
        recorder = asyncio.create_task(self._record_all(ended))
        sends: set[asyncio.Task[None]] = set()
        try:
            while rows and not self.stop.is_set() and not self.halted:
                for attempt in await self._begin(rows):
                    send = asyncio.create_task(self._send(attempt, ended))
                    sends.add(send)
                    send.add_done_callback(sends.discard)
        finally:
            for failed in await asyncio.gather(*sends, return_exceptions=True):
                if failed is not None:
                    log.error("delivery_failed", exc_info=failed)
            ended.put_nowait(None)
            await recorder

    async def _begin(self, rows: list[Mapping[str, Any]]) -> Sequence[Attempt]:
        """Takes as many of the rows as there are free slots, at least one, and puts them on record as begun."""
        some = [rows.pop() for _ in range(await self._free(min(len(rows), self._at_once())))]
        attempts: Sequence[Attempt] = []
        try:
            holder = self.deps.new_id()
            claimed = await deliveries.claim(self.deps, holder, some)
            await self._wait(await deliveries.turn(self.deps, len(claimed)))
            if self.stop.is_set() or self.halted:
                await deliveries.release(self.deps, holder, claimed)
            else:
                attempts = await deliveries.begin(self.deps, holder, claimed)
        finally:
            self._release(len(some) - len(attempts))
        return attempts

    def _at_once(self) -> int:
        """No more than a second's worth of turns: where few are allowed a second, others are to have some of them."""
        return max(1, int(self.deps.settings.wechat_rate))

    async def _free(self, most: int) -> int:
        """Takes slots, up to so many, as soon as there is one; how many."""
        await self._slots.acquire()
        count = 1
        while count < most and not self._slots.locked():
            await self._slots.acquire()
            count += 1
        return count

    def _release(self, count: int) -> None:
        for _ in range(count):
            self._slots.release()

    async def _send(self, attempt: Attempt, ended: "asyncio.Queue[Ended | None]") -> None:
        try:
            answer = await deliveries.send(self.deps, attempt)
        except BaseException:
            self._release(1)
            raise
        self._judge(answer)
        ended.put_nowait((attempt, answer))

    def _judge(self, answer: Answer[str]) -> None:
        """Halts where no message would fare better."""
        match answer:
            case Misconfigured() | RetryLater(reason=Fault.DAY_LIMIT):
                self.halted = True
            case RetryLater(reason=Fault.NO_ANSWER):
                self._silent += 1
                self.halted = self.halted or self._silent >= _SILENT_CALLS
            case _:
                self._silent = 0

    async def _record_all(self, ended: "asyncio.Queue[Ended | None]") -> None:
        """Records what comes, as many at once as there are, until None comes."""
        last = False
        while not last:
            some = [await ended.get()]
            while not ended.empty():
                some.append(ended.get_nowait())
            last = some[-1] is None
            found = [each for each in some if each is not None]
            await self._record(found)
            self._release(len(found))

    async def _record(self, ended: Sequence[Ended]) -> None:
        """Tries for as long as nobody else takes the messages for lost: the database may be away for a while."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLED_AFTER.total_seconds() - deliveries.SEND_SECONDS
        while ended:
            try:
                await delivery_outcomes.record(self.deps, ended)
                if self._silent >= _SILENT_CALLS:
                    await delivery_outcomes.hold_on(self.deps, Fault.NO_ANSWER)
                return
            except Exception as error:
                passing = self.deps.translate_error(error)
                if passing is None or loop.time() > deadline:
                    log.error("delivery_not_recorded", count=len(ended), exc_info=True)
                    return
            await asyncio.sleep(_RECORD_AGAIN_SECONDS)
