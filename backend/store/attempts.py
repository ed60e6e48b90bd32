"""Counters of attempts to sign in, stored so that all processes count together and a restart forgets nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from backend.store.mongo import Database


@dataclass(frozen=True, slots=True)
class Attempts:
    """So many attempts in the window that ends at `until`."""

    count: int
    until: datetime


async def add(db: Database, key: str, now: datetime, window: timedelta) -> Attempts:
    """Counts one more; the window begins with the first attempt. One atomic update, so none slips through."""
    fresh = {"$gt": ["$until", now]}
    change = [
        {
            "$set": {
                "count": {"$cond": [fresh, {"$add": ["$count", 1]}, 1]},
                "until": {"$cond": [fresh, "$until", now + window]},
            }
        }
    ]
    document = await db.sign_in_attempts.find_one_and_update(
        {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
    )
    return Attempts(document["count"], document["until"])


async def forget(db: Database, key: str) -> None:
    """Starts anew, after a success."""
    await db.sign_in_attempts.delete_one({"_id": key})


async def take_back(db: Database, key: str) -> None:
    """Counts one less."""
    await db.sign_in_attempts.update_one({"_id": key, "count": {"$gt": 0}}, {"$inc": {"count": -1}})
