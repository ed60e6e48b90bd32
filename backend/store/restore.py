"""Reads a backup (`store.backup` has its form): first all of it against its hash, then into an empty database.

Until all is there the database is marked, and neither the service nor `migrate` takes it; a restore that was killed is
begun again, and clears away what there is.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from backend.store.backup import DIGEST_BYTES, DOCUMENT, END, HEADER, MAGIC, SECTION, raw
from backend.store.errors import DatabaseTooNew, StoreError
from backend.store.migrations import RESTORING, VERSION
from backend.store.mongo import Database

_PIECE = 1024 * 1024
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_AWARE: CodecOptions[dict[str, object]] = CodecOptions(tz_aware=True)
# What goes to the server at once.
_BATCH_BYTES, _BATCH = 8 * 1024 * 1024, 1000


class BackupError(StoreError):
    """The file is no whole backup. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Header:
    """When a backup was made, of which database, and of which version (see `store.migrations`)."""

    made_at: datetime
    database: str
    version: int


def verify(path: Path, done: Callable[[int], None] = lambda count: None) -> Header:
    """What a file is a backup of. Reads all of it; `done` is told how many bytes, after each megabyte.

    Raises `BackupError` where it is none, or not to the last byte as it was written; `OSError` where it can't be read.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupError(f"{path} 不是智评的备份，或来自不认识的版本。请换一个文件。")
        size, running = path.stat().st_size - DIGEST_BYTES, hashlib.sha256(MAGIC)
        while file.tell() < size and (piece := file.read(min(_PIECE, size - file.tell()))):
            running.update(piece)
            done(file.tell())
        if file.read() != running.digest():
            raise BackupError(f"{path} 不完整或已损坏：内容与末尾的 SHA-256 不符。没有恢复任何内容，请换一个备份。")
        file.seek(len(MAGIC))
        _, header = _record(file)
        found = bson.decode(header.raw, _AWARE)
    return Header(made_at=found["made_at"], database=found["database"], version=found["version"])  # type: ignore[arg-type]


async def refuse_unsuitable(db: Database, header: Header) -> None:
    """Raises `StoreError` where the backup must not go into this database: it is not empty, or the program is older."""
    if header.version > VERSION:
        raise DatabaseTooNew(header.version, VERSION)
    if await db["meta"].find_one({"_id": RESTORING}):
        return
    for name in await db.list_collection_names():
        if not name.startswith("system.") and await db[name].find_one({}, {"_id": 1}):
            raise StoreError(
                f"数据库 {db.name} 不是空的（{name} 里有内容），没有恢复任何内容。"
                "请用 ZHIPING_DATABASE 另起一个名字，或用 ZHIPING_DATA_FOLDER、ZHIPING_MONGODB_URI 指定空的数据库。"
            )


async def load(db: Database, path: Path, done: Callable[[int], None] = lambda count: None) -> dict[str, int]:
    """Puts a file that `verify` found whole into a database that is suitable; gives the documents by collection.

    The caller migrates the database and then calls `finish`.
    """
    for name in await db.list_collection_names():
        if not name.startswith("system."):
            await db.drop_collection(name)
    await db["meta"].insert_one({"_id": RESTORING, "schema": 1})
    counts: dict[str, int] = {}
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        for name, batch in _batches(file):
            await raw(db, name).insert_many(batch, ordered=False)
            counts[name] = counts.get(name, 0) + len(batch)
            done(file.tell())
    return counts


async def finish(db: Database) -> None:
    """The database is whole: from here on the service takes it."""
    await db["meta"].delete_one({"_id": RESTORING})


def _batches(file: BinaryIO) -> Iterator[tuple[str, list[RawBSONDocument]]]:
    """The documents, with their collection, as many as go to the server at once."""
    name, batch, size, count = "", list[RawBSONDocument](), 0, 0
    end = os.fstat(file.fileno()).st_size - DIGEST_BYTES
    while file.tell() < end:
        kind, document = _record(file)
        if kind == DOCUMENT:
            batch.append(document)
            size, count = size + len(document.raw), count + 1
        if batch and (kind != DOCUMENT or size >= _BATCH_BYTES or len(batch) >= _BATCH):
            yield name, batch
            batch, size = [], 0
        if kind == SECTION:
            name, count = document["collection"], 0
        elif kind == END and document["count"] != count:
            raise BackupError(f"{name} 应有 {document['count']} 条，备份里有 {count} 条。请换一个备份。")


def _record(file: BinaryIO) -> tuple[bytes, RawBSONDocument]:
    """The next record of a file whose hash is right: what is wrong in it now, was written wrongly."""
    kind, length = file.read(1), file.read(4)
    if kind not in (HEADER, SECTION, DOCUMENT, END):
        raise BackupError("备份里有不认识的内容。请换一个备份。")
    return kind, RawBSONDocument(length + file.read(int.from_bytes(length, "little") - 4), _RAW)
