"""Whether records, blobs and bytes fit together: read from beginning to end, changing nothing, while the service runs.

Ids are collected before what they are held against, and what was written in the last minutes may not be referred to
yet: what arrives meanwhile is no finding.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from backend.deps import Deps
from backend.store import fsck, gridfs
from backend.store.gridfs import ORIGINALS, RENDITIONS, CorruptFile

Kind = Literal["evidence_without_bytes", "bytes_without_evidence", "wrong_hash"]
# What is wrong, in Chinese.
TEXTS: Mapping[str, str] = {
    "no_blob": "记录说已上传，但找不到对应的文件",
    "no_file": "文件的内容不在库中",
    "damaged": "文件的内容不完整",
    "other_bytes": "文件的内容与登记的 SHA-256 不符",
    "other_picture": "图片的内容与做成时的不同",
    "other_hash": "记录的 SHA-256 与文件的不符",
    "no_record": "文件没有任何记录使用",
    "no_owner": "库中的内容不属于任何文件",
}
# A check of a photo writes its pictures before it notes them.
YOUNG = timedelta(minutes=10)
RECORDS = ("evidence", "visit_photos")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with what (`where` names the collection), and how (a key of `TEXTS`)."""

    kind: Kind
    where: str
    id: str
    how: str


@dataclass(slots=True)
class _Seen:
    """What there is: hashes by blob, the blobs that records use, the files that blobs and records use."""

    hashes: dict[str, str]
    used: set[str]
    files: set[str]


async def check(deps: Deps, done: Callable[[int], None] = lambda count: None) -> AsyncIterator[Finding]:
    """Everything that is wrong. `done` is told how many blobs have been read, after each."""
    db = deps.db
    originals = await fsck.ids_with_chunks(db, ORIGINALS) | await fsck.ids(db, f"{ORIGINALS}.files")
    pictures = await fsck.ids_with_chunks(db, RENDITIONS) | await fsck.ids(db, f"{RENDITIONS}.files")
    under_way = await fsck.ids(db, "uploads")
    seen = _Seen({}, set(), set())
    blobs = {blob["_id"]: blob async for blob in fsck.blobs(db)}
    for blob in blobs.values():
        seen.hashes[blob["_id"]] = blob["sha256"]
        seen.files |= set(files_of(blob["renditions"]))
    for collection in RECORDS:
        async for record in fsck.records(db, collection):
            for finding in _check_record(seen, collection, record):
                yield finding
    for count, blob in enumerate(blobs.values(), 1):
        if how := await _wrong_with(deps, blob):
            yield Finding("wrong_hash" if how == "other_bytes" else "evidence_without_bytes", "blobs", blob["_id"], how)
        if blob["_id"] not in seen.used:
            yield Finding("bytes_without_evidence", "blobs", blob["_id"], "no_record")
        done(count)
    for file_id in sorted(seen.files):
        if how := await _wrong_with_picture(deps, file_id):
            kind: Kind = "wrong_hash" if how == "other_picture" else "evidence_without_bytes"
            yield Finding(kind, RENDITIONS, file_id, how)
    unowned = {ORIGINALS: originals - blobs.keys() - under_way, RENDITIONS: pictures - seen.files}
    for bucket, file_ids in unowned.items():
        for file_id in await fsck.older(db, bucket, sorted(file_ids), deps.clock() - YOUNG):
            yield Finding("bytes_without_evidence", bucket, file_id, "no_owner")


def _check_record(seen: _Seen, collection: str, record: Mapping[str, Any]) -> Iterator[Finding]:
    known = seen.hashes.get(record["blob_id"])
    seen.used.add(record["blob_id"])
    seen.files |= set(files_of(record.get("renditions") or {}))
    if known is None:
        yield Finding("evidence_without_bytes", collection, record["_id"], "no_blob")
    elif known != record["sha256"]:
        yield Finding("wrong_hash", collection, record["_id"], "other_hash")


async def _wrong_with(deps: Deps, blob: Mapping[str, Any]) -> str | None:
    """What is wrong with the bytes of a blob, read a few chunks at a time."""
    file = await gridfs.find_file(deps.db, ORIGINALS, blob["_id"])
    if file is None:
        return "no_file"
    running = hashlib.sha256()
    try:
        async with aclosing(gridfs.read_range(deps.db, ORIGINALS, file, 0, file["length"])) as pieces:
            async for piece in pieces:
                running.update(piece)
    except CorruptFile:
        return "damaged"
    whole = file["length"] == blob["size"]
    return None if whole and running.hexdigest() == blob["sha256"] else "other_bytes"


async def _wrong_with_picture(deps: Deps, file_id: str) -> str | None:
    """What is wrong with a picture made of a photo: its id says what is in it."""
    file = await gridfs.find_file(deps.db, RENDITIONS, file_id)
    if file is None:
        return "no_file"
    try:
        data = await gridfs.read(deps.db, RENDITIONS, file)
    except CorruptFile:
        return "damaged"
    return None if gridfs.content_id(data, file["metadata"]) == file_id else "other_picture"


def files_of(renditions: Any) -> Iterator[str]:
    """The ids of the files that renditions name (`file_id`), however deep."""
    if isinstance(renditions, Mapping):
        if "file_id" in renditions:
            yield renditions["file_id"]
        for inner in renditions.values():
            yield from files_of(inner)
