"""The school's answers to discrepancies, one a submission × item, and the window in which it may give them.

{_id, schema, version, cycle, submission_id, school_id, item, text, evidence: [ids], state: answered | upheld | revised,
answered_at, answered_by, settled_at, settled_by: {person_id, name} | None, reason, ruling_id,
content_check: {at, review: ["/text"], unchecked: ["/text"]} | None}

The window stands in the submission, `answer_window: {opened_at, closes, round, opened_by}`; every write here touches
the submission too, so that an answer and the decision, in two transactions, can't miss each other.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Document, Session
from inspection.rules.workflow import State

SCHEMA = 1
_COUNT = {"discrepancies": 1}
_NAMESPACE = uuid.UUID("0d5f6c0e-7f5b-4f2b-8a0e-4c8f8d2a8f11")


def answer_id(submission_id: str, item: str) -> str:
    """The id of the answer on an item."""
    return str(uuid.uuid5(_NAMESPACE, f"{submission_id}/{item}"))


async def set_window(db: Database, session: Session, submission: Mapping[str, Any], window: Mapping[str, Any]) -> bool:
    """Sets the window of the submission as read in this transaction; whether nobody was faster."""
    as_read = {"_id": submission["_id"], "state": submission["state"], "version": submission["version"]}
    change = {"$set": {"answer_window": dict(window)}, "$inc": {"version": 1}}
    return bool((await db.submissions.update_one(as_read, change, session=session)).matched_count)


async def touch(db: Database, session: Session, submission_id: str) -> None:
    """Counts a write to the submission: a decision on it that is being made meanwhile runs again."""
    await db.submissions.update_one({"_id": submission_id}, {"$inc": {"version": 1}}, session=session)


async def find(db: Database, session: Session | None, submission_id: str, item: str) -> Document | None:
    """The answer on an item."""
    return await db.discrepancy_answers.find_one({"_id": answer_id(submission_id, item)}, session=session)


async def of_submission(db: Database, submission_id: str, session: Session | None = None) -> list[Document]:
    """All answers of a submission, in no order."""
    found = db.discrepancy_answers.find({"submission_id": submission_id}, session=session)
    answers: list[Document] = await found.to_list(None)
    return answers


async def put(db: Database, session: Session, answer: Mapping[str, Any]) -> None:
    """Writes the answer, the first time or anew."""
    await db.discrepancy_answers.replace_one({"_id": answer["_id"]}, answer, upsert=True, session=session)


async def unsettled_items(db: Database, session: Session | None, submission_id: str) -> list[str]:
    """The items whose answer waits to be settled."""
    wanted = {"submission_id": submission_id, "state": "answered"}
    found = db.discrepancy_answers.find(wanted, {"item": 1}, session=session)
    return [answer["item"] for answer in await found.to_list(None)]


async def scored_with_rows(db: Database, cycle_id: str) -> list[str]:
    """The submissions that are scored and have something to answer, in the order of their ids."""
    scored = {"cycle": cycle_id, "state": State.SCORED.value}
    ids = sorted([each["_id"] async for each in db.submissions.find(scored, {"_id": 1})])
    counts = {each["_id"]: each["discrepancies"] async for each in db.outcomes.find({"_id": {"$in": ids}}, _COUNT)}
    return [each for each in ids if counts.get(each)]


def is_open(window: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether the school may answer at `now`; the moment at which the window closes is outside."""
    return window is not None and bool(now < window["closes"])


async def known_evidence(db: Database, session: Session, submission_id: str, ids: Sequence[str]) -> dict[str, bool]:
    """Those of the ids that are the submission's evidence and not removed, each with whether its bytes are stored."""
    wanted = {"_id": {"$in": list(ids)}, "submission_id": submission_id, "removed_at": None}
    found = db.evidence.find(wanted, {"blob_id": 1}, session=session)
    return {each["_id"]: each["blob_id"] is not None async for each in found}
