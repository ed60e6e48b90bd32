"""Photos that a person should look into, one row a flagged record: kept in step with the record's flags.

{_id: the record's, schema, kind: evidence | visit_photo, cycle, submission_id, visit_id (None: a school's evidence),
school_id, district, item, kinds: [of `inspection.rules.photo_flags`], about: [the kinds, and each with its twins],
rank, at, state: open | settled, settled: {by, name, at, note} | None}

The flags themselves stand in the record. `rank` sorts what weighs most first.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from backend.store.mongo import Database, Document, Session
from backend.store.paging import page
from backend.store.photo_records import PhotoRecord
from inspection.rules.photo_flags import FlagKind

SCHEMA = 1
_RANKS: Mapping[str, int] = {kind: rank for rank, kind in enumerate(get_args(FlagKind))}


def row(
    record: PhotoRecord, submission: Mapping[str, Any], flags: Sequence[Mapping[str, Any]], now: datetime
) -> Document:
    """The row of a record with these flags, as it is at first."""
    return {
        "_id": record.id,
        "schema": SCHEMA,
        "kind": record.kind,
        "cycle": submission["cycle"],
        "submission_id": submission["_id"],
        "visit_id": record.document.get("visit_id"),
        "school_id": submission["school_id"],
        "district": submission["district"],
        "item": record.document["item"],
        "kinds": [flag["kind"] for flag in flags],
        "about": sorted(_about(flags)),
        "rank": min(_RANKS[flag["kind"]] for flag in flags),
        "at": now,
        "state": "open",
        "settled": None,
    }


def _about(flags: Iterable[Mapping[str, Any]]) -> set[str]:
    """What was to be looked into: a twin that comes later is something new."""
    about = {flag["kind"] for flag in flags}
    return about | {f"{flag['kind']} {use['record']}" for flag in flags for use in flag.get("elsewhere", ())}


async def put(
    db: Database,
    session: Session,
    record: PhotoRecord,
    submission: Mapping[str, Any],
    flags: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Brings the row in step with the record's flags; what was settled is open again where something new has come."""
    if not flags:
        await remove(db, session, record.id)
        return
    new = row(record, submission, flags, now)
    old = await find(db, record.id, session)
    if old is not None:
        kept = ("at", "state", "settled") if set(new["about"]) <= set(old["about"]) else ("at",)
        new |= {name: old[name] for name in kept}
    await db.photo_flags.replace_one({"_id": record.id}, new, upsert=True, session=session)


async def remove(db: Database, session: Session, record_id: str) -> None:
    """Takes the row of a record away, if there is one."""
    await db.photo_flags.delete_one({"_id": record_id}, session=session)


async def find(db: Database, record_id: str, session: Session | None = None) -> Document | None:
    """The row of a record."""
    return await db.photo_flags.find_one({"_id": record_id}, session=session)


async def settle(
    db: Database, session: Session, record_id: str, before: str, settled: Mapping[str, Any] | None
) -> bool:
    """Settles or reopens a row that is in the state `before`; whether it was."""
    change = {"state": "open" if settled is None else "settled", "settled": settled}
    found = await db.photo_flags.update_one({"_id": record_id, "state": before}, {"$set": change}, session=session)
    return bool(found.matched_count)


async def list_page(
    db: Database, cycle_id: str, filters: Mapping[str, str], limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the cycle's rows, what weighs most first; `filters` may hold state, district, kinds (one of them)."""
    return await page(db.photo_flags, {"cycle": cycle_id, **filters}, ("rank", "_id"), limit, cursor)
