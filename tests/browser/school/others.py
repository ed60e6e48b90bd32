"""What all the others do, through the API: the district reviews, inspectors score, the city decides and publishes."""

from datetime import datetime
from typing import Any

from tests.browser.school.conftest import Evening
from tests.http.conftest import Answer, SignedIn
from tests.http.scored import OCTOBER
from tests.http.submitted import Registered
from tests.http.visiting import PNG, SEPTEMBER, School, Visiting


def done(answer: Answer) -> Any:
    """What a request answered that may not fail."""
    assert answer.status < 300, answer.body
    return answer.json


async def hand_in(evening: Evening, district: str = "hailing") -> None:
    """The district hands its list in."""
    world, path = evening.world, f"/api/recommendation-lists/{district}"
    found = done(await world.service.get(path, world.officer.token))
    order = [row["submission_id"] for row in found["rows"]]
    body = {"version": found["version"], "contact": "王科长", "phone": "0523-86881111", "order": order}
    saved = done(await world.service.put(path, body, world.officer.token))
    done(await world.service.post(f"{path}/hand-in", {"version": saved["version"]}, world.officer.token))


async def leap(evening: Evening, now: datetime) -> None:
    """Goes on to a day weeks later. Everybody looked in between: no session ends of it."""
    await evening.service.deps.db.sessions.update_many({}, {"$set": {"seen_at": now}})
    evening.service.clock.set(now)


async def inspect(evening: Evening, school: Registered, *lost: str) -> None:
    """Two inspectors come in September and agree: full points, but none for the items of the indicators `lost`."""
    world = evening.world
    await leap(evening, SEPTEMBER)
    visiting = Visiting(world.service, world.sign_in, world.rubric, world.city)
    team = await visiting.inspectors(2)
    inspected = School(school.id, school.name, "hailing", school.submission_id, ("primary",))
    visit = await visiting.plan(inspected, *team)
    none = {f"i{code.replace('.', '_')}": 0 for code, item in world.rubric.items.items() if item.indicator in lost}
    for inspector in team:
        await visiting.score_and_sign(visit, inspector, **none)
    signed = {"name": "陈校长", "role": "校长", "signature": PNG}
    done(await world.service.put(f"/api/visits/{visit}/countersignature", signed, team[0].token))
    done(await world.service.post(f"/api/visits/{visit}/close", None, team[0].token))


async def open_window(evening: Evening, school: Registered, closes: str = "2022-09-12T16:00:00Z") -> None:
    """The city lets the school answer."""
    done(await as_city(evening, f"{school.path}/answer-window", {"closes": closes}))


async def publish(evening: Evening, school: Registered) -> None:
    """The city decides and publishes, once the time for answers is over."""
    await leap(evening, OCTOBER)
    body = {"submission_ids": [school.submission_id], "opinion": "同意"}
    decided = done(await as_city(evening, "/api/decisions", body))
    assert decided["refused"] == []
    done(await as_city(evening, "/api/publications", {}))


async def as_city(evening: Evening, path: str, body: Any) -> Answer:
    """A POST of the city officer."""
    return await evening.service.post(path, body, evening.world.city.token)


async def sign_in_link(evening: Evening, who: SignedIn) -> str:
    """A link for the person, as the city makes it: the path of its page."""
    path = f"/api/people/{who.person.id}/sign-in-links"
    made = done(await as_city(evening, path, {}))
    return "/sign-in#" + str(made["url"]).partition("#")[2]
