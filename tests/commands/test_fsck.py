"""`python -m backend fsck` on evidence of which some is missing, left over or altered."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from bson import ObjectId

from backend.deps import utc_now
from backend.store import blobs, gridfs
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS, RENDITIONS
from backend.store.mongo import Database, Session, close, connect, transact
from tests.commands.running import run
from tests.http.conftest import new_id


@pytest.fixture
async def db(external: dict[str, str]) -> AsyncIterator[Database]:
    db = connect(external["mongodb_uri"], external["database"])
    yield db
    close(db)


OLD = utc_now() - timedelta(hours=1)


async def stored(db: Database) -> str:
    """A photo of a school with its bytes and a rendition; its blob."""
    data, file_id = random.randbytes(2 * CHUNK_BYTES + 9), new_id()
    blob = blobs.new_blob(file_id, "school", sha256(data).hexdigest(), len(data), "image/jpeg", OLD)
    rendition = await gridfs.put(db, RENDITIONS, data[:9], OLD)
    blob["renditions"] = {"320": {"image/jpeg": {"file_id": rendition}}}
    chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
    await gridfs.insert_chunks(db, ORIGINALS, file_id, 0, chunks)

    async def work(session: Session) -> None:
        await blobs.insert(db, session, blob)

    await transact(db, work)
    await db.evidence.insert_one({"_id": new_id(), "blob_id": file_id, "sha256": blob["sha256"]})
    return file_id


async def findings(folder: Path, external: dict[str, str]) -> tuple[int, set[str]]:
    """The exit status, and what is said: kind, where and id."""
    ended = await asyncio.to_thread(run, "fsck", folder, external)
    *lines, _ = ended.stdout.splitlines()
    return ended.returncode, {"\t".join(line.split("\t")[:3]) for line in lines}


async def test_all_is_well(db: Database, tmp_path: Path, external: dict[str, str]) -> None:
    await stored(db)
    # What is announced, and what is under way, is no finding.
    await db.evidence.insert_one({"_id": new_id(), "blob_id": None, "sha256": "ab"})
    await gridfs.insert_chunks(db, ORIGINALS, "upload", 0, [b"x"])
    await db.uploads.insert_one({"_id": "upload"})
    assert await findings(tmp_path, external) == (0, set())


async def test_everything_wrong_is_named(db: Database, tmp_path: Path, external: dict[str, str]) -> None:
    fine, no_file, short, altered, unused, gone = [await stored(db) for _ in range(6)]
    await db["originals.files"].delete_one({"_id": no_file})
    await db["originals.chunks"].delete_one({"files_id": short, "n": 1})
    await db["originals.chunks"].update_one({"files_id": altered, "n": 2}, {"$set": {"data": b"altered!!"}})
    await db.evidence.delete_one({"blob_id": unused})
    await db.blobs.delete_one({"_id": gone})
    evidence = await db.evidence.find_one({"blob_id": gone})
    assert evidence is not None
    await db.visit_photos.insert_one({"_id": "photo", "blob_id": fine, "sha256": "cd"})
    lost_chunk = {"_id": ObjectId.from_datetime(OLD), "files_id": "lost", "n": 0, "data": b"x"}
    await db["originals.chunks"].insert_one(lost_chunk)
    # What was written a moment ago may be noted in the next.
    await gridfs.put(db, RENDITIONS, b"young", utc_now())
    lost = await gridfs.put(db, RENDITIONS, b"x", OLD)
    # Pictures made of a photo: lost, cut short, altered.
    pictures = [await gridfs.put(db, RENDITIONS, random.randbytes(50), OLD, contentType="image/jpeg") for _ in "abc"]
    named = {str(number): {"image/jpeg": {"file_id": each}} for number, each in enumerate(pictures)}
    await db.visit_photos.update_one({"_id": "photo"}, {"$set": {"renditions": named}})
    await db["renditions.files"].delete_one({"_id": pictures[0]})
    await db["renditions.chunks"].delete_one({"files_id": pictures[1]})
    await db["renditions.chunks"].update_one({"files_id": pictures[2]}, {"$set": {"data": random.randbytes(50)}})
    status, said = await findings(tmp_path, external)
    assert status == 1
    orphaned = {each for each in said if "renditions" in each and not any(known in each for known in (lost, *pictures))}
    assert len(orphaned) == 1
    assert said - orphaned == {
        f"有记录无内容\tblobs\t{no_file}",
        f"有记录无内容\tblobs\t{short}",
        f"内容被改动\tblobs\t{altered}",
        f"有内容无记录\tblobs\t{unused}",
        f"有记录无内容\tevidence\t{evidence['_id']}",
        f"有内容无记录\toriginals\t{gone}",
        "内容被改动\tvisit_photos\tphoto",
        "有内容无记录\toriginals\tlost",
        f"有内容无记录\trenditions\t{lost}",
        f"有记录无内容\trenditions\t{pictures[0]}",
        f"有记录无内容\trenditions\t{pictures[1]}",
        f"内容被改动\trenditions\t{pictures[2]}",
    }


def test_a_database_that_is_away_is_said(tmp_path: Path) -> None:
    ended = run("fsck", tmp_path, {"mongodb_uri": "mongodb://127.0.0.1:1/?replicaSet=x"})
    assert ended.returncode == 2
    assert "连不上数据库" in ended.stderr
