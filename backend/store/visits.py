"""Visits: a team at a school on half a day; with the people's rulings, the countersignature and written-off photos.

A slot is an inspector's half day: its id is who and when, so that no two transactions give it to two visits.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.models.people import Role
from backend.store.mongo import Database, Document, Session
from backend.store.paging import page
from backend.store.people import Person, person_of
from inspection.rules.workflow import State

SCHEMA = 1

# What planning needs of a submission.
_OF_SUBMISSION = {"cycle": 1, "state": 1, "school_id": 1, "school": 1, "district": 1}


async def find(db: Database, visit_id: str, session: Session | None = None) -> Document | None:
    """The visit as stored."""
    return await db.visits.find_one({"_id": visit_id}, session=session)


async def of_inspector(db: Database, cycle_id: str, inspector_id: str) -> list[Document]:
    """The inspector's visits of the cycle that have not been cancelled, by date."""
    wanted = {"cycle": cycle_id, "team.inspector_id": inspector_id, "live": True}
    return await db.visits.find(wanted).sort([("date", 1), ("_id", 1)]).to_list(None)


async def submissions_of(db: Database, visit_ids: Iterable[str]) -> dict[str, str]:
    """The submissions that these visits are of, by visit."""
    found = db.visits.find({"_id": {"$in": list(visit_ids)}}, {"submission_id": 1})
    return {visit["_id"]: visit["submission_id"] async for visit in found}


async def in_state(db: Database, cycle_id: str, state: str) -> list[Document]:
    """The cycle's visits in a state, by date."""
    return (
        await db.visits.find({"cycle": cycle_id, "state": state, "live": True})
        .sort([("date", 1), ("_id", 1)])
        .to_list(None)
    )


async def live_of(db: Database, submission_id: str, session: Session | None = None) -> Document | None:
    """The visit of a submission that has not been cancelled."""
    return await db.visits.find_one({"submission_id": submission_id, "live": True}, session=session)


async def live_by_submission(
    db: Database, submission_ids: Sequence[str], session: Session | None = None
) -> Mapping[str, Document]:
    """The visits of these submissions that have not been cancelled, by submission."""
    found = db.visits.find({"submission_id": {"$in": list(submission_ids)}, "live": True}, session=session)
    return {visit["submission_id"]: visit for visit in await found.to_list(None)}


async def insert_many(db: Database, session: Session, visits: Sequence[Document]) -> None:
    """Adds the visits; none is no error."""
    if visits:
        await db.visits.insert_many(visits, session=session)


async def change(
    db: Database, session: Session | None, visit: Mapping[str, Any], update: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Updates the visit if it is still of the state and version it was read in; whether it was. Counts the version."""
    as_read = {"_id": visit["_id"], "state": visit["state"], "version": visit["version"]}
    counted = {**update, "$inc": {"version": 1}}
    return bool((await db.visits.update_one(as_read, counted, session=session)).matched_count)


def slot(inspector_id: str, date: str, half: str) -> str:
    """The id of an inspector's half day; `date` as `2022-09-05`."""
    return f"{inspector_id}/{date}/{half}"


async def taken_slots(db: Database, session: Session | None, slots: Iterable[str]) -> Mapping[str, str]:
    """Which of the slots are taken, and by which visit."""
    found = db.visit_slots.find({"_id": {"$in": list(slots)}}, session=session)
    return {each["_id"]: each["visit_id"] for each in await found.to_list(None)}


async def take_slots(db: Database, session: Session, slots: Mapping[str, str]) -> None:
    """Takes the slots for visits. They were free within this transaction: of two that take one, one runs again."""
    if slots:
        taken = [{"_id": each, "schema": SCHEMA, "visit_id": visit_id} for each, visit_id in slots.items()]
        await db.visit_slots.insert_many(taken, session=session)


async def free_slots(db: Database, session: Session, slots: Iterable[str]) -> None:
    """Gives the slots back."""
    await db.visit_slots.delete_many({"_id": {"$in": list(slots)}}, session=session)


async def submissions_by_id(
    db: Database, session: Session | None, cycle_id: str, ids: Iterable[str]
) -> Mapping[str, Document]:
    """What planning needs of those of the submissions that are of the cycle."""
    found = db.submissions.find({"_id": {"$in": list(ids)}}, _OF_SUBMISSION, session=session)
    return {each["_id"]: each for each in await found.to_list(None) if each["cycle"] == cycle_id}


async def declared_figures(db: Database, submission_id: str) -> Document | None:
    """The stages' figures, teachers and teacher computers of an application, and nothing else of it."""
    fields = {"application.stages": 1, "application.teachers": 1, "application.teacher_computers": 1}
    submission = await db.submissions.find_one({"_id": submission_id}, fields)
    return submission["application"] if submission is not None else None


async def hold_submissions(db: Database, session: Session, ids: Sequence[str]) -> bool:
    """Makes this transaction and every other that moves one of these submissions exclude each other.

    Whether all are still endorsed. A visit is planned by reading the submission and writing elsewhere: without this
    common write a submission could be returned or withdrawn at the same moment, and keep its visit.
    """
    wanted = {"_id": {"$in": list(ids)}, "state": State.ENDORSED.value}
    result = await db.submissions.update_many(wanted, {"$inc": {"plannings": 1}}, session=session)
    return bool(result.matched_count == len(ids))


async def people_by_id(db: Database, session: Session | None, ids: Iterable[str]) -> Mapping[str, Person]:
    """Those of the people that there are, by id."""
    found = db.people.find({"_id": {"$in": list(ids)}}, session=session)
    return {each["_id"]: person_of(each) for each in await found.to_list(None)}


async def all_inspectors(db: Database) -> list[Person]:
    """Everybody who holds the inspector's role."""
    return [person_of(each) async for each in db.people.find({"holdings.role": Role.INSPECTOR.value})]


async def waiting(db: Database, cycle_id: str) -> list[Document]:
    """What planning needs of the endorsed submissions, whether they have a visit or not."""
    wanted = {"cycle": cycle_id, "state": State.ENDORSED.value}
    found: list[Document] = await db.submissions.find(wanted, _OF_SUBMISSION).to_list(None)
    return found


async def teams_and_times(db: Database, cycle_id: str) -> list[Document]:
    """Submission, date, half and team of all visits of the cycle that have not been cancelled."""
    fields = {"submission_id": 1, "date": 1, "half": 1, "team.inspector_id": 1}
    found: list[Document] = await db.visits.find({"cycle": cycle_id, "live": True}, fields).to_list(None)
    return found


async def list_page(
    db: Database, cycle_id: str, filters: Mapping[str, str], limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """A page of the cycle's visits by date; `filters` may hold date, district, state, school_id, and as
    `team.inspector_id` one of the team."""
    return await page(db.visits, {"cycle": cycle_id, "live": True, **filters}, ("date", "_id"), limit, cursor)
