"""What goes on about the publications of a cycle, in one document that all who must not miss each other write to.

{_id: cycle, schema, version, preparing: publication id | None, latest: id | None, count}

`preparing` is a publication that has begun and not come to its end; `latest` the newest that is complete: the one that
everybody sees. `count` numbers them.
"""

from collections.abc import Mapping
from typing import Any

from pymongo import ReturnDocument

from backend.store.mongo import Database, Document, Session

SCHEMA = 1


async def hold(db: Database, session: Session, cycle_id: str) -> Document:
    """What goes on; whoever else holds it in a transaction at the same time runs again."""
    change = {
        "$inc": {"version": 1},
        "$setOnInsert": {"schema": SCHEMA, "preparing": None, "latest": None, "count": 0},
    }
    held: Document = await db.publishing.find_one_and_update(
        {"_id": cycle_id}, change, upsert=True, return_document=ReturnDocument.AFTER, session=session
    )
    return held


async def change(db: Database, session: Session, cycle_id: str, fields: Mapping[str, Any]) -> None:
    """Sets fields, in a transaction that holds it."""
    await db.publishing.update_one({"_id": cycle_id}, {"$set": dict(fields)}, session=session)


async def read(db: Database, cycle_id: str, session: Session | None = None) -> Mapping[str, Any]:
    """What goes on, to be looked at only."""
    held = await db.publishing.find_one({"_id": cycle_id}, session=session)
    return held or {"preparing": None, "latest": None, "count": 0}


async def interrupted(db: Database) -> list[str]:
    """The publications, of whatever cycle, that have not come to their end."""
    unfinished = db.publishing.find({"preparing": {"$type": "string"}})
    return [each["preparing"] for each in await unfinished.to_list(None)]
