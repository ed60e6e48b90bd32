"""Cycles as opened, whole: what stands in config/ later changes none. Each pins its rubric, whose file is stored too.

A cycle's rules and targets are kept as exact JSON text, its dates as datetimes, a rubric as the bytes of its file.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo.errors import DuplicateKeyError

from backend.config_files import parse_rubric_file
from backend.store.mongo import Database, Document, Session
from backend.strict_json import parse_json, write_json
from inspection.rules.cycle import DATES, Cycle, cycle_to_data, dates_to_data, parse_cycle
from inspection.rules.rubric import Rubric

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class OpenCycle:
    """A cycle as it runs. `closes` and `hand_in` hold what a district's dates differ by: it closed its submissions
    earlier, or the city extended its hand-in, at the moment in `extended_at`: lists handed in before that are open
    again. `rubric_changed`: another rubric was pinned before."""

    id: str
    cycle: Cycle
    rubric: Rubric
    closes: Mapping[str, datetime]
    hand_in: Mapping[str, datetime]
    version: int
    opened_at: datetime
    extended_at: Mapping[str, datetime] = field(default_factory=dict)
    rubric_changed: bool = False


@dataclass(slots=True)
class CycleCache:
    """What a process keeps of cycles: the one that runs, for a moment, and rubrics, which never change, for good."""

    rubrics: dict[str, Rubric] = field(default_factory=dict)
    # Of many requests that miss the same thing, one reads it, and the others wait for it.
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    parsing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: tuple[float, OpenCycle] | None = None

    def get(self, now: float, fresh_for: float) -> OpenCycle | None:
        """The cycle, if it was put here less than `fresh_for` seconds of the loop's time ago."""
        return self._kept[1] if self._kept and 0 <= now - self._kept[0] < fresh_for else None

    def put(self, now: float, cycle: OpenCycle) -> None:
        """Keeps the cycle as read at `now`."""
        self._kept = now, cycle

    def drop(self) -> None:
        """Forgets the cycle, which has just changed."""
        self._kept = None


async def insert(
    db: Database, session: Session, cycle: Cycle, rubric: Rubric, source: bytes, opened_at: datetime
) -> bool:
    """Opens the cycle, and stores the `source` of its rubric; whether it was not open yet (False: abort)."""
    kept = {"schema": SCHEMA, "name": rubric.name, "source": source}
    await db.rubrics.update_one({"_id": rubric.sha256}, {"$setOnInsert": kept}, upsert=True, session=session)
    try:
        await db.cycles.insert_one(_document(cycle, rubric, opened_at), session=session)
    except DuplicateKeyError:
        return False
    return True


async def find(db: Database, cycle_id: str, cache: CycleCache, session: Session | None = None) -> OpenCycle | None:
    """The cycle as it stands now, with its rubric; None where it was never opened."""
    document = await db.cycles.find_one({"_id": cycle_id}, session=session)
    if document is None:
        return None
    data = parse_json(document["definition"].encode())
    return OpenCycle(
        id=document["_id"],
        cycle=parse_cycle({**data, "dates": dates_to_data(document["dates"])}),
        rubric=await find_rubric(db, document["rubric_sha256"], cache, session),
        closes=document["closes"],
        hand_in={district: each["hand_in"] for district, each in document["extensions"].items()},
        version=document["version"],
        opened_at=document["opened_at"],
        extended_at={district: each["granted_at"] for district, each in document["extensions"].items()},
        rubric_changed="rubric_changed_at" in document,
    )


async def opened_at(db: Database) -> Mapping[str, datetime]:
    """When each of the cycles that are open, or were, was opened; there are a few."""
    return {each["_id"]: each["opened_at"] async for each in db.cycles.find({}, {"opened_at": 1}, hint="_id_")}


async def find_rubric(db: Database, sha256: str, cache: CycleCache, session: Session | None = None) -> Rubric:
    """The rubric that a cycle pinned. KeyError where none of this hash was ever stored."""
    if sha256 in cache.rubrics:
        return cache.rubrics[sha256]
    async with cache.parsing:
        if sha256 not in cache.rubrics:
            document = await db.rubrics.find_one({"_id": sha256}, session=session)
            if document is None:
                raise KeyError(sha256)
            name = Path(f"{document['name']}.yaml")
            # One object for all: it is a key of caches, and comparing two whole rubrics takes its time.
            cache.rubrics[sha256] = await asyncio.to_thread(parse_rubric_file, document["source"], name)
    return cache.rubrics[sha256]


async def set_closing(
    db: Database, session: Session, cycle_id: str, version: int, district: str, closes: datetime
) -> bool:
    """Sets when the district's submissions close; whether the cycle still was of this version."""
    return await _change(db, session, cycle_id, version, {f"closes.{district}": closes})


async def set_extension(
    db: Database, session: Session, cycle_id: str, version: int, district: str, extension: Mapping[str, Any]
) -> bool:
    """Sets {"hand_in", "granted_at", "reason"} of the district; whether the cycle still was of this version."""
    return await _change(db, session, cycle_id, version, {f"extensions.{district}": dict(extension)})


async def hold_shut(db: Database, session: Session) -> None:
    """Makes this transaction and one that opens a cycle exclude each other: a school that is registered meanwhile
    must not be left without its submission. Every transaction that finds no cycle open, and opening itself, call it.
    """
    change = {"$inc": {"count": 1}, "$setOnInsert": {"schema": 1}}
    await db.meta.update_one({"_id": "cycle_opening"}, change, upsert=True, session=session)


async def _change(db: Database, session: Session, cycle_id: str, version: int, fields: Mapping[str, Any]) -> bool:
    change = {"$set": dict(fields), "$inc": {"version": 1}}
    result = await db.cycles.update_one({"_id": cycle_id, "version": version}, change, session=session)
    return bool(result.matched_count)


def _document(cycle: Cycle, rubric: Rubric, opened_at: datetime) -> Document:
    data = cycle_to_data(cycle)
    del data["dates"]
    return {
        "_id": cycle.name,
        "schema": SCHEMA,
        "version": 1,
        "definition": write_json(data),
        "dates": {name: getattr(cycle.dates, name) for name in DATES},
        "rubric_sha256": rubric.sha256,
        "closes": {},
        "extensions": {},
        "opened_at": opened_at,
    }
