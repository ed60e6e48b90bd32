"""WeChat's access token, one for all processes: {_id: app id, version, token (sealed by the gateway), expires_at,
holder, leased_until}.

`holder` is the process that fetches a new one, until `leased_until` at most.
"""

from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from backend.store.mongo import Database

SCHEMA = 1


async def read(db: Database, app_id: str) -> dict[str, Any] | None:
    """What is known of the token: None, or with `token` None, before the first."""
    return await db.wechat_tokens.find_one({"_id": app_id})


async def lease(db: Database, app_id: str, version: int, holder: str, now: datetime, until: datetime) -> bool:
    """Whether the holder may fetch a new token: nobody else does, and the version still is this one (0: none)."""
    free = {"_id": app_id, "version": version, "leased_until": {"$not": {"$gt": now}}}
    change = {"$set": {"holder": holder, "leased_until": until}, "$setOnInsert": {"schema": SCHEMA, "token": None}}
    try:
        await db.wechat_tokens.update_one(free, change, upsert=True)
    except DuplicateKeyError:
        return False
    return True


async def save(db: Database, app_id: str, token: str, expires_at: datetime) -> None:
    """Stores a new token, and ends the lease of whoever fetched it."""
    change = {"token": token, "expires_at": expires_at, "holder": None, "leased_until": None}
    await db.wechat_tokens.update_one({"_id": app_id}, {"$set": change, "$inc": {"version": 1}})


async def release(db: Database, app_id: str, holder: str) -> None:
    """Lets somebody else fetch the token, where the holder could not."""
    free = {"holder": None, "leased_until": None}
    await db.wechat_tokens.update_one({"_id": app_id, "holder": holder}, {"$set": free})
