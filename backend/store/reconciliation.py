"""Reads what many cases are made of, a batch of submissions at a time."""

from collections.abc import Sequence

from backend.store.mongo import Database, Document
from inspection.rules.workflow import State


async def submissions_after(
    db: Database, cycle_id: str, states: Sequence[State], after: str, limit: int
) -> list[Document]:
    """The next submissions of the cycle in one of the states, in the order of their ids."""
    wanted = {"cycle": cycle_id, "state": {"$in": [state.value for state in states]}, "_id": {"$gt": after}}
    return await db.submissions.find(wanted).sort("_id", 1).limit(limit).to_list(None)
