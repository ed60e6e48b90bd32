"""Kill -9 of workers at every step of a send: nothing is lost, nothing sent twice but by the rule of the resend."""

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from backend.deps import Deps, utc_now
from backend.services import sent_events
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database
from tests.faults.delivered import check
from tests.faults.processes import ROOT
from tests.faults.worker_forks import SteeredClock
from tests.http.conftest import Clock, make_deps
from tests.seeds import fresh_seed, seeded
from tests.wechat import outbox
from tests.wechat_stub import Stub, running_stub
from tests.wechat_stub.rules import Gate

Record = Callable[[str, object], None]
PEOPLE, EACH = 5, 3
# Moments before and after what a worker asks of MongoDB: more than there are in one start of a worker, by a little.
_STEPS = 60
_PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def forks() -> Iterator["subprocess.Popen[str]"]:
    """The process that workers are forked from."""
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ZHIPING_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.worker_forks"],
        cwd=ROOT,
        env=bare,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@dataclasses.dataclass(slots=True)
class KillingGate(Gate):
    """Kills all workers when the n-th call comes to it."""

    run: "Run | None" = None
    left: int = 1

    async def pass_through(self) -> None:
        """Lets the call pass: whoever made it is gone."""
        self.left -= 1
        if self.left == 0 and self.run is not None:
            self.run.kill()


@dataclasses.dataclass(slots=True)
class Run:
    """Workers that are killed and started anew, against one stub and one database."""

    deps: Deps
    stub: Stub
    uri: str
    clock_file: Path
    forks: "subprocess.Popen[str]"
    chance: Random
    pids: list[int] = dataclasses.field(default_factory=list)
    ahead: float = 0
    figures: "Counter[str]" = dataclasses.field(default_factory=Counter)
    # By person and text: what WeChat's event told us of.
    told: set[tuple[str, str]] = dataclasses.field(default_factory=set)

    def start(self, dies_at: int | None = None) -> None:
        """Starts one more worker."""
        asked: dict[str, Any] = {"uri": self.uri, "database": self.deps.db.name, "settings": self.stub.settings}
        asked |= {"clock": str(self.clock_file), "dies_at": dies_at}
        assert self.forks.stdin is not None
        assert self.forks.stdout is not None
        self.forks.stdin.write(json.dumps(asked) + "\n")
        self.forks.stdin.flush()
        self.pids.append(int(self.forks.stdout.readline()))

    def kill(self) -> None:
        """SIGKILL for all of them."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def running(self) -> bool:
        """Whether any still is."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, 0)
                return True
        return False

    async def until_dead(self) -> None:
        """Waits for their end, and until WeChat is done with what they asked of it."""
        assert await _until(lambda: not self.running and self.stub.idle)
        self.pids.clear()

    async def waiting(self) -> int:
        """How many messages are not finished."""
        return await self.deps.db.outbox.count_documents({"live": True})

    def pass_time(self) -> None:
        """Leases end, and no event is to be waited for any more."""
        self.ahead += 61
        self.clock_file.write_text(str(self.ahead))
        self.stub.platform.advance(61)

    async def events(self) -> None:
        """WeChat's events of some of the messages that it took."""
        for message in self.stub.messages:
            key = (message["touser"], message["data"]["thing3"]["value"])
            if key not in self.told and self.chance.random() < 0.4:
                self.told.add(key)
                await sent_events.note(
                    self.deps,
                    openid=message["touser"],
                    template_id=message["template_id"],
                    msg_id=str(message["msgid"]),
                    error_code="0",
                    at=self.deps.clock(),
                )


async def _until(reached: Callable[[], bool], patience: float = _PATIENCE_SECONDS) -> bool:
    """Waits for it; whether it came about."""
    deadline = time.monotonic() + patience
    while not reached():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.005)
    return True


@pytest.fixture
async def killing(
    mongodb: Embedded, faults_database: Database, forks: "subprocess.Popen[str]", tmp_path: Path
) -> AsyncIterator[Run]:
    """A city with messages to deliver, and no worker yet."""
    await migrate(faults_database)
    for name in ("outbox", "inbox", "people", "subscription_quotas", "wechat_tokens", "delivery_pauses", "jobs"):
        await faults_database[name].delete_many({})
    clock_file = tmp_path / "ahead"
    clock_file.write_text("0")
    chance = Random(fresh_seed())
    async with running_stub() as stub:
        parts = make_deps(faults_database, Clock(utc_now()), **stub.settings)
        deps = outbox.with_templates(dataclasses.replace(parts, clock=SteeredClock(clock_file)))
        stub.latency = chance.choice([0, 0.002, 0.01, 0.03])
        # More than there are messages, or just as many: then a second delivery costs the person a later message.
        accepts = EACH + chance.choice([0, 0, 3])
        people = [await outbox.bound(deps, stub, number, accepts=accepts) for number in range(PEOPLE)]
        for number in range(EACH):
            await outbox.tell(deps, people, f"第{number}条")
        run = Run(deps, stub, mongodb.uri, clock_file, forks, chance)
        try:
            yield run
        finally:
            run.kill()
            assert parts.wechat is not None
            parts.wechat.close()


async def crash(run: Run) -> None:
    """Kills all workers at some moment of their work."""
    how = run.chance.choice(["step", "arrived", "done", "answered", "moment"])
    if how == "step":
        run.start(dies_at=run.chance.randint(1, _STEPS))
    elif how in ("arrived", "done"):
        run.stub.gates[f"send.{how}"] = KillingGate(run=run, left=run.chance.randint(1, 6))
        run.start()
    else:
        run.start()
        if how == "answered":
            delivered = len(run.stub.messages) + run.chance.randint(1, 5)
            await _until(lambda: len(run.stub.messages) >= delivered, 5)
        await asyncio.sleep(run.chance.uniform(0, 0.02 if how == "answered" else 0.3))
        run.kill()
    # Whoever is to die of their own does so while there is work; where there is none left for them, we see to it.
    await _until(lambda: not run.running, 3)
    run.kill()
    await run.until_dead()
    run.stub.gates.clear()
    states = Counter([row["state"] async for row in run.deps.db.outbox.find({"live": True}, {"state": 1})])
    run.figures.update({f"killed at: {how}": 1} | {f"left {state}": states[state] for state in ("claimed", "sending")})


async def finish(run: Run) -> None:
    """Lets workers do the rest in peace."""
    for _ in range(6):
        run.pass_time()
        run.start()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        busy = {"live": True, "$or": [{"due_at": {"$lte": run.deps.clock()}}, {"held": True}]}
        while await run.deps.db.outbox.count_documents(busy):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        run.kill()
        await run.until_dead()
        if not await run.waiting():
            return
    raise AssertionError("messages are left over")


@seeded
async def test_kill_9_of_a_worker(run: int, killing: Run, record_property: Record) -> None:
    await crash(killing)
    await killing.events()
    await finish(killing)
    killing.figures.update(await check(killing.deps, killing.stub, PEOPLE * EACH), events=len(killing.told))
    record_property("faults", dict(killing.figures))


@seeded
async def test_kill_9_of_several_workers_again_and_again(run: int, killing: Run, record_property: Record) -> None:
    for _ in range(killing.chance.randint(2, 4)):
        for _ in range(killing.chance.randint(0, 2)):
            killing.start()
        await crash(killing)
        if killing.chance.random() < 0.7:
            await killing.events()
            killing.pass_time()
    await finish(killing)
    killing.figures.update(await check(killing.deps, killing.stub, PEOPLE * EACH), events=len(killing.told))
    record_property("faults", dict(killing.figures))
