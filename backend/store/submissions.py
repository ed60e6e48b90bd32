"""Submissions: a school × a cycle, with the application (附件2) and the self-assessment (附件3) inside.

{_id, schema, version, cycle, school_id, district, state, school: {name, stages},
application: {applied, school_phone, responsible: {name, phone}, contact: {name, phone}, teachers, teacher_computers,
highlights, stages: {primary: {classes, students, student_devices}}}, items: {"1_1_1": {points, clauses: {name: bool},
note, evidence: [ids]}}, indicator_notes: {"1_1": text}, scans: [ids], fields: {key: {version, since, by, at,
conflicts}}, review: {version, items: {"1_1_1": {remark, points}}, opinion, reviewers: [person ids]}, self_points,
history: [{event, round, at, by, name, role, reason, opinion, remarks, points}], created_at, submitted_at,
content_check: {at, review: [fields], unchecked: [fields]}}

Item codes are field names here, with underscores for dots: `items.1_1_1.points`. Points are hundredths; `self_points`
is the sum of what the school gives itself, by which lists are sorted. What was never filled in, or cleared, is None or
not there. `fields` says of each field of the form (`/items/1_1_1/points`) how often it was written, at which `version`
of the document last, and which other values await a choice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Document, Session
from backend.store.numbered import Order, ids_of, numbered
from backend.store.paging import page
from inspection.rules.workflow import State

SCHEMA = 2

_ITEMS = {"$objectToArray": "$items"}
# How many have points MongoDB counts for lists: the answers of 200 schools are megabytes.
_ANSWERED = {"$size": {"$filter": {"input": _ITEMS, "cond": {"$isNumber": "$$this.v.points"}}}}
# What a list shows of a submission: fields, and `self_points` (hundredths) and `answered` beside them.
SUMMARY: Mapping[str, Any] = {
    "cycle": 1,
    "school_id": 1,
    "school": 1,
    "district": 1,
    "state": 1,
    "version": 1,
    "application.applied": 1,
    "submitted_at": 1,
    "self_points": 1,
    "answered": _ANSWERED,
}


def item_key(code: str) -> str:
    """An item's or indicator's code as a field name: MongoDB reads dots as paths."""
    return code.replace(".", "_")


async def assessed_by(db: Database, submission_id: str, session: Session | None = None) -> Document | None:
    """The cycle of the submission, and the rubric that it is pinned to if it is; nothing else of it."""
    return await db.submissions.find_one({"_id": submission_id}, {"cycle": 1, "rubric_sha256": 1}, session=session)


async def of_states(db: Database, cycle_id: str, district: str | None, states: Iterable[State]) -> list[Document]:
    """Id, district and school of the submissions in these states, of a district or all, by the schools' names."""
    wanted: dict[str, Any] = {"cycle": cycle_id, "state": {"$in": [state.value for state in states]}}
    if district is not None:
        wanted["district"] = district
    found = db.submissions.find(wanted, {"district": 1, "school.name": 1})
    documents: list[Document] = await found.sort([("school.name", 1), ("_id", 1)]).to_list(None)
    return documents


def item_code(key: str) -> str:
    """The code of a field name."""
    return key.replace("_", ".")


def new_draft(submission_id: str, cycle_id: str, school: Mapping[str, Any], now: datetime) -> Document:
    """The empty draft of a school (as stored: `_id`, `district`, `name`, `stages`)."""
    return {
        "_id": submission_id,
        "schema": SCHEMA,
        "version": 1,
        "cycle": cycle_id,
        "school_id": school["_id"],
        "district": school["district"],
        "state": State.DRAFT.value,
        "school": {"name": school["name"], "stages": list(school["stages"])},
        "application": {
            "applied": None,
            "school_phone": None,
            "responsible": {"name": None, "phone": None},
            "contact": {"name": None, "phone": None},
            "teachers": None,
            "teacher_computers": None,
            "highlights": None,
            "stages": {},
        },
        "items": {},
        "indicator_notes": {},
        "scans": [],
        "self_points": 0,
        "fields": {},
        "review": {"version": 0, "items": {}, "opinion": None, "reviewers": []},
        "history": [],
        "created_at": now,
        "submitted_at": None,
    }


async def schools_with_one(db: Database, session: Session, cycle_id: str, school_ids: Sequence[str]) -> set[str]:
    """Which of the schools have a submission in the cycle."""
    wanted = {"cycle": cycle_id, "school_id": {"$in": list(school_ids)}}
    found = db.submissions.find(wanted, {"_id": 0, "school_id": 1}, session=session)
    return {document["school_id"] async for document in found}


async def insert_many(db: Database, session: Session, drafts: Sequence[Document]) -> None:
    """Adds drafts; none is no error."""
    if drafts:
        await db.submissions.insert_many(drafts, session=session)


async def find(
    db: Database, submission_id: str, session: Session | None = None, fields: Mapping[str, int] | None = None
) -> dict[str, Any] | None:
    """The submission as stored, whole or just `fields` (a projection)."""
    return await db.submissions.find_one({"_id": submission_id}, fields, session=session)


