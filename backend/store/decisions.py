"""Decisions as they were made: added, never changed. A correction is a further version.

{_id, schema, cycle, submission_id, version, school_id, district, case, outcome, opinion, decided_by: {person_id, name},
at, correction: reason | None}

`case` is JSON text in the exact form of `python -m backend decide`, and `outcome` the line that it prints for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Literal

from backend.store import outcomes, submissions
from backend.store.mongo import Database, Document, Session
from backend.store.numbered import of_ids
from backend.store.paging import page
from backend.store.submissions import Wanted
from inspection.rules.workflow import State

SCHEMA = 1
_WITHOUT_TEXTS = {"case": 0, "outcome": 0}
LISTED = {"school_id": 1, "school.name": 1, "district": 1, "state": 1}


async def insert(db: Database, session: Session, decision: Mapping[str, Any]) -> None:
    """Adds a decision."""
    await db.decisions.insert_one(dict(decision), session=session)


async def versions_of(db: Database, submission_id: str, session: Session | None = None) -> list[Document]:
    """All decisions on a submission from the first on, without case and outcome."""
    found = db.decisions.find({"submission_id": submission_id}, _WITHOUT_TEXTS, session=session)
    versions: list[Document] = await found.sort("version", 1).to_list(None)
    return versions


async def find_many(db: Database, decision_ids: Iterable[str], session: Session | None = None) -> dict[str, Document]:
    """Decisions by id, without case and outcome."""
    found = db.decisions.find({"_id": {"$in": list(decision_ids)}}, _WITHOUT_TEXTS, session=session)
    return {decision["_id"]: decision async for decision in found}


async def texts(
    db: Database, cycle_id: str, district: str | None, what: Literal["case", "outcome"]
) -> AsyncIterator[str]:
    """The case or the outcome of every decision of the cycle, or of a district's, by submission and version."""
    wanted = {"cycle": cycle_id} | ({} if district is None else {"district": district})
    async for decision in db.decisions.find(wanted, {what: 1}).sort([("submission_id", 1), ("version", 1)]):
        yield decision[what]


async def page_of_submissions(
    db: Database, cycle_id: str, states: Iterable[State], district: str | None, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the submissions in these states, by the schools' names."""
    wanted: dict[str, Any] = {"cycle": cycle_id, "state": {"$in": [state.value for state in states]}}
    if district is not None:
        wanted["district"] = district
    return await page(db.submissions, wanted, ("school.name", "_id"), limit, cursor, LISTED)


async def table(
    db: Database, cycle_id: str, wanted: Wanted, awarded: str | None, sort: str, skip: int, limit: int
) -> tuple[list[Document], int]:
    """Submissions for the table of decisions in an order of theirs or of their outcomes', those with the outcome
    `awarded` where one is asked for; and how many there are in all.

    Where outcomes have a say, the ids of both sides are put together here: what a submission is granted changes with
    every ruling, its state by other ways, and neither is kept twice.
    """
    by_outcome = sort in outcomes.SORTS
    if awarded is None and not by_outcome:
        return await submissions.table(db, cycle_id, wanted, sort, skip, limit, LISTED)
    known, graded = await asyncio.gather(
        submissions.ids(db, cycle_id, wanted, "name" if by_outcome else sort),
        outcomes.ids(db, cycle_id, awarded, sort if by_outcome else "total"),
    )
    first, others = (graded, set(known)) if by_outcome else (known, set(graded))
    ids = [each for each in first if each in others]
    return await of_ids(db.submissions, ids[skip : skip + limit], LISTED), len(ids)
