"""Blobs and their bytes in GridFS, on a real MongoDB."""

import random
from datetime import UTC, datetime, timedelta

import gridfs
import pytest
from pymongo import MongoClient

from backend.store import blobs
from backend.store.embedded import Embedded
from backend.store.gridfs import (
    CHUNK_BYTES,
    ORIGINALS,
    ChunkTaken,
    CorruptFile,
    insert_chunks,
    insert_file,
    read_chunks,
)
from backend.store.mongo import Database, Document, Outrun, Session, transact
from tests.http.conftest import new_id

NOW = datetime(2022, 9, 5, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def stored(db: Database, data: bytes, school_id: str = "s", sha256: str = "ab" * 32) -> Document:
    blob = blobs.new_blob(new_id(), school_id, sha256, len(data), "image/jpeg", NOW)
    pieces = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
    await insert_chunks(db, ORIGINALS, blob["_id"], 0, pieces)

    async def work(session: Session) -> None:
        await blobs.insert(db, session, blob)

    await transact(db, work)
    return blob


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])
async def test_bytes_come_back_whole_and_in_ranges(database: Database, size: int) -> None:
    data = random.randbytes(size)
    blob = await stored(database, data)
    assert await blobs.read_original(database, blob) == data
    for _ in range(10):
        start = random.randrange(size)
        stop = random.randint(start, size)
        pieces = [piece async for piece in blobs.read_original_range(database, blob, start, stop)]
        assert b"".join(pieces) == data[start:stop]


async def test_any_driver_of_gridfs_reads_it(database: Database, mongodb: Embedded) -> None:
    data = random.randbytes(3 * CHUNK_BYTES + 1)
    blob = await stored(database, data)
    with MongoClient[Document](mongodb.uri) as client:
        assert gridfs.GridFS(client["tests"], ORIGINALS).get(blob["_id"]).read() == data


async def test_a_file_without_its_chunks_is_said_to_be_corrupt(database: Database) -> None:
    blob = await stored(database, random.randbytes(3 * CHUNK_BYTES))
    await database["originals.chunks"].delete_one({"files_id": blob["_id"], "n": 1})
    with pytest.raises(CorruptFile, match="chunk 1 is missing"):
        await blobs.read_original(database, blob)
    await database["originals.files"].delete_one({"_id": blob["_id"]})
    with pytest.raises(CorruptFile, match="no such file"):
        await blobs.read_original(database, blob)


async def test_a_rendition_is_put_once(database: Database) -> None:
    data = random.randbytes(CHUNK_BYTES + 9)
    file_id = await blobs.put_rendition(database, data, NOW, "image/jpeg")
    assert await blobs.read_renditions(database, [file_id, "none"]) == {file_id: data}
    pieces = [piece async for piece in blobs.read_rendition_range(database, file_id, 3, CHUNK_BYTES + 2)]
    assert b"".join(pieces) == data[3 : CHUNK_BYTES + 2]
    assert await blobs.put_rendition(database, data, NOW, "image/webp") != file_id
    # Killed half-way, it is made whole by the next try.
    await database["renditions.chunks"].delete_one({"files_id": file_id, "n": 1})
    assert await blobs.read_renditions(database, [file_id]) == {}
    await database["renditions.files"].delete_one({"_id": file_id})
    assert await blobs.put_rendition(database, data, NOW, "image/jpeg") == file_id
    assert await blobs.read_renditions(database, [file_id, "none"]) == {file_id: data}
    assert await database["renditions.chunks"].count_documents({"files_id": file_id}) == 2


async def test_a_chunk_is_never_replaced(database: Database) -> None:
    await insert_chunks(database, ORIGINALS, "file", 0, [b"first", b"second"])
    # What is written for a majority makes durable, and visible, what was written before it.
    await insert_file(database, ORIGINALS, None, "file", 11, NOW)
    with pytest.raises(ChunkTaken):
        await insert_chunks(database, ORIGINALS, "file", 1, [b"other", b"third"])
    assert [piece async for piece in read_chunks(database, ORIGINALS, "file", 0, 9)] == [b"first", b"second"]


async def test_a_school_has_a_content_once(database: Database) -> None:
    blob = await stored(database, b"x")
    assert (await blobs.find_content(database, "s", blob["sha256"]))["_id"] == blob["_id"]  # type: ignore[index]
    with pytest.raises(Outrun):
        await stored(database, b"x")
    assert (await stored(database, b"x", school_id="t"))["_id"] != blob["_id"]


async def test_a_pending_check_is_claimed_by_one_and_again_when_its_lease_is_over(database: Database) -> None:
    blob = await stored(database, b"x")
    first = await blobs.claim_next(database, NOW, NOW + MINUTE)
    assert first is not None
    assert (first["_id"], first["check"]["attempts"]) == (blob["_id"], 1)
    assert await blobs.claim_next(database, NOW, NOW + MINUTE) is None
    second = await blobs.claim_next(database, NOW + MINUTE, NOW + 2 * MINUTE)
    assert second is not None
    # Whoever lost the lease can't finish any more.
    assert not await blobs.finish_check(database, None, first, "refused", reason="broken")
    assert await blobs.finish_check(database, None, second, "checked", facts={"width": 1})
    found = await blobs.find(database, blob["_id"])
    assert found is not None
    assert (found["check"]["state"], found["facts"]) == ("checked", {"width": 1})
    assert await blobs.claim_next(database, NOW + 9 * MINUTE, NOW + 10 * MINUTE) is None
