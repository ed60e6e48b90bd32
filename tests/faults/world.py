"""A small city, made once through the API, and put into any database within milliseconds."""

import dataclasses
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.demonstration import forms, visits
from backend.demonstration.api import Api
from backend.demonstration.registration import City, Entrant, Member, add_officers, open_cycle, register
from backend.demonstration.schools import demo_schools
from backend.deps import Deps, utc_now
from backend.models.people import Holding, Role
from backend.services import fsck
from backend.store import people, sessions
from backend.store.gridfs import RENDITIONS
from backend.store.migrations import migrate
from backend.store.mongo import Database
from backend.store.people import Person
from backend.store.sessions import Session, hash_token
from tests.http.conftest import Clock, make_deps, new_id, running_service

# Kept by `migrate`, not by the world.
_SYSTEM = ("system.", "meta")
# The visited schools are of this district, which has handed in; the others of one that is still at work.
HANDED_IN, AT_WORK = "hailing", "jingjiang"


@dataclass(frozen=True, slots=True)
class Form:
    """A school's form, open for writing."""

    submission_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Review:
    """A form that is complete: the school may submit it, the district's officer may return it."""

    submission_id: str
    school: Member
    officer: Member


@dataclass(frozen=True, slots=True)
class Sheet:
    """An inspector's sheet of a visit that has not started."""

    visit_id: str
    submission_id: str
    inspector: Member


@dataclass(frozen=True, slots=True)
class World:
    """All documents by collection, and who can do what in them."""

    documents: Mapping[str, Sequence[dict[str, Any]]]
    items: tuple[str, ...]
    forms: tuple[Form, ...]
    reviews: tuple[Review, ...]
    sheets: tuple[Sheet, ...]

    async def install(self, db: Database) -> None:
        """Makes the (migrated) database hold exactly the world."""
        # What a killed service left open would stand in the way.
        await db.client.admin.command({"killAllSessions": []})
        for name in await _collections(db):
            await db[name].delete_many({})
        for name, documents in self.documents.items():
            await db[name].insert_many([dict(each) for each in documents])


async def findings(deps: Deps) -> list[fsck.Finding]:
    """What fsck finds while photos are checked: pictures are stored before they are noted, and found again by the next
    check where one is killed."""
    early = (RENDITIONS, "no_owner")
    return [each async for each in fsck.check(deps) if (each.where, each.how) != early]


async def _collections(db: Database) -> list[str]:
    return [name for name in await db.list_collection_names() if not name.startswith(_SYSTEM)]


async def city_on(db: Database, base_url: str, rubric: Any) -> City:
    """The demonstration's city with its first officer, who is put into the database with a session."""
    holding, token, now = Holding(role=Role.CITY), secrets.token_urlsafe(32), datetime.now(UTC)
    person = Person(new_id(), "周文华", "19900000000", (holding,))
    until = now + timedelta(days=7)
    await people.insert(db, person)
    await sessions.insert(db, Session(new_id(), hash_token(token), person.id, person.name, holding, now, now, until))
    return City(Api(base_url), rubric, Member(person.id, person.name, person.phone, token))


async def make_world(db: Database) -> World:
    """Two schools that fill in, two that submit, two that are visited by three inspectors each."""
    await migrate(db)
    deps = dataclasses.replace(make_deps(db, Clock()), clock=utc_now)
    (rubric,) = deps.rubrics.values()
    async with running_service(deps, Clock()) as service:
        city = await city_on(db, f"http://127.0.0.1:{service.port}", rubric)
        try:
            return await _fill(city, db)
        finally:
            city.api.close()


async def _fill(city: City, db: Database) -> World:
    now = datetime.now(UTC)
    await open_cycle(city, now, "2022")
    await add_officers(city)
    visited = [await _register(city, HANDED_IN, number) for number in range(2)]
    working = [await _register(city, AT_WORK, number) for number in range(4)]
    for entrant in (*visited, *working[2:]):
        await forms.fill_in(city, entrant)
    for entrant in visited:
        await forms.submit(city, entrant)
        await forms.endorse(city, entrant)
    await forms.hand_in(city, HANDED_IN)
    await visits.plan(city, visited, now)
    sheets = [
        Sheet(entrant.visit_id, entrant.submission_id, inspector)
        for entrant in visited
        for inspector in (await visits.team_of(city, entrant))[1]
    ]
    return World(
        documents={name: found for name in await _collections(db) if (found := await db[name].find({}).to_list(None))},
        items=tuple(city.rubric.items),
        forms=tuple(Form(entrant.submission_id, entrant.contact.token) for entrant in working[:2]),
        reviews=tuple(
            Review(entrant.submission_id, entrant.contact, city.districts[AT_WORK]) for entrant in working[2:]
        ),
        sheets=tuple(sheets),
    )


async def _register(city: City, district: str, number: int) -> Entrant:
    return await register(city, [school for school in demo_schools() if school.district == district][number])
