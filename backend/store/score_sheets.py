"""Score sheets: one inspector × one visit. `batches` is only ever appended to; all else follows from it.

A batch is {device, received, version, operations: [{id, seq, at, item, field, value, saw}]}: `received` by the server,
`at` in milliseconds by the device's clock, corrected, `version` that of the sheet when it was taken in.

`points`, `clauses` and `note` hold what stands for each item (keys like `1_1_1`, points in hundredths). `first` holds
the points with which an item was first scored, blind. `own` is the school's self-assessment, copied when the visit
starts as it is shown item by item (points as numbers). `version` counts the writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pymongo import UpdateOne

from backend.store.mongo import Database, Document, Session, blocking

SCHEMA = 1
# What a signed sheet counts with.
SIGNED_FIELDS = {"visit_id": 1, "inspector_id": 1, "name": 1, "state": 1, "points": 1, "clauses": 1}

# Visit and inspector.
SheetKey: TypeAlias = tuple[str, str]


def new_sheet(
    sheet_id: str, visit: Mapping[str, Any], member: Mapping[str, Any], assigned: Sequence[str] | None
) -> Document:
    """The empty sheet of a member of the visit's team; `assigned` are the indicators to score, None: all."""
    return {
        "_id": sheet_id,
        "schema": SCHEMA,
        "version": 1,
        "cycle": visit["cycle"],
        "visit_id": visit["_id"],
        "inspector_id": member["inspector_id"],
        "name": member["name"],
        "member": True,
        "phase": "planned",
        "state": "draft",
        "signed_at": None,
        "stages": list(visit["stages"]),
        "assigned": None if assigned is None else list(assigned),
        "batches": [],
        "size": 0,
        "points": {},
        "clauses": {},
        "note": {},
        "conflicts": [],
        "first": {},
        "own": None,
    }


async def signed_by_visit(
    db: Database, visit_ids: Sequence[str], session: Session | None = None
) -> Mapping[str, list[Document]]:
    """What the signed sheets of these visits say, by visit, without notes and batches."""
    wanted = {"visit_id": {"$in": list(visit_ids)}, "state": "signed"}
    sheets: dict[str, list[Document]] = {visit_id: [] for visit_id in visit_ids}
    for sheet in await db.score_sheets.find(wanted, SIGNED_FIELDS, session=session).to_list(None):
        sheets[sheet["visit_id"]].append(sheet)
    return sheets


async def of_visit(
    db: Database, visit_id: str, session: Session | None = None, fields: Mapping[str, int] | None = None
) -> list[Document]:
    """All sheets of the visit, or just `fields` of them."""
    return await db.score_sheets.find({"visit_id": visit_id}, fields, session=session).to_list(None)


async def of_visits(db: Database, visit_ids: Sequence[str], fields: Mapping[str, int]) -> Mapping[str, list[Document]]:
    """These fields of the sheets of these visits, by visit."""
    sheets: dict[str, list[Document]] = {visit_id: [] for visit_id in visit_ids}
    found = db.score_sheets.find({"visit_id": {"$in": list(visit_ids)}}, {**fields, "visit_id": 1})
    for sheet in await found.to_list(None):
        sheets[sheet["visit_id"]].append(sheet)
    return sheets


async def own_by_visit(db: Database, visit_ids: Sequence[str], inspector_id: str) -> Mapping[str, Document]:
    """State and version of the inspector's sheets of these visits, by visit."""
    wanted = {"visit_id": {"$in": list(visit_ids)}, "inspector_id": inspector_id}
    fields = {"visit_id": 1, "state": 1, "version": 1, "signed_at": 1}
    return {each["visit_id"]: each for each in await db.score_sheets.find(wanted, fields).to_list(None)}


async def visit_of(db: Database, sheet_id: str) -> str | None:
    """The visit that a sheet is of."""
    found = await db.score_sheets.find_one({"_id": sheet_id}, {"visit_id": 1})
    return found["visit_id"] if found else None


async def insert_many(db: Database, session: Session, sheets: Sequence[Document]) -> None:
    """Adds the sheets; none is no error."""
    if sheets:
        await db.score_sheets.insert_many(sheets, session=session)


async def change(
    db: Database, session: Session, sheet: Mapping[str, Any], update: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Updates the sheet if it is still of the version it was read in; whether it was. Counts the version."""
    as_read = {"_id": sheet["_id"], "version": sheet["version"]}
    counted = {**update, "$inc": {"version": 1}}
    return bool((await db.score_sheets.update_one(as_read, counted, session=session)).matched_count)


async def of_inspector(
    db: Database, visit_id: str, inspector_id: str, session: Session | None = None
) -> Document | None:
    """The inspector's sheet of the visit, whole."""
    return await db.score_sheets.find_one({"visit_id": visit_id, "inspector_id": inspector_id}, session=session)


def own_now(db: Database, keys: Sequence[SheetKey]) -> Mapping[SheetKey, Document]:
    """The same of several visits and inspectors, in one round trip, for a thread, which it holds up."""
    wanted = [{"visit_id": visit_id, "inspector_id": inspector_id} for visit_id, inspector_id in keys]
    found = blocking(db).score_sheets.find(wanted[0] if len(wanted) == 1 else {"$or": wanted})
    return {(sheet["visit_id"], sheet["inspector_id"]): sheet for sheet in found}


@dataclass(frozen=True, slots=True)
class Append:
    """A batch for a sheet as it was read, what follows from it, and by how many bytes the sheet grows."""

    sheet: Mapping[str, Any]
    batch: Mapping[str, Any]
    changes: Mapping[str, Any]
    size: int


def append_now(db: Database, appends: Sequence[Append]) -> bool:
    """Appends each batch to a sheet of its own and sets what follows from it, in one round trip; whether all of them
    were appended. Where somebody was faster with a sheet, this one's batch was not, and nobody says which.

    It is for a thread, which it holds up.
    """
    writes = [
        UpdateOne(
            {"_id": each.sheet["_id"], "version": each.sheet["version"]},
            {"$push": {"batches": each.batch}, "$set": each.changes, "$inc": {"version": 1, "size": each.size}},
        )
        for each in appends
    ]
    return blocking(db).score_sheets.bulk_write(writes, ordered=False).matched_count == len(writes)


async def open_all(db: Database, session: Session, visit_id: str, own: Mapping[str, Any]) -> None:
    """Opens the sheets of a visit that starts, each with a copy of the school's self-assessment."""
    change = {"$set": {"phase": "open", "own": dict(own)}, "$inc": {"version": 1}}
    await db.score_sheets.update_many({"visit_id": visit_id}, change, session=session)


async def set_phase(db: Database, session: Session, visit_id: str, phase: str) -> None:
    """Moves all sheets of the visit to a phase: open, or closed, in which they take nothing in."""
    change = {"$set": {"phase": phase}, "$inc": {"version": 1}}
    await db.score_sheets.update_many({"visit_id": visit_id}, change, session=session)
