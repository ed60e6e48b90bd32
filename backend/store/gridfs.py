"""Files in GridFS, in its standard layout (https://www.mongodb.com/docs/manual/core/gridfs/), without its driver.

A bucket is two collections: `{bucket}.chunks` of {_id, files_id, n, data} and `{bucket}.files` of {_id, length,
chunkSize, uploadDate, metadata}. The driver's own upload stream holds back up to 48 MB before it writes; here chunks
are written as the bytes arrive, and a file is there once its document is. A chunk is only ever added, never replaced.
"""

import hashlib
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, WriteConcern
from pymongo.errors import BulkWriteError, DuplicateKeyError

from backend.store.mongo import Collection, Database, Document, Session

CHUNK_BYTES = 255 * 1024
ORIGINALS, RENDITIONS = "originals", "renditions"

# So many chunks of a file are in memory at once while it is read.
_READ_AHEAD = 4
# The write of the file's document waits for a majority, and so for all that was written before it.
_ONE = WriteConcern(1)
_DUPLICATE = 11000
_CONTENTS = uuid.UUID("5f0c3e8e-7d0a-4d0c-9a4e-6f1d0b9c2a77")


class ChunkTaken(Exception):
    """Another writer has added this chunk already."""


class CorruptFile(Exception):
    """Chunks of a file are missing, or have the wrong size."""


async def insert_chunks(
    db: Database,
    bucket: str,
    file_id: str,
    first: int,
    chunks: Sequence[bytes],
    session: Session | None = None,
    *,
    ordered: bool = True,
) -> None:
    """Adds chunks from number `first` on. Raises `ChunkTaken` at the first one that is there already; where not
    `ordered`, after all the others were added.

    Waits for the primary alone: what is written for a majority afterwards makes these durable too.
    """
    documents = [
        {"_id": ObjectId(), "files_id": file_id, "n": number, "data": data} for number, data in enumerate(chunks, first)
    ]
    try:
        await (
            _chunks(db, bucket)
            .with_options(write_concern=_ONE)
            .insert_many(documents, ordered=ordered, session=session)
        )
    except BulkWriteError as error:
        if {each["code"] for each in (error.details or {}).get("writeErrors", [])} == {_DUPLICATE}:
            raise ChunkTaken(f"{bucket} {file_id}: from {first} on") from error
        raise


async def chunks_from(db: Database, bucket: str, file_id: str, first: int, session: Session | None = None) -> int:
    """How many chunks there are from number `first` on."""
    wanted = {"files_id": file_id, "n": {"$gte": first}}
    return await _chunks(db, bucket).count_documents(wanted, session=session)


async def first_gap(db: Database, bucket: str, file_id: str) -> int:
    """The number of the first chunk that is missing."""
    numbers = _chunks(db, bucket).find({"files_id": file_id}, {"_id": 0, "n": 1}, sort=[("n", ASCENDING)])
    expected = 0
    async for each in numbers:
        if each["n"] != expected:
            break
        expected += 1
    return expected


async def next_chunk(db: Database, bucket: str, file_id: str) -> int:
    """The number after the last chunk that there is."""
    last = await _chunks(db, bucket).find_one({"files_id": file_id}, {"_id": 0, "n": 1}, sort=[("n", -1)])
    return last["n"] + 1 if last else 0


async def delete_chunks(db: Database, bucket: str, file_id: str, first: int = 0) -> int:
    """Removes the chunks from number `first` on; how many there were. Not for a file whose document is there."""
    wanted = {"files_id": file_id, "n": {"$gte": first}}
    return (await _chunks(db, bucket).delete_many(wanted)).deleted_count


async def insert_file(
    db: Database, bucket: str, session: Session | None, file_id: str, length: int, now: datetime, **metadata: Any
) -> None:
    """Adds the document of a file whose chunks are there: from here on it exists."""
    document = {"_id": file_id, "length": length, "chunkSize": CHUNK_BYTES, "uploadDate": now, "metadata": metadata}
    await db[bucket]["files"].insert_one(document, session=session)


