"""Evidence of a submission: records of photos, files and stamped scans, by the id that the client made.

{_id, schema, submission_id, school_id, sha256, kind: photo | file | scan, name, size, item, added_at, added_by,
submitted_at (None: never part of a submitted form), removed_at, removed_by, blob_id (None until the bytes are stored),
stored_at, upload: {taken_at, location: {latitude, longitude}, device} | None (what was said with the bytes),
media_check: {trace_id, asked_at, found} (not there: WeChat was not asked), media_wanted: {openid, session_id} (for whom
WeChat is to be asked, once the picture is there to show)}. Nothing is ever deleted here.
"""

from collections.abc import Iterable
from datetime import datetime

from backend.store.mongo import Database, Document, Outrun, Session, outrun
from backend.store.paging import page

SCHEMA = 2


async def insert(db: Database, document: Document, session: Session) -> None:
    """Adds a record. Raises `Outrun` if the id is taken."""
    with outrun():
        await db.evidence.insert_one({"schema": SCHEMA, **document}, session=session)


async def find(db: Database, evidence_id: str, session: Session | None = None) -> Document | None:
    """The record with this id, removed or not."""
    return await db.evidence.find_one({"_id": evidence_id}, session=session)


async def find_many(db: Database, ids: Iterable[str]) -> dict[str, Document]:
    """Those of the records that there are and that were not removed, by id."""
    found = db.evidence.find({"_id": {"$in": list(ids)}})
    return {record["_id"]: record async for record in found if record["removed_at"] is None}


async def page_of(
    db: Database, submission_id: str, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the submission's evidence, oldest first, without what was removed."""
    wanted = {"submission_id": submission_id, "removed_at": None}
    return await page(db.evidence, wanted, ("added_at", "_id"), limit, cursor)


async def kinds_of(db: Database, submission_id: str, ids: Iterable[str]) -> dict[str, str]:
    """The kinds of those of the ids that are the submission's evidence and not removed."""
    wanted = {"_id": {"$in": list(ids)}, "submission_id": submission_id, "removed_at": None}
    return {document["_id"]: document["kind"] async for document in db.evidence.find(wanted, {"kind": 1})}


async def unasked_photos(db: Database, ids: Iterable[str]) -> list[Document]:
    """Those that are photos that WeChat was not asked about yet."""
    wanted = {"_id": {"$in": list(ids)}, "removed_at": None, "kind": "photo", "media_check": None}
    found: list[Document] = await db.evidence.find(wanted).to_list(None)
    return found


async def want_media_check(db: Database, ids: Iterable[str], openid: str, session_id: str) -> None:
    """Notes that WeChat is to be asked about photos, in the name of this user, by addresses for this session."""
    wanted = {"_id": {"$in": list(ids)}, "media_check": None}
    await db.evidence.update_many(wanted, {"$set": {"media_wanted": {"openid": openid, "session_id": session_id}}})


async def unchecked_photos(db: Database, submission_id: str) -> list[Document]:
    """The photos of the submitted form that WeChat was not asked about yet."""
    wanted = {"submission_id": submission_id, "removed_at": None, "kind": "photo", "submitted_at": {"$ne": None}}
    found: list[Document] = await db.evidence.find({**wanted, "media_check": None}).to_list(None)
    return found


async def set_media_check(db: Database, evidence_id: str, trace_id: str, now: datetime) -> None:
    """Notes that WeChat was asked about a photo, and under which id its finding will come."""
    change = {"$set": {"media_check": {"trace_id": trace_id, "asked_at": now, "found": None}}}
    await db.evidence.update_one({"_id": evidence_id}, change)


async def note_media_check(db: Database, trace_id: str, found: str) -> None:
    """Notes what WeChat found (pass, review or risky) under this id."""
    await db.evidence.update_one({"media_check.trace_id": trace_id}, {"$set": {"media_check.found": found}})


async def set_stored(db: Database, session: Session, evidence_id: str, stored: Document) -> None:
    """Notes the bytes of a record: `sha256`, `blob_id`, `stored_at`, `upload`. Raises `Outrun` where it waits for no
    bytes any more."""
    waiting = {"_id": evidence_id, "blob_id": None, "removed_at": None}
    if not (await db.evidence.update_one(waiting, {"$set": stored}, session=session)).matched_count:
        raise Outrun


async def unstored(db: Database, session: Session | None, ids: Iterable[str]) -> set[str]:
    """Those of the ids whose bytes have not come."""
    wanted = {"_id": {"$in": list(ids)}, "blob_id": None}
    return {document["_id"] async for document in db.evidence.find(wanted, {"_id": 1}, session=session)}


async def mark_submitted(db: Database, session: Session, ids: Iterable[str], now: datetime) -> None:
    """Notes that these are part of a form that was submitted; the first time stands."""
    wanted = {"_id": {"$in": list(ids)}, "submitted_at": None}
    await db.evidence.update_many(wanted, {"$set": {"submitted_at": now}}, session=session)


async def remove(db: Database, session: Session, evidence_id: str, now: datetime, person_id: str) -> bool:
    """Marks the record as removed; whether it was there."""
    change = {"$set": {"removed_at": now, "removed_by": person_id}}
    wanted = {"_id": evidence_id, "removed_at": None}
    return bool((await db.evidence.update_one(wanted, change, session=session)).matched_count)
