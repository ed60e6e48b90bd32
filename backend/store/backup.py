"""The form of a backup, and how one is written: the whole database as one stream, while the service goes on.

A file is the line `zhiping-backup 1`, then records, then the SHA-256 of all before it (32 bytes). A record is one byte
that says what it is, and a BSON document as MongoDB itself stores it:

    H  once: {made_at, database, version}, the version as `migrations` counts it
    S  {collection}: the documents that follow are of this collection
    D  a document, to the byte as the server gave it
    E  {collection, count}: all of this collection's have come

All documents but the bytes of files are read in one snapshot: they are as of one moment. The bytes are read after it:
of a file that the snapshot knows they are never changed, and removed only with an upload that came to nothing.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from backend.store.errors import StoreError
from backend.store.gridfs import ORIGINALS, RENDITIONS
from backend.store.migrations import version
from backend.store.mongo import Collection, Database, Session

MAGIC = b"zhiping-backup 1\n"
HEADER, SECTION, DOCUMENT, END = b"H", b"S", b"D", b"E"
DIGEST_BYTES = 32

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_BATCH = 500
_SNAPSHOT_TOO_OLD = 239
# Chunks are a quarter of a megabyte.
_CHUNKS = 16

Batches = AsyncIterator[list[RawBSONDocument]]


@dataclass(slots=True)
class Report:
    """What a backup holds: documents by collection, bytes of originals, and the blobs whose bytes are not what their
    record says (`fsck` tells more). `sha256` is of all of it, once it is whole."""

    counts: dict[str, int] = field(default_factory=dict)
    original_bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    sha256: str = ""


@dataclass(slots=True)
class _Files:
    """The files that the snapshot knows: the originals' SHA-256 (None for an upload under way), and the pictures."""

    originals: dict[str, str | None] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)

    def note(self, collection: str, document: Mapping[str, Any]) -> None:
        if collection == "blobs":
            self.originals[document["_id"]] = document["sha256"]
        if collection == "uploads":
            self.originals.setdefault(document["_id"], None)
        if collection in ("blobs", "evidence", "visit_photos"):
            self.pictures.update(_file_ids(document.get("renditions")))


async def dump(db: Database, now: datetime, report: Report) -> AsyncIterator[bytes]:
    """The backup, in pieces of some megabytes at most; fills in the report.

    Memory does not grow with the database, but for a hundred bytes or so for each photo. Raises `StoreError` where the
    documents take longer to read than MongoDB keeps a snapshot (5 minutes by default).
    """
    running = hashlib.sha256()
    try:
        async for piece in _records(db, now, report):
            running.update(piece)
            yield piece
    except OperationFailure as error:
        if error.code != _SNAPSHOT_TOO_OLD:
            raise
        raise StoreError(
            "数据太多，没能在 MongoDB 保留快照的时间内读完：请把 mongod 的参数 minSnapshotHistoryWindowInSeconds"
            "（默认 300 秒）调大，再备份。"
        ) from None
    report.sha256 = running.hexdigest()
    yield running.digest()


async def _records(db: Database, now: datetime, report: Report) -> AsyncIterator[bytes]:
    yield MAGIC + HEADER + bson.encode({"made_at": now, "database": db.name, "version": await version(db)})
    files = _Files()
    async with await db.client.start_session(snapshot=True) as session:
        for name in await _collections(db):
            async for piece in _section(name, report, _all(db, name, session, files)):
                yield piece
    for bucket, ids in ((ORIGINALS, sorted(files.originals)), (RENDITIONS, sorted(files.pictures))):
        hashes = files.originals if bucket == ORIGINALS else {}
        async for piece in _section(f"{bucket}.chunks", report, _chunks(db, bucket, ids, hashes, report)):
            yield piece
        async for piece in _section(f"{bucket}.files", report, _of(db, f"{bucket}.files", ids)):
            yield piece


async def _section(
    name: str, report: Report, batches: AsyncIterator[Sequence[RawBSONDocument]]
) -> AsyncIterator[bytes]:
    yield SECTION + bson.encode({"collection": name})
    report.counts[name] = 0
    async for batch in batches:
        report.counts[name] += len(batch)
        yield b"".join(DOCUMENT + document.raw for document in batch)
    yield END + bson.encode({"collection": name, "count": report.counts[name]})


async def _collections(db: Database) -> list[str]:
    """All but the server's own and those that hold bytes."""
    names = await db.list_collection_names()
    return sorted(name for name in names if not name.startswith(("system.", f"{ORIGINALS}.", f"{RENDITIONS}.")))


async def _all(db: Database, name: str, session: Session, files: _Files) -> Batches:
    found = raw(db, name).with_options(read_concern=ReadConcern()).find({}, session=session, batch_size=_BATCH)
    while batch := await found.to_list(_BATCH):
        for document in batch:
            files.note(name, document)
        yield batch


async def _chunks(
    db: Database, bucket: str, ids: Iterable[str], hashes: Mapping[str, str | None], report: Report
) -> Batches:
    """The bytes of the files, one after another; of an original their hash is looked at on the way."""
    for file_id in ids:
        running, wanted = hashlib.sha256(), hashes.get(file_id)
        found = raw(db, f"{bucket}.chunks").find({"files_id": file_id}, batch_size=_CHUNKS)
        found.sort([("files_id", 1), ("n", 1)])
        while batch := await found.to_list(_CHUNKS):
            for chunk in batch if wanted else ():
                running.update(chunk["data"])
                report.original_bytes += len(chunk["data"])
            yield batch
        if wanted and running.hexdigest() != wanted:
            report.damaged.append(file_id)


async def _of(db: Database, name: str, ids: Sequence[str]) -> Batches:
    for start in range(0, len(ids), _BATCH):
        yield await raw(db, name).find({"_id": {"$in": ids[start : start + _BATCH]}}).to_list(None)


def raw(db: Database, name: str) -> Any:
    """A collection whose documents stay bytes."""
    collection: Collection = db[name]
    return collection.with_options(codec_options=_RAW)


def _file_ids(renditions: Any) -> Iterable[str]:
    """The ids of the files that renditions name (`file_id`), however deep."""
    if isinstance(renditions, Mapping):
        if "file_id" in renditions:
            yield renditions["file_id"]
        for inner in renditions.values():
            yield from _file_ids(inner)
