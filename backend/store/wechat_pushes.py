"""Pushes of WeChat's that were dealt with, so that each is once, however often it comes.

{_id: what the push is known by, schema, at, expires_at}. WeChat comes again within seconds; a day is plenty.
"""

from datetime import datetime, timedelta

from backend.store.mongo import Database

SCHEMA = 1
_KEPT = timedelta(days=1)


async def is_known(db: Database, key: str) -> bool:
    """Whether the push was dealt with."""
    return await db.wechat_pushes.find_one({"_id": key}, {"_id": 1}) is not None


async def note(db: Database, key: str, now: datetime) -> None:
    """The push is dealt with; noting it twice is harmless."""
    change = {"$setOnInsert": {"schema": SCHEMA, "at": now, "expires_at": now + _KEPT}}
    await db.wechat_pushes.update_one({"_id": key}, change, upsert=True)
