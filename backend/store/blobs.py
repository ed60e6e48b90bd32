"""Blobs: what there is of bytes. One document is one content within one school, however often it is used.

{_id (also the id of its file in the bucket `originals`), schema, school_id, sha256, size, content_type (by its first
bytes), received_at, check: {state: pending | checked | refused, attempts, lease_until, reason: code | None}, facts:
{width, height, taken_at, place: {latitude, longitude}, device} | None, renditions: {"2048": {"image/jpeg": {file_id,
size, width, height}, "image/webp": {…}}, "320": {…}}}

Records (`evidence`, `visit_photos`) refer to a blob by `blob_id`. A blob is there once its bytes are, for a majority.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from bson.min_key import MinKey
from pymongo import ASCENDING, ReturnDocument

from backend.store import gridfs
from backend.store.gridfs import ORIGINALS, RENDITIONS, CorruptFile
from backend.store.mongo import Database, Document, Session, outrun

SCHEMA = 1

Checked = Literal["checked", "refused"]


def new_blob(blob_id: str, school_id: str, sha256: str, size: int, content_type: str, now: datetime) -> Document:
    """A blob that was just received: it waits to be checked."""
    return {
        "_id": blob_id,
        "schema": SCHEMA,
        "school_id": school_id,
        "sha256": sha256,
        "size": size,
        "content_type": content_type,
        "received_at": now,
        "check": {"state": "pending", "attempts": 0, "lease_until": now, "reason": None},
        "facts": None,
        "renditions": {},
    }


async def insert(db: Database, session: Session, blob: Document) -> None:
    """Adds a blob and the document of its file, whose chunks are or will be there in this transaction. Raises `Outrun`
    for a content that the school has, or a file that there is."""
    with outrun():
        await db.blobs.insert_one(blob, session=session)
        await gridfs.insert_file(db, ORIGINALS, session, blob["_id"], blob["size"], blob["received_at"])


async def find(db: Database, blob_id: str, session: Session | None = None) -> Document | None:
    """The blob with this id."""
    return await db.blobs.find_one({"_id": blob_id}, session=session)


async def find_content(db: Database, school_id: str, sha256: str, session: Session | None = None) -> Document | None:
    """The school's blob with this content."""
    return await db.blobs.find_one({"school_id": school_id, "sha256": sha256}, session=session)


async def claim_next(db: Database, now: datetime, lease_until: datetime) -> Document | None:
    """The pending blob that has waited longest and that nobody has a lease on, with one until `lease_until`; it counts
    the attempt. None where there is nothing to do."""
    due = {"check.state": "pending", "check.lease_until": {"$lte": now}}
    change = {"$set": {"check.lease_until": lease_until}, "$inc": {"check.attempts": 1}}
    return await db.blobs.find_one_and_update(
        due, change, sort=[("check.lease_until", ASCENDING)], return_document=ReturnDocument.AFTER
    )


async def finish_check(
    db: Database,
    session: Session | None,
    blob: Mapping[str, Any],
    state: Checked,
    *,
    reason: str | None = None,
    facts: Mapping[str, Any] | None = None,
    renditions: Mapping[str, Any] | None = None,
) -> bool:
    """Notes what came of the check of a blob as `claim_next` gave it; whether its lease had not gone to another, and
    nobody has asked for another look since."""
    mine = _as_claimed(blob) | {"check.asked": blob["check"].get("asked")}
    found = {
        "check.state": state,
        "check.reason": reason,
        # Nobody's any more, should there be another look.
        "check.attempts": 0,
        "check.lease_until": blob["received_at"],
        "facts": dict(facts) if facts is not None else None,
        "renditions": dict(renditions or {}),
    }
    return bool((await db.blobs.update_one(mine, {"$set": found}, session=session)).matched_count)


async def look_again(db: Database, session: Session, blob_id: str) -> None:
    """Has a blob looked at once more, whose records have changed. One that is refused stays refused.

    A check that is under way then fails to finish, and is made again.
    """
    good = {"_id": blob_id, "check.state": {"$ne": "refused"}}
    await db.blobs.update_one(good, {"$set": {"check.state": "pending"}, "$inc": {"check.asked": 1}}, session=session)


async def release(db: Database, session: Session | None, blob: Mapping[str, Any], now: datetime) -> None:
    """Gives back the lease of a blob as `claim_next` gave it; the attempt doesn't count."""
    mine = _as_claimed(blob)
    change = {"$set": {"check.lease_until": now}, "$inc": {"check.attempts": -1}}
    await db.blobs.update_one(mine, change, session=session)


def _as_claimed(blob: Mapping[str, Any]) -> Document:
    return {"_id": blob["_id"], "check.state": "pending", "check.attempts": blob["check"]["attempts"]}


async def count_pending(db: Database) -> int:
    """How many blobs wait to be checked, or are being checked."""
    return await db.blobs.count_documents({"check.state": "pending", "check.lease_until": {"$gte": MinKey()}})


async def same_content(db: Database, blob: Mapping[str, Any], session: Session | None = None) -> list[str]:
    """The blobs of other schools with the same content."""
    found = db.blobs.find({"sha256": blob["sha256"]}, {"school_id": 1}, session=session)
    return [each["_id"] async for each in found if each["school_id"] != blob["school_id"]]


async def find_many(db: Database, blob_ids: Iterable[str], session: Session | None = None) -> dict[str, Document]:
    """Those of the blobs that there are, by id."""
    found = db.blobs.find({"_id": {"$in": list(blob_ids)}}, session=session)
    return {blob["_id"]: blob async for blob in found}


async def read_original(db: Database, blob: Mapping[str, Any]) -> bytes:
    """The bytes as they came, all at once (at most 20 MB). Raises `CorruptFile`."""
    return await gridfs.read(db, ORIGINALS, await _file(db, ORIGINALS, blob["_id"]))


async def read_original_range(db: Database, blob: Mapping[str, Any], start: int, stop: int) -> AsyncIterator[bytes]:
    """The bytes from `start` up to `stop` as they came, piece by piece. Raises `CorruptFile`."""
    async for piece in _read_range(db, ORIGINALS, blob["_id"], start, stop):
        yield piece


async def put_rendition(db: Database, data: bytes, now: datetime, content_type: str) -> str:
    """Stores a picture made from a blob, durably, and gives the id of its file: the same for the same picture."""
    return await gridfs.put(db, RENDITIONS, data, now, contentType=content_type)


async def read_renditions(db: Database, file_ids: Sequence[str]) -> dict[str, bytes]:
    """Small renditions by the ids of their files, read together; one that is not whole is left out."""
    return await gridfs.read_whole(db, RENDITIONS, file_ids)


async def read_rendition_range(db: Database, file_id: str, start: int, stop: int) -> AsyncIterator[bytes]:
    """The bytes from `start` up to `stop` of a rendition, piece by piece. Raises `CorruptFile`."""
    async for piece in _read_range(db, RENDITIONS, file_id, start, stop):
        yield piece


async def _read_range(db: Database, bucket: str, file_id: str, start: int, stop: int) -> AsyncIterator[bytes]:
    file = await _file(db, bucket, file_id)
    async for piece in gridfs.read_range(db, bucket, file, start, stop):
        yield piece


async def _file(db: Database, bucket: str, file_id: str) -> Document:
    file = await gridfs.find_file(db, bucket, file_id)
    if file is None:
        raise CorruptFile(f"{bucket} {file_id}: there is no such file")
    return file
