"""The memory of the service while it sends an archive of the cycle: the same, however many photos are in it."""

import asyncio
import hashlib
import secrets
import sys
import time
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.deps import utc_now
from backend.store import blobs, gridfs
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.mongo import Database, Session, connect, transact
from tests.bench import pages
from tests.bench.backup import FEW, MANY, SIZE, peak
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import make_deps, own_mongodb
from tests.bench.serving import serving

# The same number of schools with their documents; few photos or many.
SCHOOLS = 20
# Megabytes that the archive adds to the process, megabytes of it all, and megabytes sent a second.
Run = tuple[float, float, float]


def figures() -> list[Figure]:
    """The most memory that the process has had, with few photos and with ten times as many; and how fast it sends."""
    with own_mongodb() as uri:
        few, many = [asyncio.run(_runs(uri, f"archive{photos}", photos)) for photos in (FEW, MANY)]
    added, memory, speed = zip(*many, strict=True)
    growth = tuple(one[1] / other[1] for one, other in zip(many, few, strict=True))
    return [
        Figure(f"memory that an archive with {MANY} photos of 1.5 MB adds", added, "MB", 150.0),
        Figure("memory of the service then", memory, "MB"),
        Figure("the same, beside that with a tenth of the photos", growth, "×", 1.2),
        Figure("archive sent", speed, "MB/s"),
    ]


async def _runs(uri: str, database: str, photos: int) -> list[Run]:
    """A fresh process each time."""
    db = connect(uri, database)
    token, _ = await pages.fill(make_deps(db), SCHOOLS)
    submissions = await db.submissions.find({}, {"school_id": 1}).to_list(None)
    for number in range(photos):
        await _photo(db, submissions[number % len(submissions)])
    return [await _one_run(uri, database, token, photos) for _ in range(RUNS)]


async def _photo(db: Database, submission: dict[str, Any]) -> None:
    data, file_id = secrets.token_bytes(SIZE), secrets.token_hex(16)
    digest = hashlib.sha256(data).hexdigest()
    blob = blobs.new_blob(file_id, submission["school_id"], digest, SIZE, "image/jpeg", utc_now())
    # What has not been looked at is in no archive.
    blob |= {"check": blob["check"] | {"state": "checked"}, "facts": {"device": None}}
    chunks = [data[start : start + CHUNK_BYTES] for start in range(0, SIZE, CHUNK_BYTES)]
    await gridfs.insert_chunks(db, ORIGINALS, file_id, 0, chunks)

    async def work(session: Session) -> None:
        await blobs.insert(db, session, blob)

    await transact(db, work)
    record = {"_id": file_id, "submission_id": submission["_id"], "blob_id": file_id, "sha256": digest}
    await db.evidence.insert_one(record | {"added_at": utc_now(), "removed_at": None})


async def _one_run(uri: str, database: str, token: str, photos: int) -> Run:
    sent = 0

    def count(piece: bytes) -> None:
        nonlocal sent
        sent += len(piece)

    async with serving(uri, database) as served:
        client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=2**34)
        url, headers = f"http://127.0.0.1:{served.port}/api/archive", {"Authorization": f"Bearer {token}"}
        await pages.ask(served.port, token, "/api/me")
        before, begun = peak(served.pid), time.perf_counter()
        await client.fetch(HTTPRequest(url, headers=headers, request_timeout=600, streaming_callback=count))
        seconds = time.perf_counter() - begun
        client.close()
        assert sent > photos * SIZE
        return peak(served.pid) - before, peak(served.pid), sent / 1e6 / seconds


if __name__ == "__main__":
    for figure in figures():
        print(figure.row(), file=sys.stdout)
