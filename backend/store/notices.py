"""Who a message goes to, by the role that they hold."""

from collections.abc import Iterable, Mapping

from backend.models.people import Role
from backend.store.mongo import Database, Session


async def school_contacts(db: Database, session: Session | None, school_id: str) -> list[str]:
    """The ids of the people who are contacts of the school, in the order of their ids."""
    holding = {"role": Role.SCHOOL.value, "school_id": school_id}
    return await _ids(db, session, {"holdings": {"$elemMatch": holding}})


async def contacts_of_schools(
    db: Database, session: Session | None, school_ids: Iterable[str]
) -> Mapping[str, list[str]]:
    """The contacts' ids by school; a school without a contact has an empty list."""
    contacts: dict[str, list[str]] = {school_id: [] for school_id in school_ids}
    wanted = {"holdings.school_id": {"$in": list(contacts)}}
    async for person in db.people.find(wanted, {"holdings": 1}, session=session):
        for holding in person["holdings"]:
            if holding["role"] == Role.SCHOOL.value and holding["school_id"] in contacts:
                contacts[holding["school_id"]].append(person["_id"])
    return {school_id: sorted(people) for school_id, people in contacts.items()}


async def district_officers(db: Database, session: Session | None, district: str) -> list[str]:
    """The ids of the people who are officers of the district, in the order of their ids."""
    holding = {"role": Role.DISTRICT.value, "district": district}
    return await _ids(db, session, {"holdings": {"$elemMatch": holding}})


async def _ids(db: Database, session: Session | None, wanted: Mapping[str, object]) -> list[str]:
    return sorted([person["_id"] async for person in db.people.find(wanted, {"_id": 1}, session=session)])


async def names_of(db: Database, people_ids: Iterable[str]) -> Mapping[str, str]:
    """The people's names by id; whoever is registered no more is not there."""
    people = db.people.find({"_id": {"$in": list(people_ids)}}, {"name": 1})
    return {person["_id"]: person["name"] async for person in people}