async def find_file(db: Database, bucket: str, file_id: str) -> Document | None:
    """The document of a file."""
    return await db[bucket]["files"].find_one({"_id": file_id})


async def put(db: Database, bucket: str, data: bytes, now: datetime, **metadata: Any) -> str:
    """Stores a small finished file, durably, under an id that follows from what is in it: again, it is the same file.

    So whoever is killed before they note the id leaves nothing behind that the next try doesn't find and use.
    """
    file_id = content_id(data, metadata)
    chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
    with suppress(ChunkTaken):
        # Those that are missing, if some are there.
        await insert_chunks(db, bucket, file_id, 0, chunks, ordered=False)
    with suppress(DuplicateKeyError):
        await insert_file(db, bucket, None, file_id, len(data), now, **metadata)
    return file_id


def content_id(data: bytes, metadata: Mapping[str, Any]) -> str:
    """The id of a file that was `put`, by what is in it."""
    return str(uuid.uuid5(_CONTENTS, f"{hashlib.sha256(data).hexdigest()} {sorted(metadata.items())}"))


async def read_whole(db: Database, bucket: str, file_ids: Sequence[str]) -> dict[str, bytes]:
    """All of several small files, in two queries for them all. A file of which something is missing is left out."""
    wanted = list(file_ids)
    lengths = {each["_id"]: each["length"] async for each in db[bucket]["files"].find({"_id": {"$in": wanted}})}
    found: dict[str, list[bytes]] = {}
    chunks = _chunks(db, bucket).find({"files_id": {"$in": wanted}}, {"_id": 0, "files_id": 1, "data": 1})
    async for chunk in chunks.sort([("files_id", ASCENDING), ("n", ASCENDING)]):
        found.setdefault(chunk["files_id"], []).append(bytes(chunk["data"]))
    files = {file_id: b"".join(pieces) for file_id, pieces in found.items()}
    return {file_id: data for file_id, data in files.items() if len(data) == lengths.get(file_id)}


async def read(db: Database, bucket: str, file: Mapping[str, Any]) -> bytes:
    """All of a file, by its document. Raises `CorruptFile`."""
    async with aclosing(read_range(db, bucket, file, 0, file["length"])) as pieces:
        return b"".join([piece async for piece in pieces])


async def read_range(
    db: Database, bucket: str, file: Mapping[str, Any], start: int, stop: int
) -> AsyncGenerator[bytes]:
    """The bytes from `start` up to `stop`, both within the file, chunk by chunk. Raises `CorruptFile`."""
    size, length = file["chunkSize"], file["length"]
    if start >= stop:
        return
    first, last = start // size, (stop - 1) // size
    number = first
    async for data in read_chunks(db, bucket, file["_id"], first, last):
        if len(data) != min(size, length - number * size):
            raise CorruptFile(f"{bucket} {file['_id']}: chunk {number} has {len(data)} bytes")
        beginning = number * size
        yield data[max(0, start - beginning) : stop - beginning]
        number += 1
    if number != last + 1:
        raise CorruptFile(f"{bucket} {file['_id']}: chunk {number} is missing")


async def read_chunks(db: Database, bucket: str, file_id: str, first: int, last: int) -> AsyncGenerator[bytes]:
    """The chunks `first` to `last`, in their order, up to the first one that is missing."""
    wanted = {"files_id": file_id, "n": {"$gte": first, "$lte": last}}
    found = _chunks(db, bucket).find(wanted, {"_id": 0, "n": 1, "data": 1}, batch_size=_READ_AHEAD)
    expected = first
    async for chunk in found.sort([("files_id", ASCENDING), ("n", ASCENDING)]):
        if chunk["n"] != expected:
            return
        yield bytes(chunk["data"])
        expected += 1


def _chunks(db: Database, bucket: str) -> Collection:
    return db[bucket]["chunks"]
