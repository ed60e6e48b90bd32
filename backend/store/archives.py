"""Reads all that belongs to a cycle, for its archive, a school or a page at a time."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from backend.store.mongo import Collection, Database, Document
from backend.store.paging import page

# Secrets and what can be had anew from elsewhere.
_PERSON = {"name": 1, "holdings": 1}
_BATCH = 200


async def submissions_of(db: Database, cycle_id: str) -> AsyncIterator[Document]:
    """All submissions of the cycle, by the schools' names; by the page, for a cursor of MongoDB would time out."""
    cursor: str | None = None
    while True:
        submissions, cursor = await page(db.submissions, {"cycle": cycle_id}, ("school.name", "_id"), 20, cursor)
        for submission in submissions:
            yield submission
        if cursor is None:
            return


async def of_submission(db: Database, submission: Document) -> dict[str, Any]:
    """All that belongs to a submission, by collection; `evidence` and `visit_photos` are records."""
    own = {"submission_id": submission["_id"]}
    visit = await db.visits.find_one({**own, "live": True})
    of_visit = {"visit_id": visit["_id"]} if visit else None
    return {
        "school": await db.schools.find_one({"_id": submission["school_id"]}),
        "submission": submission,
        "evidence": await _all(db.evidence, {**own, "removed_at": None}, ("added_at", "_id")),
        "visit": visit,
        "score_sheets": await _all(db.score_sheets, of_visit, ("inspector_id",)),
        "visit_photos": await _all(db.visit_photos, of_visit, ("taken_at", "_id")),
        "outcome": await db.outcomes.find_one({"_id": submission["_id"]}),
        "discrepancies": await db.discrepancies.find(own).to_list(None),
        "discrepancy_answers": await db.discrepancy_answers.find(own).to_list(None),
        "decisions": await _all(db.decisions, own, ("version",)),
    }


async def _all(collection: Collection, wanted: dict[str, Any] | None, order: tuple[str, ...]) -> list[Document]:
    if wanted is None:
        return []
    found: list[Document] = await collection.find(wanted).sort([(key, 1) for key in order]).to_list(None)
    return found


async def of_cycle(db: Database, cycle_id: str) -> dict[str, Any]:
    """What belongs to the cycle itself, by collection."""
    notices = await _all(db.public_notices, {"cycle": cycle_id}, ("opened_at", "_id"))
    return {
        "cycle": await db.cycles.find_one({"_id": cycle_id}),
        "public_notices": notices,
        "objections": [
            each
            for notice in notices
            for each in await _all(db.objections, {"notice_id": notice["_id"]}, ("recorded_at", "_id"))
        ],
        "publications": await _all(db.publications, {"cycle": cycle_id}, ("version",)),
    }


async def people(db: Database) -> AsyncIterator[Document]:
    """Everybody's name and roles, by which the ids in the archive are read."""
    async for person in db.people.find({}, _PERSON, batch_size=_BATCH).sort([("name", 1), ("_id", 1)]):
        yield person


async def audit_events(db: Database, since: datetime) -> AsyncIterator[Document]:
    """What happened from then on."""
    found = db.audit_events.find({"at": {"$gte": since}}, batch_size=_BATCH)
    async for event in found.sort([("at", 1), ("_id", 1)]):
        yield event
