"""Photos taken on visits: records by the id that the phone made.

{_id, schema, visit_id, school_id, inspector_id, item, taken_at, received_at (the record), sha256 (None until it is
announced, or stored), blob_id (None until the bytes are stored), stored_at, upload: {taken_at, location: {latitude,
longitude}, device} | None (what was said with the bytes)}
"""

from typing import Any

from backend.store.mongo import Database, Document, Outrun, Session, outrun
from backend.store.paging import page

SCHEMA = 2


async def find(db: Database, photo_id: str, session: Session | None = None) -> Document | None:
    """The photo with this id."""
    return await db.visit_photos.find_one({"_id": photo_id}, session=session)


async def insert(db: Database, session: Session, photo: dict[str, Any]) -> None:
    """Adds a photo. Raises `Outrun` if the id is taken."""
    with outrun():
        await db.visit_photos.insert_one({"schema": SCHEMA, **photo}, session=session)


async def set_hash(db: Database, session: Session, photo_id: str, sha256: str) -> None:
    """Notes which content will come."""
    await db.visit_photos.update_one({"_id": photo_id, "sha256": None}, {"$set": {"sha256": sha256}}, session=session)


async def set_stored(db: Database, session: Session, photo_id: str, stored: Document) -> None:
    """Notes the bytes of a photo: `sha256`, `blob_id`, `stored_at`, `upload`. Raises `Outrun` where it waits for no
    such bytes any more."""
    waiting = {"_id": photo_id, "blob_id": None, "sha256": {"$in": [None, stored["sha256"]]}}
    if not (await db.visit_photos.update_one(waiting, {"$set": stored}, session=session)).matched_count:
        raise Outrun


async def unstored(db: Database, visit_id: str, session: Session | None = None) -> list[Document]:
    """The photos of the visit that were taken and have not arrived."""
    found = db.visit_photos.find({"visit_id": visit_id, "blob_id": None}, session=session)
    documents: list[Document] = await found.to_list(None)
    return sorted(documents, key=lambda photo: (photo["taken_at"], photo["_id"]))


async def of_visit(db: Database, visit_id: str) -> list[Document]:
    """All photos of the visit, in the order in which they were taken."""
    found = db.visit_photos.find({"visit_id": visit_id}).sort([("taken_at", 1), ("_id", 1)])
    photos: list[Document] = await found.to_list(None)
    return photos


async def page_of(db: Database, visit_id: str, limit: int, cursor: str | None) -> tuple[list[Document], str | None]:
    """A page of the visit's photos, in the order in which they were taken."""
    return await page(db.visit_photos, {"visit_id": visit_id}, ("taken_at", "_id"), limit, cursor)


async def hold_visit(db: Database, session: Session, visit_id: str) -> bool:
    """Makes this transaction and one that closes the visit exclude each other; whether it is not closed yet."""
    going_on = {"_id": visit_id, "state": {"$in": ["planned", "open"]}}
    return bool((await db.visits.update_one(going_on, {"$inc": {"photos": 1}}, session=session)).matched_count)
