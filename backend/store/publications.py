"""Publications and the results frozen in them. Nothing of what is published is ever changed.

Publications: {_id, schema, cycle, version, kind: publication | correction, title, reason, submission_id (corrected) |
None, state: preparing | published, created_at, by: {person_id, name, role, session_id}, published_at, sha256,
public_sha256, schools, public: [{school, district, awarded, grade}]}

Entries: {_id, schema, publication_id, position, submission_id, school_id, school, district, awarded, content, moved,
told}. `content` is what is hashed. `moved` and `told` say how far its publication has come with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from backend.store.mongo import Database, Document, Session
from backend.store.paging import page

SCHEMA = 1
_CHUNK = 500
_SUMMARY = {"public": 0}


async def insert(db: Database, session: Session, publication: Mapping[str, Any], entries: Sequence[Document]) -> None:
    """Adds a publication with its entries, one at least."""
    await db.publications.insert_one(dict(publication), session=session)
    for start in range(0, len(entries), _CHUNK):
        await db.publication_entries.insert_many(entries[start : start + _CHUNK], session=session)


async def find(db: Database, publication_id: str | None, session: Session | None = None) -> Document | None:
    """The publication with this id, whatever its state."""
    return await db.publications.find_one({"_id": publication_id}, session=session)


async def complete(db: Database, session: Session, publication_id: str, now: datetime) -> bool:
    """Marks a publication as published; whether it was not yet."""
    preparing = {"_id": publication_id, "state": "preparing"}
    change = {"$set": {"state": "published", "published_at": now}}
    return bool((await db.publications.update_one(preparing, change, session=session)).matched_count)


async def page_of(db: Database, cycle_id: str, limit: int, cursor: str | None) -> tuple[list[Document], str | None]:
    """A page of the cycle's complete publications, newest first, without their lists."""
    wanted = {"cycle": cycle_id, "state": "published"}
    return await page(db.publications, wanted, ("version",), limit, cursor, _SUMMARY, descending=True)


async def not_yet(
    db: Database, session: Session, publication_id: str, step: Literal["moved", "told"], limit: int
) -> list[Document]:
    """The next entries that the publication has not come to with this step."""
    wanted = {"publication_id": publication_id, step: False}
    found = db.publication_entries.find(wanted, session=session).sort("position", 1).limit(limit)
    entries: list[Document] = await found.to_list(None)
    return entries


async def mark(db: Database, session: Session, entry_ids: Sequence[str], step: Literal["moved", "told"]) -> None:
    """Notes that the step is done for these entries."""
    wanted = {"_id": {"$in": list(entry_ids)}}
    await db.publication_entries.update_many(wanted, {"$set": {step: True}}, session=session)


async def entries_of(db: Database, publication_id: str, session: Session | None = None) -> list[Document]:
    """All entries of a publication, in order."""
    found = db.publication_entries.find({"publication_id": publication_id}, session=session)
    entries: list[Document] = await found.sort("position", 1).to_list(None)
    return entries


async def page_of_entries(
    db: Database, publication_id: str, filters: Mapping[str, str], limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the entries, in order; `filters` may hold school_id or district."""
    wanted = {"publication_id": publication_id, **filters}
    return await page(db.publication_entries, wanted, ("position",), limit, cursor)


async def has_entry(db: Database, publication_id: str | None, school_id: str, session: Session | None = None) -> bool:
    """Whether the school's result is in the publication."""
    wanted = {"publication_id": publication_id, "school_id": school_id}
    return await db.publication_entries.find_one(wanted, {"_id": 1}, session=session) is not None


async def count_entries(db: Database, publication_id: str) -> int:
    """How many schools a publication holds."""
    return await db.publication_entries.count_documents({"publication_id": publication_id}, hint="position")


async def awards(db: Database, publication_id: str) -> Mapping[str, str]:
    """The awarded grades of a publication by school."""
    found = db.publication_entries.find({"publication_id": publication_id}, {"_id": 0, "school_id": 1, "awarded": 1})
    return {each["school_id"]: each["awarded"] async for each in found if each["awarded"] is not None}
