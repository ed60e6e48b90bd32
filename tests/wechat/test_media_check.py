"""WeChat's check of photos: asked for when a form is submitted, its finding pushed later and shown to officers."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from backend.store.mongo import Database
from tests.http.arriving import Arrivals
from tests.http.submitted import Registered, World
from tests.photos import photo
from tests.wechat.test_content_check import school, submit, world
from tests.wechat_stub import Rule, Stub

__all__ = ["school", "world"]


@pytest.fixture
async def photos(world: World, school: Registered, stub: Stub) -> list[str]:
    """Two photos of the form, which have been looked at here."""
    stub.push_url = f"http://127.0.0.1:{world.service.port}/wechat/push"
    arrivals = Arrivals(world.service.deps)
    found = [await arrivals.evidence(school, "1.1.1", photo(seed)) for seed in (1, 2)]
    await arrivals.check_all()
    return found


def finding(stub: Stub, trace_id: str, suggest: str | None) -> dict[str, Any]:
    """The event that tells of a photo."""
    event = stub.event("o-teacher", "wxa_media_check", []) | {"trace_id": trace_id, "errcode": 0 if suggest else -1008}
    return event | ({"result": {"suggest": suggest, "label": 20002}} if suggest else {})


async def marks(world: World, school: Registered, photos: list[str]) -> list[Any]:
    """What the officer is told of the photos; the school is told nothing."""
    told = []
    for each in photos:
        path = f"{school.path}/evidence/{each}"
        assert (await world.service.get(path, school.contact.token)).json["wechat_check"] is None
        told.append((await world.service.get(path, world.officer.token)).json["wechat_check"])
    return told


async def test_photos_are_asked_about_once_and_marked_by_the_push(
    world: World, school: Registered, stub: Stub, photos: list[str], database: Database
) -> None:
    assert (await submit(world, school)).status == 200
    asked = stub.asked("media")  # The form brings a photo of its own.
    assert [(each["version"], each["media_type"], each["openid"]) for each in asked] == [(2, 2, "o-teacher")] * 3
    assert await marks(world, school, photos) == ["waiting", "waiting"]
    for each in asked:
        # WeChat fetches the picture by its address alone.
        address = urlsplit(each["media_url"])
        fetched = await world.service.get(f"{address.path}?{address.query}")
        assert (fetched.status, fetched.headers["Content-Type"]) == (200, "image/jpeg")
    traces = [(await database.evidence.find_one({"_id": each}))["media_check"]["trace_id"] for each in photos]  # type: ignore[index]  # They are there.
    assert await stub.push(finding(stub, traces[0], "risky")) == (200, "success")
    assert await stub.push(finding(stub, traces[1], None)) == (200, "success")
    assert await stub.push(finding(stub, "trace-of-nobody", "risky")) == (200, "success")
    assert await marks(world, school, photos) == ["risky", "waiting"]
    # A form that is submitted again: nothing is asked twice.
    assert (await world.post(school, "return", {"reason": "请补充"})).status == 200
    assert (await submit(world, school)).status == 200
    assert len(stub.asked("media")) == 3


async def test_wechat_away_holds_up_nobody(world: World, school: Registered, stub: Stub, photos: list[str]) -> None:
    stub.rules.append(Rule("media", status=502, times=None))
    begun = time.monotonic()
    assert (await submit(world, school)).status == 200
    assert time.monotonic() - begun < 30
    assert await marks(world, school, photos) == [None, None]


async def test_whoever_came_by_a_link_asks_nothing(
    world: World, school: Registered, stub: Stub, photos: list[str], database: Database
) -> None:
    await database.people.update_many({}, {"$set": {"wechat": None}})
    assert (await submit(world, school)).status == 200
    assert stub.asked("media") == []


async def test_a_photo_that_is_checked_after_the_submission_is_asked_about_then(
    world: World, school: Registered, stub: Stub, photos: list[str]
) -> None:
    arrivals = Arrivals(world.service.deps)
    late = await arrivals.evidence(school, "1.1.1", photo(3))
    assert (await submit(world, school)).status == 200
    before = len(stub.asked("media"))
    assert await marks(world, school, [*photos, late]) == ["waiting", "waiting", None]
    await arrivals.check_all()
    assert await marks(world, school, [late]) == ["waiting"]
    assert len(stub.asked("media")) == before + 1
    address = urlsplit(stub.asked("media")[-1]["media_url"])
    assert (await world.service.get(f"{address.path}?{address.query}")).status == 200
    # Looked at here once more, it is not asked about again.
    await arrivals.blob(school.id, photo(3))
    await arrivals.check_all()
    assert len(stub.asked("media")) == before + 1


async def test_wechat_away_fails_no_check_of_a_photo(
    world: World, school: Registered, stub: Stub, photos: list[str]
) -> None:
    arrivals = Arrivals(world.service.deps)
    late = await arrivals.evidence(school, "1.1.1", photo(3))
    assert (await submit(world, school)).status == 200
    stub.rules.append(Rule("media", status=502, times=None))
    await arrivals.check_all()
    assert await marks(world, school, [late]) == [None]
    shown = (await world.service.get(f"{school.path}/evidence/{late}", school.contact.token)).json
    assert shown["file"]["check"] == "checked"
