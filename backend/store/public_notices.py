"""Public notices (公示) and the objections to them.

Notices: {_id, schema, cycle, until: "2022-10-31", ends_at, text, awarded: [{school, district, awarded}], covers:
{school id: name}, schools, opened_at, opened_by}; they never change. `covers` are all decided schools, awarded or not.

Objections: {_id, schema, version, notice_id, cycle, school_id, school_name, text, from, state: open | sustained |
dismissed, recorded_at, recorded_by, settled_at, settled_by, reason}.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Document, Session
from backend.store.paging import page
from inspection.rules.workflow import State

SCHEMA = 1
_SUMMARY = {"awarded": 0, "covers": 0}


async def insert(db: Database, session: Session, notice: Mapping[str, Any]) -> None:
    """Adds a notice."""
    await db.public_notices.insert_one(dict(notice), session=session)


async def find(db: Database, notice_id: str, session: Session | None = None) -> Document | None:
    """The notice with this id."""
    return await db.public_notices.find_one({"_id": notice_id}, session=session)


async def page_of(db: Database, cycle_id: str, limit: int, cursor: str | None) -> tuple[list[Document], str | None]:
    """A page of the cycle's notices, newest first, without their lists."""
    wanted = {"cycle": cycle_id}
    return await page(db.public_notices, wanted, ("opened_at", "_id"), limit, cursor, _SUMMARY, descending=True)


async def last_end(db: Database, session: Session | None, cycle_id: str) -> datetime | None:
    """When the notice of the cycle that runs longest is over; None where there was none."""
    found = db.public_notices.find({"cycle": cycle_id}, {"ends_at": 1}, session=session)
    notices = await found.sort("ends_at", -1).limit(1).to_list(None)
    return notices[0]["ends_at"] if notices else None


async def decided(db: Database, session: Session | None, cycle_id: str) -> list[Document]:
    """The decided submissions of the cycle: who they are of."""
    wanted = {"cycle": cycle_id, "state": State.DECIDED.value}
    fields = {"school_id": 1, "school.name": 1, "district": 1}
    submissions: list[Document] = await db.submissions.find(wanted, fields, session=session).to_list(None)
    return submissions


async def insert_objection(db: Database, session: Session, objection: Mapping[str, Any]) -> None:
    """Adds an objection."""
    await db.objections.insert_one(dict(objection), session=session)


async def find_objection(
    db: Database, notice_id: str, objection_id: str, session: Session | None = None
) -> Document | None:
    """The objection to this notice."""
    return await db.objections.find_one({"_id": objection_id, "notice_id": notice_id}, session=session)


async def settle_objection(
    db: Database, session: Session, objection: Mapping[str, Any], fields: Mapping[str, Any]
) -> bool:
    """Sets the fields if it is as it was read; whether it was."""
    as_read = {"_id": objection["_id"], "version": objection["version"]}
    change = {"$set": dict(fields), "$inc": {"version": 1}}
    return bool((await db.objections.update_one(as_read, change, session=session)).matched_count)


async def page_of_objections(
    db: Database, notice_id: str, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the objections to a notice, in the order in which they came."""
    return await page(db.objections, {"notice_id": notice_id}, ("recorded_at", "_id"), limit, cursor)


async def open_objections(db: Database, session: Session | None, cycle_id: str) -> list[str]:
    """The names of the schools with an objection that waits to be settled, one each."""
    found = db.objections.find({"cycle": cycle_id, "state": "open"}, {"school_name": 1}, session=session)
    return sorted([each["school_name"] for each in await found.to_list(None)])
