"""What one process does for all from time to time: {_id: name, schema, due_at}."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from backend.store.mongo import Database

SCHEMA = 1


async def claim(db: Database, name: str, now: datetime, again_at: datetime) -> bool:
    """Whether the job is due, and ours: it is due again at `again_at`, for whoever is first then."""
    due = {"_id": name, "due_at": {"$lte": now}}
    change = {"$set": {"due_at": again_at}, "$setOnInsert": {"schema": SCHEMA}}
    try:
        await db.jobs.update_one(due, change, upsert=True)
    except DuplicateKeyError:
        return False
    return True
