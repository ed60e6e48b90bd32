"""What each scored school adds to the city's figures, kept in step with its outcome: nothing is counted on a look.

{_id: the submission's, schema, cycle, district, stamp, applied, attained, awarded, total, indicators: {"1_1": [rows,
critical, delta]}, inspectors: [{id, counts: [of `inspection.rules.agreement.Comparison`]}], days, minutes}

Points are hundredths. There is one for every submission that is scored, decided or published, and for no other.
`stamp` is another number after every write: the sum of a cycle's stamps names the state of all its figures.
"""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from backend.store.mongo import Database, Document, Session, blocking
from inspection.rules.workflow import State

SCHEMA = 1
# The states in which a school counts.
COUNTED = (State.SCORED, State.DECIDED, State.PUBLISHED)
# A sum of many thousands still fits MongoDB's 64 bits.
_STAMP_BITS = 48
_FEW_PARTS = 3


async def put(db: Database, session: Session, submission: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Replaces what the submission adds."""
    document = {
        "_id": submission["_id"],
        "schema": SCHEMA,
        "cycle": submission["cycle"],
        "district": submission["district"],
        "stamp": secrets.randbits(_STAMP_BITS),
        **fields,
    }
    await db.figures.replace_one({"_id": submission["_id"]}, document, upsert=True, session=session)


async def remove(db: Database, session: Session, submission_id: str) -> None:
    """Takes what the submission adds away: its visit goes on, or it was withdrawn."""
    await db.figures.delete_one({"_id": submission_id}, session=session)


async def stands(db: Database, cycle_id: str) -> dict[tuple[str, str], tuple[int, int]]:
    """How many submissions have figures, and the sum of their stamps: the same sum, the same figures. By district and
    part of it: a part are the submissions whose ids begin with the same character, a sixteenth of them."""
    part = {"district": "$district", "part": {"$substrBytes": ["$_id", 0, 1]}}
    sums: list[dict[str, Any]] = [
        {"$match": {"cycle": cycle_id}},
        {"$group": {"_id": part, "sum": {"$sum": "$stamp"}, "count": {"$sum": 1}}},
    ]
    # The index holds all of it: no document is read.
    found = await db.figures.aggregate(sums, hint="stamps").to_list(None)
    return {(each["_id"]["district"], each["_id"]["part"]): (each["count"], each["sum"]) for each in found}


def of_parts_now(db: Database, cycle_id: str, district: str, parts: Collection[str]) -> dict[str, list[Document]]:
    """The figures of these parts of the district; for a thread, which it holds up."""
    wanted: dict[str, Any] = {"cycle": cycle_id, "district": district}
    found: dict[str, list[Document]] = {part: [] for part in parts}
    # Of many parts the whole district comes faster.
    ranges = [{"_id": {"$gte": part, "$lt": f"{part}\uffff"}} for part in parts] if len(parts) <= _FEW_PARTS else [{}]
    for each_range in ranges:
        for each in blocking(db).figures.find({**wanted, **each_range}, hint="stamps"):
            found.setdefault(each["_id"][:1], []).append(each)
    return {part: found[part] for part in parts}


async def counted_submissions(db: Database, cycle_id: str) -> int:
    """How many submissions should have figures."""
    return await db.submissions.count_documents(_counted(cycle_id), hint="state_id")


async def without(db: Database, cycle_id: str) -> list[str]:
    """The submissions that should have figures and have none: they were scored before there were any."""
    have = {each["_id"] async for each in db.figures.find({"cycle": cycle_id}, {"_id": 1}, hint="stamps")}
    wanted = db.submissions.find(_counted(cycle_id), {"_id": 1}, hint="state_id")
    return [each["_id"] async for each in wanted if each["_id"] not in have]


def _counted(cycle_id: str) -> dict[str, Any]:
    return {"cycle": cycle_id, "state": {"$in": [state.value for state in COUNTED]}}


async def overdue_by_district(db: Database, cycle_id: str, today: str) -> Mapping[str, int]:
    """How many visits of days before `today` (ISO 8601) are not closed, by district."""
    wanted = {"cycle": cycle_id, "state": {"$in": ["planned", "open"]}, "date": {"$lt": today}}
    counted = [{"$match": wanted}, {"$group": {"_id": "$district", "count": {"$sum": 1}}}]
    found = await db.visits.aggregate(counted, hint="overdue").to_list(None)
    return {each["_id"]: each["count"] for each in found}
