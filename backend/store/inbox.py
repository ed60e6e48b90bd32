"""What people were told, as the inbox shows it; `store.outbox` writes it."""

from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Session
from backend.store.paging import page


async def page_of_person(
    db: Database, person_id: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the person's messages, newest first, and the cursor of the next."""
    return await page(db.inbox, {"person_id": person_id}, ("at", "_id"), limit, cursor, descending=True)


async def count_unread(db: Database, person_id: str) -> int:
    """How many of the person's messages are unread; the index alone says it."""
    return await db.inbox.count_documents({"person_id": person_id, "unread": True}, hint="unread")


async def mark_read(db: Database, person_id: str, message_id: str, now: datetime) -> dict[str, Any] | None:
    """Notes that the person has read it, and when first; None where it is not theirs."""
    mine = {"_id": message_id, "person_id": person_id}
    await db.inbox.update_one(mine | {"unread": True}, {"$set": {"unread": False, "read_at": now}})
    return await db.inbox.find_one(mine)


async def ids_of_person(db: Database, session: Session, person_id: str) -> list[str]:
    """The ids of all messages to the person."""
    return [row["_id"] async for row in db.inbox.find({"person_id": person_id}, {"_id": 1}, session=session)]


async def hand_over(db: Database, session: Session, message_ids: list[str], person_id: str) -> None:
    """Makes the messages another person's, read or not as they are."""
    change = {"$set": {"person_id": person_id}}
    await db.inbox.update_many({"_id": {"$in": message_ids}}, change, session=session)


async def read_times(db: Database, message_ids: list[str]) -> dict[str, datetime | None]:
    """When each of the messages was read in the app, by id."""
    rows = db.inbox.find({"_id": {"$in": message_ids}}, {"read_at": 1})
    return {row["_id"]: row["read_at"] async for row in rows}