async def page_of(
    db: Database,
    cycle_id: str,
    filters: Mapping[str, str],
    limit: int,
    cursor: str | None,
) -> tuple[list[Document], str | None]:
    """A page of the cycle's submissions by the schools' names; `filters` may hold district, state."""
    wanted = {"cycle": cycle_id, **filters}
    return await page(db.submissions, wanted, ("school.name", "_id"), limit, cursor, SUMMARY)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a cycle's submissions: for each district the states, and a part of the school's name."""

    states: Sequence[tuple[str, Sequence[State]]]
    name: str | None = None

    def filter(self, cycle_id: str) -> Document:
        """The filter, one branch for the districts that share their states: with every field before the sort key said,
        the index gives the rows in their order."""
        by_states: dict[tuple[State, ...], list[str]] = {}
        for district, states in self.states:
            by_states.setdefault(tuple(states), []).append(district)
        named = {"school.name": {"$regex": re.escape(self.name), "$options": "i"}} if self.name else {}
        branches: list[Document] = [
            {"cycle": cycle_id, "district": {"$in": districts}, "state": {"$in": list(states)}, **named}
            for states, districts in by_states.items()
        ]
        return branches[0] if len(branches) == 1 else {"$or": branches}


# The sort keys and the index of each order that the table can be in.
_ORDERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "name": (("school.name", "_id"), "district_state"),
    "district": (("district", "school.name", "_id"), "district"),
    "submitted_at": (("submitted_at", "_id"), "submitted"),
    "applied": (("application.applied", "_id"), "applied"),
    "self_points": (("self_points", "_id"), "self_points"),
}
_TABLE = {
    **SUMMARY,
    "since": {"$ifNull": [{"$last": "$history.at"}, "$created_at"]},
    "returns": {"$size": {"$filter": {"input": "$history", "cond": {"$eq": ["$$this.event", "returned"]}}}},
}


async def table(
    db: Database,
    cycle_id: str,
    wanted: Wanted,
    sort: str,
    skip: int,
    limit: int,
    fields: Mapping[str, Any] = _TABLE,
) -> tuple[list[Document], int]:
    """Rows of a table (of its own: as `SUMMARY`, with `since` and `returns`) in an order (`name`, or `-name` for the
    other way round), and how many there are in all."""
    if not wanted.states:
        return [], 0
    return await numbered(db.submissions, wanted.filter(cycle_id), Order.of(_ORDERS, sort), skip, limit, fields)


async def ids(db: Database, cycle_id: str, wanted: Wanted, sort: str) -> list[str]:
    """The ids of all rows of a table, in the order; an index alone says them."""
    return await ids_of(db.submissions, wanted.filter(cycle_id), Order.of(_ORDERS, sort))


async def count_states(db: Database, cycle_id: str) -> dict[tuple[str, str], int]:
    """How many submissions of the cycle there are, by district and state; the index alone says it."""
    group = {"_id": {"district": "$district", "state": "$state"}, "count": {"$sum": 1}}
    pipeline: list[Document] = [{"$match": {"cycle": cycle_id}}, {"$group": group}]
    found = db.submissions.aggregate(pipeline, hint="district_state")
    return {(each["_id"]["district"], each["_id"]["state"]): each["count"] async for each in found}


async def school_names(db: Database, submission_ids: Iterable[str]) -> dict[str, str]:
    """What the schools of these submissions are called, by the submissions' ids."""
    found = db.submissions.find({"_id": {"$in": list(submission_ids)}}, {"school.name": 1})
    return {each["_id"]: each["school"]["name"] async for each in found}


async def of_school(db: Database, cycle_id: str, school_id: str, session: Session | None = None) -> Document | None:
    """What a list shows of the school's submission in the cycle."""
    return await db.submissions.find_one({"cycle": cycle_id, "school_id": school_id}, SUMMARY, session=session)


async def of_district(
    db: Database,
    session: Session | None,
    cycle_id: str,
    district: str,
    states: Iterable[State],
    fields: Mapping[str, Any],
) -> list[Document]:
    """The district's submissions in these states, as the projection `fields` shows them."""
    wanted = {"cycle": cycle_id, "district": district, "state": {"$in": [state.value for state in states]}}
    found: list[Document] = await db.submissions.find(wanted, fields, session=session).to_list(None)
    return found


async def save(
    db: Database,
    submission: Mapping[str, Any],
    put: Mapping[str, Any],
    cleared: Iterable[str],
    session: Session | None = None,
) -> bool:
    """Sets the fields `put` and removes `cleared`, all by path, if the submission is as it was read.

    Whether it was; the update is one, and so all is saved or nothing.
    """
    update: dict[str, Any] = {"$inc": {"version": 1}}
    removed = dict.fromkeys(cleared, "")
    if changed := {**put, **_self_points(submission, {**put, **dict.fromkeys(removed)})}:
        update["$set"] = changed
    if removed:
        update["$unset"] = removed
    return bool((await db.submissions.update_one(as_read(submission), update, session=session)).matched_count)


def self_points_of(items: Mapping[str, Any]) -> int:
    """The sum of the points of these answers, as they are stored."""
    return sum(item.get("points") or 0 for item in items.values())


def _self_points(submission: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, int]:
    """The sum as it is after changes by path; nothing where they change no points."""
    points = {}
    for path, value in changes.items():
        match path.split("."):
            case ["items", key, "points"]:
                points[key] = {"points": value}
    return {"self_points": self_points_of({**submission["items"], **points})} if points else {}


async def move(
    db: Database,
    session: Session,
    submission: Mapping[str, Any],
    target: State,
    changes: Mapping[str, Any] | None = None,
) -> bool:
    """Moves the submission from the state and version it was read in to `target`; whether nobody was faster.

    `changes` are fields to set in the same write.
    """
    update = {"$set": {"state": target.value, **(changes or {})}, "$inc": {"version": 1}}
    return bool((await db.submissions.update_one(as_read(submission), update, session=session)).matched_count)


def as_read(submission: Mapping[str, Any]) -> dict[str, Any]:
    """The filter that finds the submission only while it is in the state and version that it was read in."""
    return {"_id": submission["_id"], "state": submission["state"], "version": submission["version"]}
