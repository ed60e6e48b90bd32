"""Accepted messages: reported by the mini-program and by WeChat's push, counted once, in both orders."""

import time
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from backend.store import quotas
from backend.store.mongo import Database, transact
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService, new_id
from tests.wechat.conftest import template_of
from tests.wechat_stub import Stub

OPENID = "o-teacher"
TEMPLATE, OTHER = template_of("result.published"), template_of("submission.returned")
SWITCHED = [template_of(event) for event in ("visit.planned", "visit.changed", "visit.cancelled")]


@pytest.fixture
async def teacher(signed_in: SignIn, database: Database, clock: Clock) -> SignedIn:
    """Somebody bound to a WeChat user."""
    teacher = await signed_in("school")
    user = {"openid": OPENID, "unionid": None, "bound_at": clock()}
    await database.people.update_one({"_id": teacher.person.id}, {"$set": {"wechat": user}})
    return teacher


def accept(clock: Clock, template: str = TEMPLATE, result: str = "accept", age: float = 0) -> dict[str, Any]:
    at = clock().timestamp() - age
    return {"id": new_id(), "template_id": template, "result": result, "at": _iso(at)}


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


async def report(service: Service, who: SignedIn, *accepts: dict[str, Any], ahead: float = 0) -> Answer:
    """Reports as a phone whose clock goes ahead by so many seconds."""
    now = _iso(service.clock().timestamp() + ahead)
    return await service.post("/api/wechat/accepts", {"device_now": now, "accepts": list(accepts)}, who.token)


def popup(stub: Stub, template: str = TEMPLATE, status: str = "accept", openid: str = OPENID) -> dict[str, Any]:
    row = {"TemplateId": template, "SubscribeStatusString": status, "PopupScene": "0"}
    return stub.event(openid, "subscribe_msg_popup_event", row)


async def left(service: Service, who: SignedIn) -> dict[str, int]:
    answer = await service.get("/api/wechat/accepts", who.token)
    return {each["template_id"]: each["left"] for each in answer.json["quotas"] if each["left"]}


async def test_a_report_counts_each_accept_once(service: Service, teacher: SignedIn, clock: Clock) -> None:
    one, other = accept(clock), accept(clock, OTHER)
    for _ in range(3):
        answer = await report(service, teacher, one, other, accept(clock, result="reject"))
        assert answer.status == 200
    assert await left(service, teacher) == {TEMPLATE: 1, OTHER: 1}
    answer = await report(service, teacher, accept(clock, result="acceptWithAudio"), accept(clock, result="ban"))
    shown = {each["template_id"]: each for each in answer.json["quotas"]}
    assert shown[TEMPLATE] == {"template_id": TEMPLATE, "events": ["result.published"], "left": 2}
    # What may be asked for, accepted or not.
    assert len(shown) == len(service.deps.notices)


async def test_templates_that_are_not_in_use_are_not_counted(
    service: Service, stub: Stub, teacher: SignedIn, clock: Clock, database: Database
) -> None:
    assert (await report(service, teacher, accept(clock, "t-of-last-year"))).status == 200
    assert await stub.push(popup(stub, "t-of-last-year")) == (200, "success")
    assert await database.subscription_quotas.count_documents({}) == 0


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("order", list(permutations(("app", "push"))))
async def test_both_reports_of_one_accept_count_once(
    service: Service, stub: Stub, teacher: SignedIn, clock: Clock, order: tuple[str, ...], form: str
) -> None:
    event, one = popup(stub), accept(clock)
    for source in order * 2:
        if source == "app":
            assert (await report(service, teacher, one)).status == 200
        else:
            assert await stub.push(event, form=form) == (200, "success")
        clock.advance(seconds=2)
        stub.platform.advance(2)
    assert await left(service, teacher) == {TEMPLATE: 1}


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_without_a_key_pushes_come_in_plain(
    start_service: StartService, stub: Stub, teacher: SignedIn, clock: Clock, form: str, notices_folder: Path
) -> None:
    async with start_service(**stub.settings | {"wechat_aes_key": None, "config_folder": notices_folder}) as service:
        stub.platform.ahead = clock().timestamp() - time.time()
        stub.push_url = f"http://127.0.0.1:{service.port}/wechat/push"
        assert await stub.push(popup(stub), form=form, safe=False) == (200, "success")
        assert await stub.push(popup(stub), form=form, safe=False, age=601) == (403, ANY)
        assert await left(service, teacher) == {TEMPLATE: 1}


