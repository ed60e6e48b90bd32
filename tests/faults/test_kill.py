"""Kill -9 of the service in the middle of its work: what it acknowledged is there, once; what it did not, converges."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest

from backend.store import embedded
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from tests.faults.load import Load, clients_of, under_load
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.world import World
from tests.seeds import fresh_seed, seeded, seeded_seldom

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
async def service(
    mongodb: Embedded, faults_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceProcess]:
    """The service on the worker's MongoDB, which goes on when the service is killed; not started yet."""
    await migrate(faults_database)
    settings = {"mongodb_uri": mongodb.uri, "database": faults_database.name}
    process = ServiceProcess(tmp_path_factory.mktemp("service"), settings, free_port())
    yield process
    process.kill()


async def crash(load: Load, service: ServiceProcess, chance: Random) -> None:
    """Kills the service at some moment and starts it again; the clients go on for a while."""
    await load.until(chance.randint(0, 60))
    # Somewhere in the middle of the requests that are under way now.
    await asyncio.sleep(chance.uniform(0, 0.03))
    service.kill()
    await service.start()
    await load.until(load.acknowledged + chance.randint(5, 20))
    load.stopped = True


@seeded
async def test_kill_9_of_the_service(
    run: int, world: World, service: ServiceProcess, faults_database: Database, record_property: Record
) -> None:
    chance = Random(fresh_seed())
    await world.install(faults_database)
    await service.ensure_started()
    clients, load = clients_of(world, chance), Load(service.port)
    figures = await under_load(load, clients, crash(load, service, chance))
    await clients.check(faults_database)
    record_property("faults", figures)


@seeded_seldom
async def test_kill_9_takes_the_embedded_database_along(
    run: int, world: World, tmp_path: Path, record_property: Record
) -> None:
    """As when the power fails: service and MongoDB end in the same instant."""
    chance = Random(fresh_seed())
    folder = tmp_path / "data" / "mongodb"
    prepared = embedded.start(folder)
    db = connect(prepared.uri, "zhiping")
    await migrate(db)
    await world.install(db)
    close(db)
    prepared.stop()
    service = ServiceProcess(tmp_path, {}, free_port())
    try:
        await service.start()
        clients, load = clients_of(world, chance), Load(service.port)
        figures = await under_load(load, clients, crash(load, service, chance))
        uri = embedded.running(folder)
        assert uri is not None
        db = connect(uri, "zhiping")
        try:
            await clients.check(db)
        finally:
            close(db)
        record_property("faults", figures)
    finally:
        service.kill()
