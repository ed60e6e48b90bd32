"""Checks of photos that are cut off: by kill -9 of the service, and by a database that goes away."""

import asyncio
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from backend.deps import Deps, utc_now
from backend.services import fsck, photo_checks
from backend.store import blobs, embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from tests.faults.processes import ServiceProcess
from tests.faults.test_uploads import service as service
from tests.faults.world import World
from tests.http.arriving import Arrivals
from tests.http.conftest import Clock, make_deps
from tests.photos import encoded, picture
from tests.seeds import fresh_seed, seeded_seldom

# What is killed a third time counts as what kills the decoder, and is refused.
PHOTOS, KILLS = 9, 2
# The driver looks for a server for 5 s before it gives up.
AWAY_SECONDS = 6.0


async def arrive(deps: Deps, world: World, photos: int, size: tuple[int, int]) -> None:
    """Photos of a visit that wait to be checked, and no others."""
    for name in ("blobs", "evidence", "originals.chunks", "originals.files", "uploads", "visit_photos"):
        await deps.db[name].delete_many({})
    sheet = world.sheets[0]
    visit: Any = await deps.db.visits.find_one({"_id": sheet.visit_id})
    school = SimpleNamespace(id=visit["school_id"], submission_id=sheet.submission_id)
    arrivals = Arrivals(deps)
    for number in range(photos):
        data = encoded(picture(number, size=size), quality=80)
        person = sheet.inspector.id
        await arrivals.visit_photo(school, sheet.visit_id, person, world.items[number], data, utc_now())


async def checked(db: Database) -> dict[str, Any]:
    """When each of the photos was looked at whose check is over."""
    states = {blob["_id"]: blob["check"] async for blob in db.blobs.find({})}
    assert all(check["state"] != "refused" for check in states.values()), states
    done = {blob_id for blob_id, check in states.items() if check["state"] == "checked"}
    return {each["_id"]: each["looked_at"] async for each in db.visit_photos.find({}) if each["blob_id"] in done}


@seeded_seldom
async def test_kill_9_in_the_middle_of_checks(
    run: int, world: World, service: ServiceProcess, faults_database: Database
) -> None:
    chance, db = Random(fresh_seed()), faults_database
    service.kill()
    await world.install(db)
    await arrive(make_deps(db, Clock(utc_now())), world, PHOTOS, (1600, 1200))
    for _ in range(KILLS):
        before = await checked(db)
        await service.start()
        await asyncio.sleep(chance.uniform(0, 0.7))
        service.kill()
        # What was checked is not checked again.
        after = await checked(db)
        assert {each: after[each] for each in before} == before
        # As if the two minutes of their leases had passed.
        await db.blobs.update_many({"check.state": "pending"}, {"$set": {"check.lease_until": utc_now()}})
    before = await checked(db)
    await service.start()
    async with asyncio.timeout(60):
        while await blobs.count_pending(db):  # noqa: ASYNC110 - nobody tells of the last one
            await asyncio.sleep(0.05)
    service.kill()
    after = await checked(db)
    assert len(after) == PHOTOS
    assert {each: after[each] for each in before} == before
    # Every picture that was made belongs to a photo: what a killed check had stored was used by the next one.
    later = make_deps(db, Clock(utc_now() + fsck.YOUNG))
    assert [finding async for finding in fsck.check(later)] == []


async def test_a_database_that_goes_away_is_no_attempt(tmp_path: Path, world: World) -> None:
    server = embedded.start(tmp_path)
    db = connect(server.uri, "outage")
    deps = make_deps(db, Clock(utc_now()))
    try:
        await migrate(db)
        await world.install(db)
        await arrive(deps, world, 1, (4000, 3000))
        check = asyncio.create_task(photo_checks.check_next(deps))
        while not await db.blobs.count_documents({"check.attempts": 1}):  # noqa: ASYNC110 - it says nothing
            await asyncio.sleep(0.005)
        server.kill()
        await asyncio.sleep(AWAY_SECONDS)
        assert not check.done()
        server = embedded.start(tmp_path)
        with pytest.raises(PyMongoError):
            await check
        (blob,) = await db.blobs.find({}).to_list(None)
        assert (blob["check"]["state"], blob["check"]["attempts"]) == ("pending", 0)
        assert await photo_checks.check_next(deps)
        assert len(await checked(db)) == 1
    finally:
        close(db)
        server.kill()
