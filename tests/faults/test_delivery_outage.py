"""MongoDB or the service goes away while messages are under way: none is lost, none sent twice but by the rule."""

import asyncio
import contextlib
import dataclasses
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from backend import worker
from backend.config_files import default_config_folder
from backend.deps import Deps, utc_now
from backend.store import embedded
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from tests.faults.delivered import check
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.replicas import Replicas
from tests.faults.test_kill import Record
from tests.http.conftest import Clock, make_deps
from tests.seeds import fresh_seed, seeded_seldom
from tests.wechat import outbox
from tests.wechat_stub import Stub, running_stub
from tests.wechat_stub.rules import Gate

Served = tuple[Deps, Stub, ServiceProcess]

PEOPLE, EACH = 6, 3
A_MINUTE = timedelta(seconds=61)
_PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Three mongods."""
    started = Replicas(tmp_path_factory.mktemp("replicas"))
    try:
        started.start()
        yield started
    finally:
        started.kill()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that rests for moments."""
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(worker, "_PAUSED_SECONDS", 0.2)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    """Waits for it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not await reached():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def with_messages(db: Database, stub: Stub) -> Deps:
    """A city with messages to deliver, as many as were accepted and no more."""
    await migrate(db)
    for name in ("outbox", "inbox", "people", "subscription_quotas", "wechat_tokens", "delivery_pauses", "jobs"):
        await db[name].delete_many({})
    deps = outbox.with_templates(make_deps(db, Clock(utc_now()), **stub.settings))
    people = [await outbox.bound(deps, stub, number, accepts=EACH) for number in range(PEOPLE)]
    for number in range(EACH):
        await outbox.tell(deps, people, f"第{number}条")
    return deps


async def deliver(deps: Deps, stub: Stub, fault: Awaitable[None]) -> None:
    """Lets a worker deliver everything, with the fault somewhere in between; leases end whenever nothing moves."""
    assert isinstance(deps.clock, Clock)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(deps, stop))
    try:
        await fault
        moved, seen = time.monotonic(), len(stub.calls)
        while await deps.db.outbox.count_documents({"live": True}):
            if len(stub.calls) > seen:
                moved, seen = time.monotonic(), len(stub.calls)
            elif time.monotonic() > moved + 2:
                deps.clock.advance(seconds=61)
                moved = time.monotonic()
            await asyncio.sleep(0.05)
    finally:
        stop.set()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await running
        assert deps.wechat is not None
        deps.wechat.close()


@seeded_seldom
async def test_the_primary_goes_while_messages_are_sent(run: int, replicas: Replicas, record_property: Record) -> None:
    """It steps down or is killed at any moment; another one is elected within seconds."""
    chance = Random(fresh_seed())
    await asyncio.to_thread(replicas.wait_whole)
    db = connect(replicas.uri, "delivery")
    primary = await asyncio.to_thread(replicas.primary)
    killed, after = chance.random() < 0.5, chance.randint(0, 10)

    async def fault() -> None:
        await until(lambda: _so_many(stub, after))
        await asyncio.sleep(chance.uniform(0, 0.15))
        await asyncio.to_thread(primary.kill if killed else primary.step_down)

    async with running_stub() as stub:
        stub.latency = chance.choice([0, 0.02, 0.1])
        deps = await with_messages(db, stub)
        await deliver(deps, stub, fault())
        figures = await check(deps, stub, PEOPLE * EACH)
    close(db)
    if killed:
        primary.start()
    record_property("faults", {f"primary {'killed' if killed else 'stepped down'}": 1, **figures})


async def _so_many(stub: Stub, count: int) -> bool:
    return len(stub.messages) >= count


async def test_mongodb_is_away_while_wechat_answers(tmp_path: Path) -> None:
    """What WeChat said is recorded when MongoDB is back: nobody gets a message twice, and nothing needs a resend."""
    server = embedded.start(tmp_path)
    db = connect(server.uri, "delivery")
    try:
        async with running_stub() as stub:
            deps = await with_messages(db, stub)
            gate = stub.gates["send.done"] = Gate()

            async def outage() -> None:
                nonlocal server
                await gate.arrived.wait()
                await until(lambda: _so_many(stub, PEOPLE))
                server.kill()
                gate.opened.set()
                await asyncio.sleep(1)
                server = embedded.start(tmp_path)

            await deliver(deps, stub, outage())
            assert (await check(deps, stub, PEOPLE * EACH))["resends"] == 0
            assert len(stub.messages) == PEOPLE * EACH
    finally:
        close(db)
        server.kill()


@dataclasses.dataclass(slots=True)
class FatalGate(Gate):
    """Kills the service when the n-th call comes to it."""

    service: "ServiceProcess | None" = None
    left: int = 1

    async def pass_through(self) -> None:
        """Lets the call pass: whoever made it is gone."""
        self.left -= 1
        if self.left == 0 and self.service is not None:
            self.service.kill()
            self.arrived.set()


@pytest.fixture
async def served(faults_database: Database, mongodb: Embedded, tmp_path: Path) -> AsyncIterator[Served]:
    """`python -m backend serve`, not started yet, with messages to deliver."""
    config = tmp_path / "config"
    shutil.copytree(default_config_folder(), config)
    notices = config / "notices.yaml"
    notices.write_text(notices.read_text("utf-8").replace("template: null", f"template: {outbox.TEMPLATE}"), "utf-8")
    async with running_stub() as stub:
        deps = await with_messages(faults_database, stub)
        settings = {name: str(value) for name, value in stub.settings.items()}
        settings |= {"mongodb_uri": mongodb.uri, "database": faults_database.name, "config_folder": str(config)}
        process = ServiceProcess(tmp_path, settings, free_port())
        stub.push_url = f"http://127.0.0.1:{process.port}/wechat/push"
        yield deps, stub, process
        process.kill()
        assert deps.wechat is not None
        deps.wechat.close()


@pytest.mark.parametrize("moment", ["arrived", "done"])
async def test_kill_9_of_a_service_that_delivers(served: Served, moment: str) -> None:
    """The next one takes over: at once what WeChat's events settle, after a minute the rest."""
    deps, stub, process = served
    stub.gates[f"send.{moment}"] = gate = FatalGate(service=process, left=Random(fresh_seed()).randint(1, PEOPLE))
    with contextlib.suppress(AssertionError):
        # It may be dead before it is ready.
        await process.start()
    await gate.arrived.wait()
    await until(lambda: _idle(stub))
    stub.gates.clear()
    await process.start()
    # What the killed one had under way to WeChat has arrived by now; nothing of it is sent again before a minute.
    for message in list(stub.messages):
        assert await stub.push(stub.sent_event(message)) == (200, "success")
    # When a message is to be looked at next is on record: a minute passes.
    for row in await deps.db.outbox.find({"held": True}).to_list(None):
        await deps.db.outbox.update_one({"_id": row["_id"]}, {"$set": {"due_at": row["due_at"] - A_MINUTE}})
    await until(lambda: _finished(deps))
    figures = await check(deps, stub, PEOPLE * EACH)
    assert (figures["twice"], figures["dead"]) == (0, 0)
    assert len(stub.messages) == PEOPLE * EACH


async def test_sigterm_ends_what_is_being_sent(served: Served) -> None:
    deps, stub, process = served
    stub.latency = 0.5
    await process.start()
    await until(lambda: _asked(stub))
    assert process.process is not None
    process.process.terminate()
    await asyncio.to_thread(process.process.join, 30)
    assert process.process.exitcode == 0, process.log()
    rows = await deps.db.outbox.find().to_list(None)
    assert {row["state"] for row in rows} == {"sent", "pending"}
    assert not any(row["held"] or row["unsettled"] for row in rows)
    assert len(stub.messages) == sum(row["state"] == "sent" for row in rows) == len(stub.asked("send"))


async def _idle(stub: Stub) -> bool:
    return stub.idle


async def _asked(stub: Stub) -> bool:
    return bool(stub.asked("send"))


async def _finished(deps: Deps) -> bool:
    return not await deps.db.outbox.count_documents({"live": True})
