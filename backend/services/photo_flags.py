"""The integrity flags of a record, from what is stored: computed when its photo arrives, and when a twin does.

A flag is {kind, elsewhere: [{record, kind, school_id, school, district, cycle, item}]} for what is used elsewhere,
{kind, distance: metres} for a place, else {kind}. Officers see them; nobody of a school or of a team does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.deps import Deps
from backend.services.cases import load_case
from backend.services.discrepancies import refresh
from backend.services.submissions import cycle_of
from backend.store import blobs, perceptual, photo_flags, photo_records, schools, submissions, visit_photos, visits
from backend.store.mongo import Session, transact
from backend.store.photo_records import PhotoRecord
from inspection.rules.photo_flags import Place, Span, integrity_flags, metres_between
from inspection.rules.workflow import State

_SHANGHAI = ZoneInfo("Asia/Shanghai")
# A phone's clock may go this much before ours.
_CLOCK_TOLERANCE = timedelta(minutes=10)
# So many uses elsewhere are named; how many more there are changes nothing.
_MOST_NAMED = 20
# The discrepancies of these are kept in step with what is found out.
_KEPT_IN_STEP = (State.SCORED, State.DECIDED)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a record belongs to: its submission, and the visit where an inspector took it."""

    submission: Mapping[str, Any]
    visit: Mapping[str, Any] | None


async def owner_of(deps: Deps, transaction: Session | None, record: PhotoRecord) -> Owner:
    """The owner of a record. Raises `LookupError` for one without (which nothing here makes)."""
    visit = None
    if record.kind == "visit_photo":
        visit = await visits.find(deps.db, record.document["visit_id"], transaction)
        if visit is None:
            raise LookupError(f"photo {record.id} has no visit")
    submission_id = visit["submission_id"] if visit else record.document["submission_id"]
    submission = await submissions.find(deps.db, submission_id, transaction)
    if submission is None:
        raise LookupError(f"record {record.id} has no submission")
    return Owner(submission, visit)


async def look_at(
    deps: Deps,
    transaction: Session,
    record: PhotoRecord,
    facts: Mapping[str, Any] | None,
    renditions: Mapping[str, Any] | None = None,
) -> None:
    """Computes the flags of a record whose blob has these facts, stores them, and brings the discrepancies in step."""
    owner = await owner_of(deps, transaction, record)
    flags = await _flags(deps, transaction, record, owner, facts) if record.is_photo and facts is not None else []
    now = deps.clock()
    await photo_records.set_looked_at(deps.db, transaction, record, flags, now, renditions)
    to_look_into = [] if record.document.get("removed_at") else flags
    await photo_flags.put(deps.db, transaction, record, owner.submission, to_look_into, now)
    if bool(flags) != record.document.get("flagged", False):
        await _keep_in_step(deps, transaction, owner.submission)


async def look_at_others(deps: Deps, blob_ids: Iterable[str]) -> None:
    """Computes the flags anew of all records of these blobs that have been looked at: a twin of theirs has come.

    A look that is under way may not have seen the twin: it is made to begin anew.
    """
    for record in await photo_records.of_blobs(deps.db, blob_ids):

        async def work(transaction: Session, record: PhotoRecord = record) -> None:
            current = await photo_records.find(deps.db, record.kind, record.id, transaction)
            blob = await blobs.find(deps.db, record.document["blob_id"], transaction)
            if current is None or blob is None:
                return
            if current.document.get("looked_at") is None:
                await photo_records.interrupt_look(deps.db, transaction, current)
            else:
                await look_at(deps, transaction, current, blob["facts"])

        await transact(deps.db, work)


def taken(record: Mapping[str, Any], facts: Mapping[str, Any] | None) -> tuple[datetime | None, Place | None]:
    """When and where a photo was taken: as its EXIF says, else as was said with the upload."""
    facts, said = facts or {}, record.get("upload") or {}
    place = facts.get("place") or said.get("location")
    taken_at = facts.get("taken_at") or said.get("taken_at") or record.get("taken_at")
    return taken_at, (place["latitude"], place["longitude"]) if place else None


async def _flags(
    deps: Deps, transaction: Session, record: PhotoRecord, owner: Owner, facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    blob_id, school_id = record.document["blob_id"], owner.submission["school_id"]
    taken_at, place = taken(record.document, facts)
    school = await schools.find(deps.db, school_id, transaction)
    location = school["location"] if school else None
    there = (location["lat"], location["lon"]) if location else None
    blob = await blobs.find(deps.db, blob_id, transaction)
    copies = await blobs.same_content(deps.db, blob, transaction) if blob else []
    twins = [each for each in await perceptual.twins_of(deps.db, blob_id, transaction) if each not in copies]
    same = await _elsewhere(deps, transaction, owner, [blob_id, *copies])
    near = await _elsewhere(deps, transaction, owner, twins)
    details: dict[str, dict[str, Any]] = {
        "same_file": {"elsewhere": same},
        "near_identical": {"elsewhere": near},
        "far_from_school": {"distance": round(metres_between(place, there), -2) if place and there else None},
    }
    kinds = integrity_flags(
        taken_at,
        place,
        await _span(deps, transaction, record, owner),
        there,
        same_file=bool(same),
        near_identical=bool(near),
    )
    return [{"kind": kind, **details.get(kind, {})} for kind in kinds]


async def _span(deps: Deps, transaction: Session, record: PhotoRecord, owner: Owner) -> Span:
    if owner.visit is not None:
        begins = datetime.fromisoformat(owner.visit["date"]).replace(tzinfo=_SHANGHAI)
        return Span(begins, begins + timedelta(days=1), "outside_visit")
    cycle = await cycle_of(deps, owner.submission, transaction)
    return Span(cycle.cycle.dates.submission_opens, record.document["added_at"] + _CLOCK_TOLERANCE, "outside_cycle")


async def _elsewhere(deps: Deps, transaction: Session, owner: Owner, blob_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Where these blobs are used but in this school's submission of this cycle."""
    uses = []
    for other in await photo_records.of_blobs(deps.db, blob_ids, transaction):
        theirs = (await owner_of(deps, transaction, other)).submission
        if (theirs["school_id"], theirs["cycle"]) != (owner.submission["school_id"], owner.submission["cycle"]):
            uses.append(
                {
                    "record": other.id,
                    "kind": other.kind,
                    "school_id": theirs["school_id"],
                    "school": theirs["school"]["name"],
                    "district": theirs["district"],
                    "cycle": theirs["cycle"],
                    "item": other.document["item"],
                }
            )
    return sorted(uses, key=lambda use: (use["cycle"], use["school"], use["record"]))[:_MOST_NAMED]


async def _keep_in_step(deps: Deps, transaction: Session, submission: Mapping[str, Any]) -> None:
    """Brings the discrepancies in step with a flag that has come or gone, once there are any."""
    state = State(submission["state"])
    if state in _KEPT_IN_STEP:
        cycle = await cycle_of(deps, submission, transaction)
        visit, case = await load_case(deps, transaction, cycle, submission)
        await refresh(deps, transaction, cycle, submission, visit, case)
    elif state is State.VISITING and (open_visit := await visits.live_of(deps.db, submission["_id"], transaction)):
        # The visit may be closed at this moment: one of the two transactions has to see the other.
        await visit_photos.hold_visit(deps.db, transaction, open_visit["_id"])
