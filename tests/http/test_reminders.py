"""Deadlines that are near: whoever has something to do is told three days before and on the last day, once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from backend.services import reminders
from tests.http.conftest import Clock, Service, SignedIn, SignIn
from tests.http.scored import OCTOBER, make_city
from tests.http.submitted import World, make_world
from tests.http.test_answers import give, open_window

# 31 August 24:00 in Shanghai: submissions close, and lists are handed in.
END = datetime(2022, 8, 31, 16, 0, tzinfo=UTC)
FORM, FORM_BACK, LIST = "申报材料即将截止提交", "退回的材料即将截止重交", "推荐名单即将截止上报"


@pytest.fixture
async def world(service: Service, signed_in: SignIn, clock: Clock) -> World:
    clock.set(END - timedelta(days=5))
    return await make_world(service, signed_in)


async def told(service: Service, who: SignedIn) -> list[str]:
    """What the person was told of deadlines, oldest first."""
    items = (await service.get("/api/inbox", who.token)).json["items"]
    return [item["title"] for item in reversed(items) if item["event"] == "deadline.near"]


async def test_a_form_that_is_not_handed_in(world: World, clock: Clock) -> None:
    service = world.service
    school, submitted = await world.register("甲小学"), await world.submitted("乙小学")
    for before, expected in ((timedelta(days=4), 0), (timedelta(days=3), 1), (timedelta(days=2), 1), (timedelta(1), 2)):
        clock.set(END - before)
        await reminders.write_due(service.deps)
        assert await told(service, school.contact) == [FORM] * expected
        assert await told(service, world.officer) == [LIST] * expected
    clock.set(END + timedelta(hours=1))
    await reminders.write_due(service.deps)
    assert await told(service, school.contact) == [FORM] * 2
    assert await told(service, submitted.contact) == []
    [last, *_] = (await service.get("/api/inbox", school.contact.token)).json["items"]
    assert last["text"] == "甲小学：申报材料即将截止提交，截止时间：2022年8月31日24:00。请尽快完成。"


async def test_a_form_that_came_back(world: World, clock: Clock) -> None:
    school = await world.submitted()
    assert (await world.post(school, "return", {"reason": "缺照片"})).status == 200
    clock.set(END - timedelta(hours=5))
    await reminders.write_due(world.service.deps)
    assert await told(world.service, school.contact) == [FORM_BACK]


async def test_a_deadline_that_is_moved_is_another_one(world: World, clock: Clock) -> None:
    service = world.service
    clock.set(END - timedelta(hours=5))
    await reminders.write_due(service.deps)
    extension = {"hand_in": (END + timedelta(days=2)).isoformat(), "reason": "台风"}
    answer = await service.post("/api/cycle/districts/hailing/extension", extension, world.city.token)
    assert answer.status == 200, answer.body
    clock.set(END + timedelta(days=1, hours=12))
    await reminders.write_due(service.deps)
    assert await told(service, world.officer) == [LIST, LIST]


async def test_many_processes_write_a_reminder_once(world: World, clock: Clock) -> None:
    school = await world.register()
    clock.set(END - timedelta(hours=5))
    turns = await asyncio.gather(*(reminders.write_due(world.service.deps) for _ in range(5)))
    assert turns.count(True) == 1
    clock.advance(minutes=31)
    await reminders.write_due(world.service.deps)
    assert await told(world.service, school.contact) == [FORM]


async def test_answers_that_are_not_given(service: Service, signed_in: SignIn, clock: Clock) -> None:
    city = await make_city(service, signed_in)
    silent = await city.school("甲小学", own={"1.1.2": 100}, agreed={"1.1.2": 0}, lost=1850)
    answering = await city.school("乙小学", own={"1.1.2": 100}, agreed={"1.1.2": 0}, lost=1850)
    for school in (silent, answering):
        assert (await open_window(city, school)).status == 200
        await city.contact(school)
    assert (await give(city, answering)).status == 200
    clock.set(OCTOBER + timedelta(days=4, hours=12))
    await reminders.write_due(service.deps)
    assert await told(service, await city.contact(silent)) == ["差异答复即将截止"]
    assert await told(service, await city.contact(answering)) == []


async def test_before_a_cycle_nobody_is_reminded(service: Service) -> None:
    assert await reminders.write_due(service.deps) is True
    assert await reminders.write_due(service.deps) is False
