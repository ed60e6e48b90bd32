"""600 inspection reports in one zip file, and how the API answers meanwhile: everything on the same two cores.

Each report has its 82 items, some twenty discrepancies, rulings, and a dozen photos with their pictures and captions.
`python -m tests.bench.reports [runs] [schools]` measures fewer.
"""

import asyncio
import io
import secrets
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from http.client import HTTPConnection
from typing import IO, Any

from PIL import Image

from backend.documents.archive import verify
from backend.store import blobs
from backend.store.mongo import Database, connect
from tests.bench import pages
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import make_deps, own_mongodb
from tests.bench.serving import serving

DATABASE = "reports"
SCHOOLS = 600
# Seconds that the API is asked before, and between two questions.
IDLE, EVERY = 10.0, 0.05


PHOTOS = 12


def figures(count: int = RUNS, schools: int = SCHOOLS) -> list[Figure]:
    """Seconds for all reports; the API's p99 meanwhile as a multiple of that before."""
    with own_mongodb() as uri:
        runs = asyncio.run(_runs(uri, count, schools))
    seconds, ratios, idle = zip(*runs, strict=True)
    return [
        Figure(f"{schools} inspection reports in one zip file", seconds, "s", 60.0 * schools / SCHOOLS),
        Figure("the API's p99 meanwhile, beside that before", ratios, "×", 2.0),
        Figure("the API's p99 before", idle, "ms"),
    ]


async def _runs(uri: str, count: int, schools: int) -> list[tuple[float, float, float]]:
    db = connect(uri, DATABASE)
    token, _ = await pages.fill(make_deps(db), schools)
    await _add_photos(db)
    async with serving(uri, DATABASE) as served:
        # A warm-up first: every report gets its code.
        return [await _one_run(served.port, token, schools) for _ in range(count + 1)][1:]


async def _add_photos(db: Database) -> None:
    """A dozen photos to each visit, with pictures as the check makes them: 320 pixels high, 20 KB each."""
    file = io.BytesIO()
    Image.effect_noise((427, 320), 30).convert("RGB").save(file, "JPEG", quality=60, progressive=True)
    async for visit in db.visits.find({}, {"team": 1, "school_id": 1, "opened_at": 1}):
        photos = [_photo(visit, number) for number in range(PHOTOS)]
        # A picture of its own for each: what stands behind the end of a JPEG is not part of it.
        pictures = [file.getvalue() + secrets.token_bytes(16) for _ in photos]
        stored = [blobs.put_rendition(db, each, visit["opened_at"], "image/jpeg") for each in pictures]
        for photo, file_id in zip(photos, await asyncio.gather(*stored), strict=True):
            photo["renditions"] = {"320": {"image/jpeg": {"file_id": file_id, "width": 427, "height": 320}}}
        await db.visit_photos.insert_many(photos)


def _photo(visit: dict[str, Any], number: int) -> dict[str, Any]:
    """A photo whose bytes are stored."""
    taken = visit["opened_at"] + timedelta(minutes=5 * number)
    return {
        "_id": pages._id(),
        "schema": 2,
        "visit_id": visit["_id"],
        "school_id": visit["school_id"],
        "inspector_id": visit["team"][number % 2]["inspector_id"],
        "item": f"1.1.{1 + number % 4}",
        "taken_at": taken,
        "received_at": taken,
        "sha256": secrets.token_hex(32),
        "blob_id": pages._id(),
        "stored_at": taken,
        "upload": None,
    }


async def _one_run(port: int, token: str, schools: int) -> tuple[float, float, float]:
    waiting = asyncio.create_task(asyncio.sleep(IDLE))
    idle = await _p99_until(waiting, port, token)
    making = asyncio.create_task(_all_reports(port, token, schools))
    busy = await _p99_until(making, port, token)
    return await making, busy / idle, idle


async def _p99_until(task: "asyncio.Task[object]", port: int, token: str) -> float:
    """Milliseconds that a request takes at p99, asked every twentieth of a second until the task is done."""
    times = []
    while not task.done():
        times.append(await pages.ask(port, token, "/api/me"))
        await asyncio.sleep(EVERY)
    return sorted(times)[int(len(times) * 0.99)]


async def _all_reports(port: int, token: str, schools: int) -> float:
    """Seconds until the whole file is there; it is checked to the last byte."""
    with tempfile.TemporaryFile() as file:
        seconds = await asyncio.to_thread(_fetch, port, token, file)
        found = await asyncio.to_thread(verify, file)
    assert found.files == schools
    return seconds


def _fetch(port: int, token: str, file: IO[bytes]) -> float:
    # Not by the loop that measures: what it does with 250 MB would be in the figures.
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    begun = time.perf_counter()
    connection.request("GET", "/api/inspection-reports", headers={"Authorization": f"Bearer {token}"})
    shutil.copyfileobj(connection.getresponse(), file, 1024 * 1024)
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure.row())
