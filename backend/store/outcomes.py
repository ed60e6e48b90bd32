"""The outcome of each submission as it stands: what it would be granted now, and the decision where there is one.

{_id: the submission's, schema, version, cycle, school_id, district, applied, total, attained, awarded, explanation:
[{grade, points_short, clauses_unmet: [{item, clause}]}], shortest_path, discrepancies, rubric: SHA-256, at,
decision: {id, version} | None}

Points are hundredths. It follows from the case (`services.discrepancies.refresh`); the decisions themselves, with the
case that they stand on, are in `store.decisions`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.store.mongo import Database, Document, Session
from backend.store.numbered import Order, ids_of

SCHEMA = 1

# What stands for no grade in a filter.
NO_GRADE = "none"

_ORDERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "total": (("total", "_id"), "total"),
    "discrepancies": (("discrepancies", "_id"), "discrepancies"),
}
# Orders by what the outcome says; all others are those of the submissions.
SORTS = frozenset(direction + key for key in _ORDERS for direction in ("", "-"))


async def put(db: Database, session: Session, submission: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
    """Replaces what follows from the case; the pointer to the decision stays where `outcome` has none."""
    document = {
        "schema": SCHEMA,
        "cycle": submission["cycle"],
        "school_id": submission["school_id"],
        "district": submission["district"],
        **outcome,
    }
    undecided = {} if "decision" in outcome else {"$setOnInsert": {"decision": None}}
    change = {"$set": document, "$inc": {"version": 1}, **undecided}
    await db.outcomes.update_one({"_id": submission["_id"]}, change, upsert=True, session=session)


async def set_decision(db: Database, session: Session, submission_id: str, decision: Mapping[str, Any] | None) -> None:
    """Points at the decision ({"id", "version"}) that stands, or at none."""
    change = {"$set": {"decision": decision}, "$inc": {"version": 1}}
    await db.outcomes.update_one({"_id": submission_id}, change, session=session)


async def find(db: Database, submission_id: str, session: Session | None = None) -> Document | None:
    """The outcome of a submission; None until its visit is closed for the first time."""
    return await db.outcomes.find_one({"_id": submission_id}, session=session)


async def awards_of(db: Database, submission_ids: Iterable[str]) -> list[str | None]:
    """What each of the submissions is granted."""
    found = db.outcomes.find({"_id": {"$in": list(submission_ids)}}, {"awarded": 1})
    return [outcome.get("awarded") async for outcome in found]


async def by_submission(
    db: Database, submission_ids: Iterable[str], session: Session | None = None
) -> Mapping[str, Document]:
    """The outcomes of these submissions, by submission."""
    found = db.outcomes.find({"_id": {"$in": list(submission_ids)}}, session=session)
    return {outcome["_id"]: outcome for outcome in await found.to_list(None)}


async def ids(db: Database, cycle_id: str, awarded: str | None, sort: str) -> list[str]:
    """The submissions with an outcome (None: all; "none": below every grade; or granted this grade), in an order; an
    index alone says them."""
    wanted: dict[str, Any] = {"cycle": cycle_id}
    if awarded is not None:
        # Bounds of an index: whether a field is null, only the document says.
        wanted["awarded"] = {"$not": {"$gt": ""}} if awarded == NO_GRADE else awarded
    return await ids_of(db.outcomes, wanted, Order.of(_ORDERS, sort))
