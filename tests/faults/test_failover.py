"""Three mongods: the primary is killed, the majority is lost. What was acknowledged is there, once."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from backend.demonstration.api import Api
from backend.deps import utc_now
from backend.services.fsck import YOUNG
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from tests.faults.load import Load, clients_of, under_load
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.replicas import Replicas
from tests.faults.test_kill import Record
from tests.faults.test_uploads import answered, check, phones_of, send_all
from tests.faults.world import World
from tests.http.conftest import Clock, make_deps
from tests.http.listening import close_all, listen
from tests.seeds import fresh_seed, seeded_seldom

# The service waits some seconds for a primary before it refuses; so many refusals show that it does.
REFUSALS = 4
# Some are still under way when the primary steps down for the second time.
STEPPING_PHOTOS = 10


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """The replica set."""
    started = Replicas(tmp_path_factory.mktemp("replicas"))
    try:
        started.start()
        yield started
    finally:
        started.kill()


@pytest.fixture(scope="module")
async def replicated(replicas: Replicas) -> AsyncIterator[Database]:
    """A migrated database on it."""
    db = connect(replicas.uri, "faults")
    await migrate(db)
    yield db
    close(db)


@pytest.fixture(scope="module")
async def service(
    replicas: Replicas, replicated: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceProcess]:
    """The service on it."""
    settings = {"mongodb_uri": replicas.uri, "database": replicated.name, "disk_reserve": "0"}
    process = ServiceProcess(tmp_path_factory.mktemp("service"), settings, free_port())
    await process.start()
    yield process
    process.kill()


@seeded_seldom
async def test_the_primary_is_killed(
    run: int,
    world: World,
    replicas: Replicas,
    replicated: Database,
    service: ServiceProcess,
    record_property: Record,
) -> None:
    chance = Random(fresh_seed())
    await asyncio.to_thread(replicas.wait_whole)
    await world.install(replicated)
    clients, load = clients_of(world, chance), Load(service.port)
    primary = await asyncio.to_thread(replicas.primary)

    async def fault() -> None:
        await load.until(chance.randint(10, 60))
        await asyncio.sleep(chance.uniform(0, 0.03))
        primary.kill()
        # Everything goes on without it, and with it when it is back.
        await load.until(load.acknowledged + 30)
        primary.start()
        await load.until(load.acknowledged + 30)
        load.stopped = True

    figures = await under_load(load, clients, fault())
    await clients.check(replicated)
    record_property("faults", figures)


async def test_the_majority_is_lost(
    world: World, replicas: Replicas, replicated: Database, service: ServiceProcess, record_property: Record
) -> None:
    """Nothing can be acknowledged then, and no receipt given: every answer is 503 with Retry-After, until a majority is
    back."""
    await asyncio.to_thread(replicas.wait_whole)
    await world.install(replicated)
    chance = Random(fresh_seed())
    clients, load = clients_of(world, chance), Load(service.port)
    phones = phones_of(world, service.port, chance)
    lost = replicas.members[:2]

    async def fault() -> None:
        await load.until(20)
        for each in lost:
            each.kill()
        # Answers that were on their way arrive.
        await asyncio.sleep(1)
        before = load.acknowledged
        uploading = asyncio.create_task(send_all(phones, asyncio.create_task(asyncio.sleep(0))))
        while load.unavailable < REFUSALS:  # noqa: ASYNC110 - once a failover
            await asyncio.sleep(0.05)
        assert load.acknowledged == before
        assert not any(phone.receipts for phone in phones)
        for each in lost:
            each.start()
        await load.until(load.acknowledged + 30)
        await uploading
        load.stopped = True

    figures = await under_load(load, clients, fault())
    await clients.check(replicated)
    await check(make_deps(replicated, Clock(utc_now() + YOUNG)), phones)
    record_property("faults", figures)


async def test_sockets_hear_of_what_happens_after_an_election(
    world: World, replicas: Replicas, replicated: Database, service: ServiceProcess
) -> None:
    """The change stream goes on from its place on the new primary: the same socket hears, and needs no snapshot."""
    await asyncio.to_thread(replicas.wait_whole)
    await world.install(replicated)
    sheet = world.sheets[0]
    api = Api(f"http://127.0.0.1:{service.port}")
    ear, _ = await listen(service.port, sheet.inspector.token)
    primary = await asyncio.to_thread(replicas.primary)

    async def score(items: Sequence[str]) -> None:
        """Scores these items, and hears how many there are."""
        now = datetime.now(UTC).isoformat()
        operations = [
            {"id": str(uuid.uuid4()), "seq": number, "at": now, "item": item, "field": "points", "value": 0}
            for number, item in enumerate(items, start=1)
        ]
        body = {"device": str(uuid.uuid4()), "device_now": now, "operations": operations}
        path = f"/api/visits/{sheet.visit_id}/operations"
        await asyncio.wait_for(api.call("POST", path, sheet.inspector.token, body), 120)
        await asyncio.wait_for(ear.scored(sheet.visit_id, **{sheet.inspector.name: len(items)}), 120)

    try:
        await score(world.items[:1])
        primary.kill()
        await score(world.items[:3])
    finally:
        primary.kill()
        primary.start()
        api.close()
        await close_all()


@seeded_seldom
async def test_the_primary_steps_down_during_uploads(
    run: int,
    world: World,
    replicas: Replicas,
    replicated: Database,
    service: ServiceProcess,
    record_property: Record,
) -> None:
    """Chunks that the primary alone had may be lost: no receipt counts on them."""
    await asyncio.to_thread(replicas.wait_whole)
    await world.install(replicated)
    chance, under_way = Random(fresh_seed()), 0
    phones = phones_of(world, service.port, chance)

    async def step_down() -> None:
        nonlocal under_way
        for _ in range(2):
            await answered(phones, chance.randint(0, 25))
            await asyncio.sleep(chance.uniform(0, 0.05))
            primary = await asyncio.to_thread(replicas.primary)
            under_way += sum(not phone.done for phone in phones)
            await asyncio.to_thread(primary.step_down)
            await asyncio.to_thread(replicas.wait_whole)
            assert await asyncio.to_thread(replicas.primary) is not primary

    figures = await send_all(phones, asyncio.create_task(step_down()), STEPPING_PHOTOS)
    assert under_way, "the primary stepped down when all was over"
    later = make_deps(replicated, Clock(utc_now() + YOUNG))
    await check(later, phones)
    record_property("faults", figures | {"uploads under way at a stepping down": under_way})
