"""Opens the cycle and registers everybody: schools with their contacts, officers, inspectors."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from backend.demonstration.api import Api
from backend.demonstration.schools import DISTRICTS, DemoSchool, demo_schools, person_name
from inspection.rules.rubric import Rubric

INSPECTORS = 12
# Days from today on which the demonstration's calendar turns: every state of a submission can be had at once.
CALENDAR = {
    "submission_opens": -60,
    "submission_closes": 20,
    "review_opens": -40,
    "hand_in": 20,
    "visits_open": -30,
    "visits_close": 40,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the demonstration with a session."""

    id: str
    name: str
    phone: str
    token: str


@dataclass(slots=True)
class Entrant:
    """A school that takes part: registered, with its submission and its contact."""

    school: DemoSchool
    id: str
    submission_id: str
    contact: Member
    visit_id: str = ""
    state: str = "draft"


@dataclass(slots=True)
class City:
    """The demonstration's city and everybody in it. `officer` decides, `reviewer` reviews the municipal schools."""

    api: Api
    rubric: Rubric
    officer: Member
    reviewer: Member | None = None
    districts: dict[str, Member] = field(default_factory=dict)
    inspectors: list[Member] = field(default_factory=list)
    entrants: list[Entrant] = field(default_factory=list)
    people: int = 0

    def next_phone(self) -> str:
        """A phone number that nobody has: the network's test range."""
        self.people += 1
        return f"1990000{self.people:04}"


def dates(now: datetime) -> Mapping[str, str]:
    """The six dates of the cycle, laid around `now`."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: (today + timedelta(days=days)).isoformat() for name, days in CALENDAR.items()}


async def open_cycle(city: City, now: datetime, name: str) -> None:
    """Opens the cycle `name` with its calendar around `now`."""
    await city.api.call("POST", "/api/cycles", city.officer.token, {"name": name, "dates": dates(now)})


async def add_officers(city: City) -> None:
    """The second city officer, one officer a district, and the inspectors."""
    chance = Random(2022)  # noqa: S311 - the same names every time
    city.reviewer = await add(city, person_name(chance), {"role": "city"})
    for district in DISTRICTS:
        if district == "municipal":
            body = {"person_id": city.reviewer.id}
            await city.api.call("PUT", f"/api/districts/{district}/reviewer", city.officer.token, body)
            city.districts[district] = city.reviewer
        else:
            city.districts[district] = await add(city, person_name(chance), {"role": "district", "district": district})
    for _ in range(INSPECTORS):
        city.inspectors.append(await add(city, person_name(chance), {"role": "inspector"}))


async def add(city: City, name: str, holding: Mapping[str, Any]) -> Member:
    """Adds a person in a role and signs them in by a link that the officer makes."""
    phone = city.next_phone()
    body = {"name": name, "phone": phone, "holding": holding}
    person = await city.api.call("POST", "/api/people", city.officer.token, body)
    link = await city.api.call("POST", f"/api/people/{person['id']}/sign-in-links", city.officer.token, {})
    return Member(person["id"], name, phone, await city.api.sign_in(link["url"]))


async def register(city: City, school: DemoSchool) -> Entrant:
    """Registers the school, with an award of an earlier year for some, and its contact."""
    body = {
        "district": school.district,
        "name": school.name,
        "stages": [stage.stage for stage in school.figures.stages],
        "phone": f"0523-86{school.seed:06}",
        "past_awards": [{"year": 2020, "grade": "qualified"}] if school.seed % 2 else [],
    }
    registered = await city.api.call("POST", "/api/schools", city.officer.token, body)
    contact = await add(city, school.contact, {"role": "school", "school_id": registered["id"]})
    (submission,) = (await city.api.call("GET", "/api/submissions", contact.token))["items"]
    return Entrant(school, registered["id"], submission["id"], contact)


async def register_all(city: City) -> None:
    """Registers all schools, a few at a time, in their order."""
    city.entrants = list(await asyncio.gather(*(register(city, school) for school in demo_schools())))
