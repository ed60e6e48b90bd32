"""A disk that is full to the last byte: mongod dies of it; once there is room, every receipt that was given holds."""

import asyncio
import random
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.deps import utc_now
from backend.services import fsck, photo_checks
from backend.store import blobs, embedded, mongod
from backend.store.migrations import migrate
from backend.store.mongo import close, connect
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.small_disk import small_disk
from tests.faults.world import World
from tests.http.conftest import Clock, make_deps, new_id
from tests.http.uploading import BYTES, TAKEN_AT, TUS, encoded, jpeg, sha256

MEGABYTES, SIZE = 400, 1_500_000
DYING_SECONDS = 90  # A checkpoint comes every 60 s, and if nothing else does, that one finds the disk full.


async def upload(service: ServiceProcess, world: World, receipts: dict[str, str]) -> int:
    """Uploads a photo; notes its hash by id where there was a receipt. The status."""
    sheet, photo, data = world.sheets[0], new_id(), jpeg(SIZE)
    said = {"evidence_id": photo, "visit_id": sheet.visit_id, "item": random.choice(world.items), "taken_at": TAKEN_AT}
    headers = {**TUS, **BYTES, "Upload-Length": str(SIZE), "Upload-Metadata": encoded(said)}
    headers |= {"Authorization": f"Bearer {sheet.inspector.token}"}
    url, http = f"http://127.0.0.1:{service.port}/api/uploads", SimpleAsyncHTTPClient(force_instance=True)
    try:
        request = HTTPRequest(url, "POST", headers, data, request_timeout=60)
        answer = await http.fetch(request, raise_error=False)
    finally:
        http.close()
    if answer.code == 201:
        receipts[photo] = sha256(data)
    return answer.code


async def test_a_disk_full_to_the_last_byte(tmp_path: Path, world: World) -> None:
    with small_disk(tmp_path / "data" / "db", MEGABYTES) as disk:
        if disk is None:
            pytest.skip("nobody may mount anything here: neither root nor a user namespace")
        program = disk.program(mongod.bundled(), tmp_path)
        server = embedded.start(tmp_path / "data", program=program)
        db = connect(server.uri, "full")
        settings = {"mongodb_uri": server.uri, "database": "full", "disk_reserve": "0"}
        service = ServiceProcess(tmp_path, settings, free_port())
        receipts: dict[str, str] = {}
        try:
            await migrate(db)
            await world.install(db)
            await service.start()
            assert [await upload(service, world, receipts) for _ in range(3)] == [201] * 3
            disk.fill()
            async with asyncio.timeout(DYING_SECONDS):
                while server.alive:
                    statuses = await asyncio.gather(*(upload(service, world, receipts) for _ in range(4)))
                    assert set(statuses) <= {201, 503, 507}
            assert await upload(service, world, receipts) == 503
            server.kill()
            disk.make_room()
            server = embedded.start(tmp_path / "data", program=program)
            async with asyncio.timeout(DYING_SECONDS):
                while await upload(service, world, receipts) != 201:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.2)
            for photo, digest in receipts.items():
                record = await db.visit_photos.find_one({"_id": photo})
                blob = await blobs.find(db, record["blob_id"]) if record else None
                assert blob is not None
                assert sha256(await blobs.read_original(db, blob)) == digest
            # What was being checked when the disk was full is checked by whoever comes after its lease.
            service.kill()
            later = make_deps(db, Clock(utc_now() + fsck.YOUNG))
            while await photo_checks.check_next(later):
                pass
            assert [finding async for finding in fsck.check(later)] == []
        finally:
            service.kill()
            close(db)
            server.kill()