async def test_a_report_of_hours_later_is_still_the_same_accept(
    service: Service, stub: Stub, teacher: SignedIn, clock: Clock
) -> None:
    """The phone's clock may be anything: what counts is how long ago it was."""
    assert await stub.push(popup(stub)) == (200, "success")
    one = accept(clock)
    one["at"] = _iso(clock().timestamp() + 10**8)
    clock.advance(hours=3)
    await report(service, teacher, one, ahead=10**8)
    assert await left(service, teacher) == {TEMPLATE: 1}
    # From the future it is of now.
    await report(service, teacher, accept(clock, age=-3600))
    stored = await service.deps.db.subscription_quotas.find_one({"openid": OPENID})
    assert stored and max(each["at"] for each in stored["reports"]) == clock()


async def test_two_accepts_are_two(service: Service, stub: Stub, teacher: SignedIn, clock: Clock) -> None:
    for _ in range(2):
        await report(service, teacher, accept(clock))
        await stub.push(popup(stub), safe=True)
        clock.advance(seconds=20)
        stub.platform.advance(20)
    assert await left(service, teacher) == {TEMPLATE: 2}


async def test_several_templates_in_one_pop_up(service: Service, stub: Stub, teacher: SignedIn) -> None:
    rows = [
        {"TemplateId": SWITCHED[0], "SubscribeStatusString": "accept", "PopupScene": "2"},
        {"TemplateId": SWITCHED[1], "SubscribeStatusString": "reject", "PopupScene": "2"},
        {"TemplateId": SWITCHED[2], "SubscribeStatusString": "accept", "PopupScene": "2"},
    ]
    event = stub.event(OPENID, "subscribe_msg_popup_event", rows)
    for form in ("json", "xml"):
        assert await stub.push(event, form=form) == (200, "success")
    # In another form it is still the same push.
    assert await left(service, teacher) == {SWITCHED[0]: 1, SWITCHED[2]: 1}


async def test_what_is_switched_off_is_void(service: Service, stub: Stub, teacher: SignedIn, clock: Clock) -> None:
    await report(service, teacher, accept(clock), accept(clock))
    clock.advance(minutes=1)
    stub.platform.advance(60)
    row = {"TemplateId": TEMPLATE, "SubscribeStatusString": "reject"}
    event = stub.event(OPENID, "subscribe_msg_change_event", row)
    assert await stub.push(event) == (200, "success")
    assert await left(service, teacher) == {}
    clock.advance(minutes=1)
    await report(service, teacher, accept(clock))
    # WeChat tells of the switch again, late.
    assert await stub.push(event) == (200, "success")
    assert await left(service, teacher) == {TEMPLATE: 1}


async def test_who_is_bound_to_no_wechat_is_told_so(service: Service, signed_in: SignIn, clock: Clock) -> None:
    someone = await signed_in("inspector")
    for answer in (
        await report(service, someone, accept(clock)),
        await service.get("/api/wechat/accepts", someone.token),
    ):
        assert (answer.status, answer.error["code"]) == (409, "not_bound")


async def test_quotas_are_the_wechat_users(
    service: Service, teacher: SignedIn, signed_in: SignIn, clock: Clock, database: Database
) -> None:
    await report(service, teacher, accept(clock))
    wanted = [(OPENID, TEMPLATE)]
    for spent in (wanted, []):
        assert await transact(database, lambda session: quotas.spend_each(database, session, wanted)) == set(spent)
    assert await left(service, teacher) == {}
