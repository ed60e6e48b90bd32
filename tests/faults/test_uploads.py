"""Kill -9 of the service at any point of uploads: every receipt names bytes that are there, and all goes on."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from backend.deps import Deps, utc_now
from backend.services import fsck
from backend.store import blobs
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.sending import Phone
from tests.faults.test_kill import Record
from tests.faults.world import World, findings
from tests.http.conftest import Clock, make_deps
from tests.seeds import fresh_seed, seeded

PHOTOS = 3


@pytest.fixture(scope="module")
async def service(
    mongodb: Embedded, faults_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceProcess]:
    """The service on the worker's MongoDB; not started yet."""
    await migrate(faults_database)
    settings = {"mongodb_uri": mongodb.uri, "database": faults_database.name, "disk_reserve": "0"}
    process = ServiceProcess(tmp_path_factory.mktemp("service"), settings, free_port())
    yield process
    process.kill()


def phones_of(world: World, port: int, chance: Random) -> list[Phone]:
    """Three inspectors who photograph."""
    return [
        Phone(port, sheet.inspector.token, sheet.visit_id, world.items[:9], Random(chance.random()))
        for sheet in world.sheets[:3]
    ]


async def check(deps: Deps, phones: list[Phone]) -> None:
    """Every receipt that was given names bytes that are there, and there is nothing else."""
    for phone in phones:
        for evidence_id, receipt in phone.receipts.items():
            photo = await deps.db.visit_photos.find_one({"_id": evidence_id})
            assert photo is not None
            assert photo["sha256"] == receipt["sha256"] == phone.hashes[evidence_id]
            blob = await blobs.find(deps.db, photo["blob_id"])
            assert blob is not None
            assert len(await blobs.read_original(deps.db, blob)) == receipt["size"]
    assert await findings(deps) == []


async def answered(phones: list[Phone], more: int) -> None:
    """Waits until the phones together have so many answers more, or are done. Not so much time: how far they come in
    that is for the machine to say."""
    wanted = sum(phone.answers for phone in phones) + more
    while sum(phone.answers for phone in phones) < wanted and not all(phone.done for phone in phones):  # noqa: ASYNC110
        await asyncio.sleep(0.002)


async def send_all(phones: list[Phone], fault: asyncio.Task[None], photos: int = PHOTOS) -> dict[str, int]:
    """Lets the phones send so many photos each while the fault takes its course; the figures."""
    try:
        await asyncio.gather(fault, *(phone.run(photos) for phone in phones))
    finally:
        fault.cancel()
        for phone in phones:
            phone.close()
    return {
        "photos with a receipt": sum(len(phone.receipts) for phone in phones),
        "answers lost": sum(phone.lost for phone in phones),
        "resumed": sum(phone.resumed for phone in phones),
    }


@seeded
async def test_kill_9_in_the_middle_of_uploads(
    run: int, world: World, service: ServiceProcess, faults_database: Database, record_property: Record
) -> None:
    chance = Random(fresh_seed())
    # It would go on checking the photos of the run before.
    service.kill()
    await world.install(faults_database)
    await service.start()
    phones = phones_of(world, service.port, chance)

    under_way = 0

    async def crash() -> None:
        nonlocal under_way
        await answered(phones, chance.randint(0, 25))
        # Somewhere in the middle of the requests that are under way now.
        await asyncio.sleep(chance.uniform(0, 0.05))
        service.kill()
        under_way = sum(not phone.done for phone in phones)
        await service.start()

    figures = await send_all(phones, asyncio.create_task(crash())) | {"uploads under way at the kill": under_way}
    later = make_deps(faults_database, Clock(utc_now() + fsck.YOUNG))
    await check(later, phones)
    record_property("faults", figures)
