"""WeChat's check of what a school answers to its discrepancies: as of the form, text and photos."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.store.mongo import Database
from tests.http.arriving import Arrivals
from tests.http.conftest import Answer, Clock, SignIn, StartService
from tests.http.scored import City, Scored, make_city
from tests.http.test_answers import give, open_window, school
from tests.photos import photo
from tests.wechat_stub import Rule, Stub

__all__ = ["school"]

OPENID = "o-teacher"


@pytest.fixture
async def city(start_service: StartService, stub: Stub, clock: Clock, signed_in: SignIn) -> AsyncIterator[City]:
    async with start_service(**stub.settings, wechat_content_check=True) as service:
        city = await make_city(service, signed_in)
        stub.platform.ahead = clock().timestamp() - time.time()
        yield city


@pytest.fixture
async def asked(city: City, school: Scored, stub: Stub, database: Database, clock: Clock) -> Scored:
    """A school that may answer, its contact just come in through WeChat."""
    await open_window(city, school)
    user = {"openid": OPENID, "unionid": None, "bound_at": clock()}
    contact = await city.contact(school)
    await database.people.update_one({"_id": contact.person.id}, {"$set": {"wechat": user}})
    stub.platform.visited[OPENID] = stub.platform.now
    stub.calls.clear()
    return school


async def mark(city: City, school: Scored) -> Any:
    """What the officer is told; the school is told nothing."""
    path = f"{school.path}/discrepancies"
    [for_school] = (await city.get(path, await city.contact(school))).json["answers"]
    assert for_school["content_check"] is None
    [for_officer] = (await city.get(path)).json["answers"]
    return for_officer["content_check"]


def refusal(answer: Answer) -> tuple[int, str, list[str]]:
    return answer.status, answer.error["code"], [each["path"] for each in answer.error["details"]]


async def test_harmless_passes_doubtful_is_marked_risky_is_refused(city: City, asked: Scored, stub: Stub) -> None:
    assert (await give(city, asked)).status == 200
    assert await mark(city, asked) is None
    refused = await give(city, asked, text="含有违禁的话", version=1)
    assert refusal(refused) == (409, "risky_content", ["/text"])
    assert (await give(city, asked, text="可疑的话", version=1)).json["version"] == 2
    assert await mark(city, asked) == "review"
    assert {call["openid"] for call in stub.asked("text")} == {OPENID}


async def test_an_unreachable_checker_stops_nobody_and_is_marked(city: City, asked: Scored, stub: Stub) -> None:
    stub.rules.append(Rule("text", status=502, times=None))
    assert (await give(city, asked)).status == 200
    assert await mark(city, asked) == "unchecked"


async def test_what_can_not_be_given_is_not_checked(city: City, asked: Scored, stub: Stub) -> None:
    assert (await give(city, asked, version=7)).status == 409
    assert (await give(city, asked, item="1.1.3")).status == 404
    assert stub.asked("text") == []


async def test_photos_of_an_answer_are_asked_about_once(city: City, asked: Scored, stub: Stub) -> None:
    arrivals = Arrivals(city.service.deps)
    proof = [await arrivals.evidence(asked, "1.1.2", photo(seed)) for seed in (1, 2)]
    await arrivals.check_all()
    for version in (None, 1):
        assert (await give(city, asked, evidence=proof, version=version)).status == 200
    assert [call["openid"] for call in stub.asked("media")] == [OPENID] * 2
