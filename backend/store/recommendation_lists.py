"""Recommendation lists (附件4), one a cycle and district, and who reviews a municipal district.

A list: {_id: "2022/hailing", schema, version, cycle, district, contact, phone, order: [submission ids],
handed_in_at (None: open), hand_ins: [{id, at, by, name, schools, sha256}], reopenings: [{at, by, name, reason}],
guard}. The last of `hand_ins` names the frozen list.

A frozen list, in `recommendation_list_snapshots`: {_id, schema, list, contact, phone, rows: [{…}]}.

A reviewer: {_id: "2022/municipal", schema, version, person_id}.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.store.mongo import Database, Document, Session

SCHEMA = 1


def list_id(cycle_id: str, district: str) -> str:
    """The id of the district's list in the cycle."""
    return f"{cycle_id}/{district}"


async def find(
    db: Database,
    cycle_id: str,
    district: str,
    session: Session | None = None,
    fields: Mapping[str, int] | None = None,
) -> Document | None:
    """The list as stored, whole or just `fields`; None where nothing was saved yet."""
    return await db.recommendation_lists.find_one({"_id": list_id(cycle_id, district)}, fields, session=session)


async def of_districts(db: Database, cycle_id: str, districts: Iterable[str]) -> dict[str, Document]:
    """When those of the districts' lists that were ever begun were handed in, by district."""
    ids = {list_id(cycle_id, district): district for district in districts}
    found = db.recommendation_lists.find({"_id": {"$in": list(ids)}}, {"handed_in_at": 1})
    return {ids[each["_id"]]: each async for each in found}


async def insert_snapshot(db: Database, session: Session, snapshot: Document) -> None:
    """Adds a frozen list."""
    await db.recommendation_list_snapshots.insert_one({"schema": SCHEMA, **snapshot}, session=session)


async def find_snapshot(db: Database, snapshot_id: str, session: Session | None = None) -> Document:
    """The frozen list with this id. KeyError where there is none."""
    document = await db.recommendation_list_snapshots.find_one({"_id": snapshot_id}, session=session)
    if document is None:
        raise KeyError(snapshot_id)
    return document


async def hold(db: Database, cycle_id: str, district: str, session: Session) -> None:
    """Makes this transaction and every other that holds the same list exclude each other.

    Handing in reads the district's submissions and writes the list; a school's submit reads the list and writes its
    submission. Either would see nothing of the other, were it not for this common write.
    """
    change = {
        "$inc": {"guard": 1},
        "$setOnInsert": {
            "schema": SCHEMA,
            "version": 0,
            "cycle": cycle_id,
            "district": district,
            "contact": None,
            "phone": None,
            "order": [],
            "handed_in_at": None,
            "hand_ins": [],
            "reopenings": [],
        },
    }
    await db.recommendation_lists.update_one({"_id": list_id(cycle_id, district)}, change, upsert=True, session=session)


async def save(db: Database, session: Session, document: Mapping[str, Any], put: Mapping[str, Any]) -> bool:
    """Sets fields of the list if its version is still as read; whether it was."""
    as_read = {"_id": document["_id"], "version": document["version"]}
    update = {"$set": dict(put), "$inc": {"version": 1}}
    return bool((await db.recommendation_lists.update_one(as_read, update, session=session)).matched_count)


async def find_reviewer(db: Database, cycle_id: str, district: str, session: Session | None = None) -> Document | None:
    """Who was named to review the municipal district."""
    return await db.district_reviewers.find_one({"_id": list_id(cycle_id, district)}, session=session)


async def set_reviewer(db: Database, session: Session, cycle_id: str, district: str, person_id: str) -> None:
    """Names the reviewer in the place of the one before."""
    change = {"$set": {"person_id": person_id}, "$inc": {"version": 1}, "$setOnInsert": {"schema": SCHEMA}}
    await db.district_reviewers.update_one({"_id": list_id(cycle_id, district)}, change, upsert=True, session=session)
