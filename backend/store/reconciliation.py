"""Reads what many cases are made of, a batch of submissions at a time."""

from collections.abc import Sequence

from backend.store.mongo import Database, Document
from inspection.rules.workflow import State

# How the form was filled in and reviewed takes more room than what it says, and weighs on no grade.
_LEFT_OUT = {"fields": 0, "history": 0, "indicator_notes": 0, "review.items": 0, "rounds": 0, "scans": 0}


async def submissions_after(
    db: Database, cycle_id: str, states: Sequence[State], after: str, limit: int
) -> list[Document]:
    """The next submissions of the cycle in one of the states, in the order of their ids, without their past."""
    wanted = {"cycle": cycle_id, "state": {"$in": [state.value for state in states]}, "_id": {"$gt": after}}
    return await db.submissions.find(wanted, _LEFT_OUT).sort("_id", 1).limit(limit).to_list(None)
