"""The pictures of countersignatures, one a visit, beside the visits: lists of those need none of them."""

from backend.store.mongo import Database, Session

SCHEMA = 1


async def put(db: Database, session: Session, visit_id: str, png: bytes) -> None:
    """Keeps the picture in the place of an earlier one."""
    change = {"$set": {"schema": SCHEMA, "png": png}}
    await db.countersignatures.update_one({"_id": visit_id}, change, upsert=True, session=session)


async def find(db: Database, visit_id: str) -> bytes | None:
    """The picture."""
    document = await db.countersignatures.find_one({"_id": visit_id})
    return bytes(document["png"]) if document is not None else None
