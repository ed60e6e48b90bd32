"""Discrepancies as rows, one a submission × item × kind, kept in step with the case by `services.discrepancies`.

{_id, schema, cycle, submission_id, school_id, district, item, kind, delta, severity, changes_grade, rank, self:
{points, clauses}, agreed: {points, clauses}, state: open | answered | upheld | revised, current, live, at}

Points are hundredths. `rank` is the order in which the city works through all schools' rows, as a text that sorts.
`current` is false for a row that the case no longer has: it is kept where the school's answer to it is. `live` rows
stand in the city's queue: the current ones of submissions that are scored or decided.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import DeleteMany, InsertOne, UpdateMany, UpdateOne

from backend.store.mongo import Database, Document, Session
from backend.store.paging import page

SCHEMA = 1

# The same row has the same id for ever, whoever computes it.
_NAMESPACE = uuid.UUID("5b0b6a5e-3f0e-4a1b-9a59-0c6a3c0f7f2d")


def row_id(submission_id: str, item: str, kind: str) -> str:
    """The id of a row."""
    return str(uuid.uuid5(_NAMESPACE, f"{submission_id}/{item}/{kind}"))


async def of_submission(
    db: Database, submission_id: str, session: Session | None = None, *, current_only: bool = False
) -> list[Document]:
    """The rows of a submission, in no order; the ones that are no longer current too, or not."""
    wanted = {"submission_id": submission_id} | ({"current": True} if current_only else {})
    rows: list[Document] = await db.discrepancies.find(wanted, session=session).to_list(None)
    return rows


async def has_any(db: Database, session: Session, submission_id: str) -> bool:
    """Whether the submission has a current row."""
    wanted = {"submission_id": submission_id, "current": True}
    return await db.discrepancies.find_one(wanted, {"_id": 1}, session=session) is not None


async def write(
    db: Database,
    session: Session,
    added: Sequence[Document],
    changed: Mapping[str, Mapping[str, Any]],
    retired: Sequence[str],
    removed: Sequence[str],
) -> None:
    """Adds rows, sets fields of others by id, keeps some as no longer current, and removes some."""
    writes: list[Any] = [InsertOne(row) for row in added]
    writes += [UpdateOne({"_id": row_id}, {"$set": dict(fields)}) for row_id, fields in changed.items()]
    if retired:
        writes.append(UpdateMany({"_id": {"$in": list(retired)}}, {"$set": {"current": False, "live": False}}))
    if removed:
        writes.append(DeleteMany({"_id": {"$in": list(removed)}}))
    if writes:
        await db.discrepancies.bulk_write(writes, ordered=False, session=session)


async def set_state(db: Database, session: Session, submission_id: str, item: str, state: str) -> bool:
    """Sets the state of the current rows of an item; whether there are any."""
    wanted = {"submission_id": submission_id, "item": item, "current": True}
    result = await db.discrepancies.update_many(wanted, {"$set": {"state": state}}, session=session)
    return bool(result.matched_count)


async def leave_queue(db: Database, session: Session, submission_ids: Sequence[str]) -> None:
    """Takes the rows of these submissions off the city's queue."""
    wanted = {"submission_id": {"$in": list(submission_ids)}, "live": True}
    await db.discrepancies.update_many(wanted, {"$set": {"live": False}}, session=session)


async def page_of_queue(
    db: Database, cycle_id: str, filters: Mapping[str, str], limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the city's queue, what weighs most first; `filters` may hold district, state, kind, severity."""
    wanted = {"cycle": cycle_id, "live": True, **filters}
    return await page(db.discrepancies, wanted, ("rank", "_id"), limit, cursor)


async def states_of(db: Database, submission_ids: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """State and school's name of each of the submissions."""
    fields = {"state": 1, "school.name": 1}
    found = db.submissions.find({"_id": {"$in": list(submission_ids)}}, fields)
    return {each["_id"]: (each["state"], each["school"]["name"]) async for each in found}
