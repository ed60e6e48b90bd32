"""Rubrics that were uploaded to be looked at, and what changes in the database when one is taken.

Candidates: {_id: SHA-256, schema, cycle, name, source, at, by: {person_id, name}}; they go after a month. What is taken
goes to `rubrics`, and stays.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Document, Session
from inspection.rules.workflow import State

SCHEMA = 1


async def put(db: Database, candidate: Mapping[str, Any]) -> None:
    """Keeps a candidate; the same again takes its place."""
    await db.rubric_candidates.replace_one({"_id": candidate["_id"]}, dict(candidate), upsert=True)


async def find(db: Database, sha256: str, session: Session | None = None) -> Document | None:
    """The candidate with this hash."""
    return await db.rubric_candidates.find_one({"_id": sha256}, session=session)


async def of_cycle(db: Database, cycle_id: str) -> list[Document]:
    """The candidates of the cycle, newest first."""
    found = db.rubric_candidates.find({"cycle": cycle_id}).sort([("at", -1), ("_id", -1)])
    candidates: list[Document] = await found.to_list(20)
    return candidates


async def remove(db: Database, session: Session, sha256: str) -> bool:
    """Forgets a candidate; whether there was one."""
    return bool((await db.rubric_candidates.delete_one({"_id": sha256}, session=session)).deleted_count)


async def count(db: Database, cycle_id: str, state: State, session: Session | None = None) -> int:
    """How many submissions of the cycle are in the state."""
    return await db.submissions.count_documents(
        {"cycle": cycle_id, "state": state.value}, hint="state_id", session=session
    )


async def adopt(
    db: Database, session: Session, cycle_id: str, version: int, candidate: Mapping[str, Any], now: datetime
) -> bool:
    """Makes the candidate the cycle's rubric; whether the cycle still was of this version."""
    kept = {"schema": 1, "name": candidate["name"], "source": candidate["source"]}
    await db.rubrics.update_one({"_id": candidate["_id"]}, {"$setOnInsert": kept}, upsert=True, session=session)
    change = {"$set": {"rubric_sha256": candidate["_id"], "rubric_changed_at": now}, "$inc": {"version": 1}}
    found = await db.cycles.update_one({"_id": cycle_id, "version": version}, change, session=session)
    return bool(found.matched_count)


async def pin_published(db: Database, session: Session, cycle_id: str, sha256: str) -> int:
    """Lets the published submissions of the cycle keep the rubric that they were published by; how many there were."""
    wanted = {"cycle": cycle_id, "state": State.PUBLISHED.value, "rubric_sha256": {"$exists": False}}
    pinned = {"$set": {"rubric_sha256": sha256}, "$inc": {"version": 1}}
    return int((await db.submissions.update_many(wanted, pinned, session=session)).modified_count)


async def outdated(db: Database, cycle_id: str, sha256: str) -> list[str]:
    """The scored submissions whose outcome is of another rubric than this one."""
    current = {
        each["_id"] async for each in db.outcomes.find({"cycle": cycle_id, "rubric": sha256}, {"_id": 1}, hint="rubric")
    }
    scored = db.submissions.find({"cycle": cycle_id, "state": State.SCORED.value}, {"_id": 1}, hint="state_id")
    return [each["_id"] async for each in scored.sort("_id", 1) if each["_id"] not in current]
