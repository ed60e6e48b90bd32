"""Uploads under way, and for a while those that are over.

{_id (also the id of their chunks in the bucket `originals`), schema, person_id, role, evidence_id, submission_id |
visit_id, said: {item, kind, name, taken_at, location, device, sha256}, metadata (as the client sent it), length (None
until its end where nobody announced it), offset, tail, content_type, state: receiving | stored | ended, receipt, lease:
{token, until, staged} | None, created_at, expires_at}

Bytes are chunks of 255 KiB; what is left over when a request ends stands in `tail`. While a request is under way only
chunks are written: where its process is killed, `recover` finds the offset from them. `staged` chunks are of a request
with a checksum, which counts as a whole or not at all.

Only the holder of the lease writes. It lapses by itself when no more bytes come; whoever lost it without knowing can
add no chunk that is there already, and no document that refers to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.binary import Binary
from pymongo import ReturnDocument

from backend.store import gridfs
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.mongo import Database, Document, Session

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to an upload, until a moment. `staged`: what is written counts only once it is released."""

    token: str
    until: datetime
    staged: bool = False

    def to_document(self) -> Document:
        """As an upload stores it."""
        return {"token": self.token, "until": self.until, "staged": self.staged}


async def insert(db: Database, upload: Document, session: Session | None = None) -> None:
    """Adds an upload."""
    await db.uploads.insert_one({"schema": SCHEMA, **upload}, session=session)


async def find(db: Database, upload_id: str) -> Document | None:
    """The upload with this id."""
    return await db.uploads.find_one({"_id": upload_id})


async def take_lease(db: Database, upload_id: str, lease: Lease, now: datetime) -> Document | None:
    """Gives the upload as it was, and the lease to the caller; None while another has it or nothing more is taken."""
    free = {
        "_id": upload_id,
        "state": "receiving",
        "expires_at": {"$gt": now},
        "$or": [{"lease": None}, {"lease.until": {"$lte": now}}],
    }
    # What was staged stays so until it is removed, whoever dies on the way.
    staged = {"$or": [lease.staged, {"$ifNull": ["$lease.staged", False]}]}
    taken = {**lease.to_document(), "staged": staged}
    return await db.uploads.find_one_and_update(
        free, [{"$set": {"lease": taken}}], return_document=ReturnDocument.BEFORE
    )


async def renew_lease(db: Database, upload_id: str, lease: Lease) -> bool:
    """Prolongs a lease; whether it was still the caller's."""
    mine = {"_id": upload_id, "lease.token": lease.token}
    return bool((await db.uploads.update_one(mine, {"$set": {"lease": lease.to_document()}})).matched_count)


async def release(
    db: Database, upload_id: str, token: str, offset: int, tail: bytes, content_type: str | None, expires_at: datetime
) -> bool:
    """Notes how far the upload has come and gives the lease back; whether it was still the caller's."""
    change = {
        "offset": offset,
        "tail": Binary(tail),
        "content_type": content_type,
        "lease": None,
        "expires_at": expires_at,
    }
    mine = {"_id": upload_id, "lease.token": token}
    return bool((await db.uploads.update_one(mine, {"$set": change})).matched_count)


def stored(length: int, receipt: Mapping[str, Any]) -> Document:
    """What an upload says once all its bytes are stored: nobody has its lease any more."""
    receipt = dict(receipt)
    return {"state": "stored", "length": length, "offset": length, "tail": None, "receipt": receipt, "lease": None}


async def finish(
    db: Database, session: Session, upload_id: str, token: str, length: int, receipt: Mapping[str, Any]
) -> bool:
    """Notes that all bytes are stored, and gives the lease back; whether it was still the caller's."""
    mine = {"_id": upload_id, "lease.token": token, "state": "receiving"}
    change = {"$set": stored(length, receipt)}
    return bool((await db.uploads.update_one(mine, change, session=session)).matched_count)


async def end(db: Database, upload_id: str, now: datetime, token: str | None = None) -> bool:
    """Ends an upload that is not stored: nothing more is taken, and the sweeper may have it; whether it was one.

    Whoever ends it without the lease (`token`) can't know that nobody writes: the sweeper waits until it has lapsed.
    """
    change: dict[str, Any] = {"state": "ended", "expires_at": now, "tail": None}
    wanted: dict[str, Any] = {"_id": upload_id, "state": "receiving"}
    if token is not None:
        wanted["lease.token"] = token
        change["lease"] = None
    return bool((await db.uploads.update_one(wanted, {"$set": change})).matched_count)


async def expire(db: Database, upload_id: str, now: datetime) -> None:
    """Lets the sweeper have an upload that is over."""
    await db.uploads.update_one({"_id": upload_id, "state": {"$ne": "receiving"}}, {"$set": {"expires_at": now}})


async def claim_expired(db: Database, now: datetime, lease: Lease) -> Document | None:
    """An upload whose time is over and that nobody has a lease on, with a lease for the caller."""
    over = {"expires_at": {"$lte": now}, "$or": [{"lease": None}, {"lease.until": {"$lte": now}}]}
    return await db.uploads.find_one_and_update(over, {"$set": {"lease": lease.to_document()}})


async def delete(db: Database, upload_id: str, token: str) -> None:
    """Forgets an upload, for the holder of its lease."""
    await db.uploads.delete_one({"_id": upload_id, "lease.token": token})


async def recover(db: Database, upload: Mapping[str, Any], lease: Lease) -> tuple[int, bytes]:
    """How far the upload, as `take_lease` gave it, has really come, and its tail; from here on it says so itself.

    Further than it said where a process was killed; chunks that were only staged are removed.
    """
    if was_staged(upload):
        await gridfs.delete_chunks(db, ORIGINALS, upload["_id"], upload["offset"] // CHUNK_BYTES)
    offset, tail = await progress(db, upload)
    if upload["lease"] is not None:
        mine = {"_id": upload["_id"], "lease.token": lease.token}
        found = {"offset": offset, "tail": Binary(tail), "lease": lease.to_document()}
        await db.uploads.update_one(mine, {"$set": found})
    return offset, tail


async def progress(db: Database, upload: Mapping[str, Any]) -> tuple[int, bytes]:
    """How far the upload has come by its chunks, and its tail."""
    known, tail = upload["offset"], upload["tail"] or b""
    # While nobody has a lease, the upload says itself how far it has come.
    if upload["lease"] is None or was_staged(upload):
        return known, tail
    chunks = await gridfs.next_chunk(db, ORIGINALS, upload["_id"])
    reached = chunks * CHUNK_BYTES
    if upload["length"] is not None:
        # The last chunk is a short one.
        reached = min(reached, upload["length"])
    return (reached, b"") if reached > known else (known, tail)


def was_staged(upload: Mapping[str, Any]) -> bool:
    """Whether what a request under way has written must not count yet."""
    return bool(upload["lease"] and upload["lease"]["staged"])
