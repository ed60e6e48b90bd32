"""Registered schools: {_id, schema, version, district, name, name_key, stages, phone, location, past_awards, …}.

`name_key` is the name as it is compared; within a district it is unique. `location` is {"lat", "lon"} in degrees
(WGS 84) or None, `past_awards` a list of {"year", "grade"}, in the order of years. A school has no twin and is never
removed.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from backend.names import name_key
from backend.store.mongo import Collection, Database, Document, Session
from backend.store.paging import page
from inspection.rules.workflow import State

SCHEMA = 2
_BATCH = 500
_LAST = "\U0010ffff"
_DUPLICATE_KEY = 11000


def new_school(
    school_id: str,
    district: str,
    name: str,
    stages: Sequence[str],
    registered_at: datetime,
    *,
    phone: str | None = None,
    location: Mapping[str, float] | None = None,
    past_awards: Sequence[Mapping[str, Any]] = (),
) -> Document:
    """A school as it is stored."""
    return {
        "_id": school_id,
        "schema": SCHEMA,
        "version": 1,
        "district": district,
        "name": name,
        "name_key": name_key(name),
        "stages": list(stages),
        "phone": phone,
        "location": dict(location) if location else None,
        "past_awards": [dict(award) for award in past_awards],
        "registered_at": registered_at,
    }


async def find(db: Database, school_id: str, session: Session | None = None) -> Document | None:
    """The school with this id."""
    return await db.schools.find_one({"_id": school_id}, session=session)


async def find_many(db: Database, school_ids: Iterable[str], session: Session | None = None) -> dict[str, Document]:
    """Those of the schools that there are, by id."""
    found = db.schools.find({"_id": {"$in": list(school_ids)}}, session=session)
    return {school["_id"]: school async for school in found}


async def names_of(db: Database, school_ids: Iterable[str]) -> dict[str, str]:
    """The schools' names by id; whoever is registered no more is not there."""
    found = db.schools.find({"_id": {"$in": list(school_ids)}}, {"name": 1})
    return {school["_id"]: school["name"] async for school in found}


async def find_in_districts(
    db: Database, districts: Iterable[str], session: Session | None = None
) -> dict[tuple[str, str], Document]:
    """All schools of the districts, by district and name key."""
    found = db.schools.find({"district": {"$in": list(districts)}}, session=session)
    return {(school["district"], school["name_key"]): school async for school in found}


async def in_batches(db: Database, session: Session | None = None) -> AsyncIterator[list[Document]]:
    """All schools, some hundreds at a time."""
    batch: list[Document] = []
    async for school in db.schools.find({}, session=session).sort("_id").batch_size(_BATCH):
        batch.append(school)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def list_page(
    db: Database, district: str | None, prefix: str | None, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """The schools of a district or of all, whose name begins so: by district and name, or by name alone."""
    wanted: dict[str, Any] = {} if district is None else {"district": district}
    keys: tuple[str, ...] = ("district", "name_key")
    if prefix:
        wanted["name_key"] = {"$gte": name_key(prefix), "$lt": name_key(prefix) + _LAST}
        keys = ("name_key", "_id") if district is None else keys
    return await page(db.schools, wanted, keys, limit, cursor)


async def insert_many(db: Database, session: Session, schools: Sequence[Document]) -> bool:
    """Adds the schools; False where a district has one of the name already (abort the transaction)."""
    try:
        for start in range(0, len(schools), _BATCH):
            await db.schools.insert_many(schools[start : start + _BATCH], session=session)
    except BulkWriteError as error:
        if not _only_duplicates(error):
            raise
        return False
    return True


Changes = Sequence[tuple[Document, Mapping[str, Any]]]


async def change_many(db: Database, session: Session, changes: Changes) -> bool | None:
    """Sets fields of schools, each as it was read; whether all still were so. None: a new name is another's.

    Unless it is True, abort the transaction.
    """
    updates = [
        UpdateOne(
            {"_id": school["_id"], "version": school["version"]}, {"$set": _with_key(fields), "$inc": {"version": 1}}
        )
        for school, fields in changes
    ]
    return await _write_all(db.schools, session, updates)


async def follow(db: Database, session: Session, cycle_id: str, states: Iterable[State], changes: Changes) -> None:
    """Lets the schools' submissions in the cycle, where they are in one of the states, say the same of them."""
    among = {"$in": [state.value for state in states]}
    updates = [
        UpdateOne(
            {"cycle": cycle_id, "school_id": school["_id"], "state": among},
            {"$set": {f"school.{name}": value for name, value in fields.items()}, "$inc": {"version": 1}},
        )
        for school, fields in changes
    ]
    await _write_all(db.submissions, session, updates)


async def submission_states(
    db: Database, session: Session | None, cycle_id: str, school_ids: Iterable[str]
) -> dict[str, State]:
    """The states of the schools' submissions in the cycle, by school."""
    wanted = {"cycle": cycle_id, "school_id": {"$in": list(school_ids)}}
    found = db.submissions.find(wanted, {"school_id": 1, "state": 1}, session=session)
    return {submission["school_id"]: State(submission["state"]) async for submission in found}


async def _write_all(collection: Collection, session: Session, updates: Sequence[UpdateOne]) -> bool | None:
    try:
        for start in range(0, len(updates), _BATCH):
            batch = updates[start : start + _BATCH]
            if (await collection.bulk_write(batch, ordered=False, session=session)).matched_count < len(batch):
                return False
    except BulkWriteError as error:
        if not _only_duplicates(error):
            raise
        return None
    return True


def _only_duplicates(error: BulkWriteError) -> bool:
    return all(each["code"] == _DUPLICATE_KEY for each in (error.details or {}).get("writeErrors", []))


def _with_key(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**fields, "name_key": name_key(fields["name"])} if "name" in fields else dict(fields)
