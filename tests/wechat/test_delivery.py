"""The worker: every message comes to an end that is on record, none is lost, none is sent twice but by the rule."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.deps import Deps
from backend.gateways import wechat as gateway
from backend.gateways import wechat_client
from backend.models.outbox import ResendAll, ResendSome
from backend.services import deliveries, outbox
from backend.services.delivery_outcomes import MOST_ATTEMPTS, backoff
from backend.store import deliveries as stored
from backend.store.mongo import Database
from backend.worker import MOST_UNDER_WAY
from tests.http.conftest import Clock, make_deps
from tests.wechat.outbox import (
    TEMPLATE,
    accept,
    bound,
    count,
    row_of,
    states,
    tell,
    with_templates,
    work_on,
    worker_of,
)
from tests.wechat_stub import Rule, Stub
from tests.wechat_stub.rules import Gate


@pytest.fixture
async def city(deps: Deps) -> AsyncIterator[Deps]:
    """The parts of a service whose events all have a template."""
    yield with_templates(deps)


async def test_a_message_is_sent_and_uses_up_one_accept(city: Deps, stub: Stub) -> None:
    person = await bound(city, stub, 1, accepts=2)
    await tell(city, [person])
    await work_on(city, rounds=2)
    assert await states(city) == [("sent", None)]
    assert len(stub.messages) == 1
    sent = stub.messages[0]
    assert sent["data"] == {
        "thing1": {"value": "海陵小学"},
        "phrase2": {"value": "已退回"},
        "thing3": {"value": "缺照片"},
    }
    assert sent["page"] == "pages/web/index?path=%2Fsubmissions%2Fx"
    assert await count(city) == stub.platform.accepts["o-1", TEMPLATE] == 1
    row = await row_of(city)
    assert (row["live"], row["held"], row["attempts"]) == (False, False, 1)
    assert (row["message_ids"], row["unsettled"]) == (["1"], [])


async def test_without_an_accept_it_stays_in_the_inbox(city: Deps, stub: Stub) -> None:
    await tell(city, [await bound(city, stub, 1, accepts=0)])
    await work_on(city)
    assert await states(city) == [("no_quota", None)]
    assert stub.calls == []


async def test_a_long_term_template_needs_no_accept(deps: Deps, stub: Stub) -> None:
    city = with_templates(deps, long_term=True)
    stub.platform.long_term.add(TEMPLATE)
    await tell(city, [await bound(city, stub, 1, accepts=0)])
    await work_on(city)
    assert await states(city) == [("sent", None)]


async def test_whoever_is_not_bound_is_told_in_the_inbox(city: Deps, stub: Stub, clock: Clock) -> None:
    person = await bound(city, stub, 1)
    await city.db.people.update_one({"_id": person}, {"$set": {"wechat": None}})
    await tell(city, [person])
    await work_on(city)
    assert await states(city) == [("inbox_only", "not_bound")]


async def test_an_event_without_a_template_stays_in_the_inbox(deps: Deps, stub: Stub) -> None:
    await tell(deps, [await bound(deps, stub, 1)])
    await work_on(deps)
    assert await states(deps) == [("inbox_only", "no_template")]


async def test_without_wechat_the_outbox_says_what_it_would_have_sent(
    database: Database, clock: Clock, stub: Stub
) -> None:
    bare = with_templates(make_deps(database, clock))
    await tell(bare, [await bound(bare, stub, 1)])
    await work_on(bare)
    assert await states(bare) == [("inbox_only", "not_configured")]
    target = (await row_of(bare))["target"]
    assert target["data"] == {"thing1": "海陵小学", "phrase2": "已退回", "thing3": "缺照片"}
    assert stub.calls == []


@pytest.mark.parametrize(
    ("errcode", "state", "error", "left"),
    [
        (43101, "refused", "not_accepted:43101", 0),
        (40003, "refused", "no_such_user:40003", 1),
        (47003, "dead", "bad_field:47003:thing3", 1),
        (40037, "dead", "bad_template:40037", 1),
        (41030, "dead", "bad_page:41030", 1),
        (99999, "dead", "other:99999", 1),
    ],
)
async def test_a_refusal_is_final(city: Deps, stub: Stub, errcode: int, state: str, error: str, left: int) -> None:
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", errcode=errcode, times=None, field="thing3"))
    await work_on(city, rounds=3)
    assert await states(city) == [(state, error)]
    assert len(stub.asked("send")) == 1
    # What WeChat did not take is given back; where it says that nothing is left, nothing is.
    assert await count(city) == left


async def test_busy_then_sent(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", errcode=-1, times=3))
    for attempts in range(3):
        await work_on(city)
        row = await row_of(city)
        assert (row["state"], row["last_error"], row["attempts"]) == ("pending", "busy", attempts + 1)
        assert row["due_at"] <= clock() + timedelta(seconds=2 << attempts)
        assert await count(city) == 1
        await work_on(city)
        clock.set(max(row["due_at"], clock()))
    await work_on(city)
    assert await states(city) == [("sent", None)]
    assert len(stub.messages) == 1


@given(st.integers(0, 100))
def test_the_backoff_is_bounded(attempts: int) -> None:
    assert timedelta() <= backoff(attempts) <= min(timedelta(seconds=2 << min(attempts, 20)), timedelta(hours=1))


async def test_who_is_always_busy_is_given_up_with_the_reason(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", errcode=-1, times=None))
    for _ in range(25):
        await work_on(city)
        clock.advance(hours=1)
    assert await states(city) == [("dead", "busy")]
    assert len(stub.asked("send")) == MOST_ATTEMPTS
    assert await count(city) == 1


@pytest.mark.parametrize("rule", [Rule("send", html=True), Rule("send", status=502), Rule("token", status=503)])
async def test_an_answer_that_is_none_is_a_passing_fault(city: Deps, stub: Stub, clock: Clock, rule: Rule) -> None:
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(dataclasses.replace(rule, times=1))
    await work_on(city)
    assert await states(city) == [("pending", "not_wechat")]
    clock.advance(seconds=3)
    await work_on(city)
    assert await states(city) == [("sent", None)]


async def test_a_wrong_secret_stops_all_until_it_is_repaired(city: Deps, stub: Stub, clock: Clock) -> None:
    people_ids = [await bound(city, stub, number) for number in range(30)]
    await tell(city, people_ids)
    stub.rules.append(Rule("send", errcode=40001, times=None))
    await work_on(city, rounds=3)
    assert {state for state, _ in await states(city)} == {"pending"}
    # Those under way at that moment, each with one retry, and no more.
    assert len(stub.asked("send")) <= 2 * MOST_UNDER_WAY
    stub.rules.clear()
    clock.advance(minutes=5, seconds=1)
    await work_on(city)
    assert set(await states(city)) == {("sent", None)}


async def test_the_days_limit_stops_all_until_the_next_day(city: Deps, stub: Stub, clock: Clock) -> None:
    clock.set(datetime(2022, 8, 15, 2, 0, tzinfo=UTC))
    await tell(city, [await bound(city, stub, number) for number in range(20)])
    stub.rules.append(Rule("send", errcode=45009, times=None))
    await work_on(city, rounds=3)
    asked = len(stub.asked("send"))
    assert asked <= MOST_UNDER_WAY
    stub.rules.clear()
    # 23:59 in Shanghai: still the same day.
    clock.set(datetime(2022, 8, 15, 15, 59, tzinfo=UTC))
    await work_on(city)
    assert len(stub.asked("send")) == asked
    clock.set(datetime(2022, 8, 15, 16, 0, tzinfo=UTC))
    await work_on(city)
    assert set(await states(city)) == {("sent", None)}
    assert len(stub.messages) == 20


async def test_the_order_of_a_person_is_kept_through_faults(city: Deps, stub: Stub, clock: Clock) -> None:
    one, other = await bound(city, stub, 1, accepts=3), await bound(city, stub, 2, accepts=1)
    for reason in ("第一条", "第二条", "第三条"):
        await tell(city, [one], reason)
    await tell(city, [other])
    stub.rules.append(Rule("send", errcode=-1, only=lambda asked: asked["touser"] == "o-1"))
    await work_on(city, rounds=2)
    # The second and the third wait for the first; the other person does not.
    assert [message["touser"] for message in stub.messages] == ["o-2"]
    clock.advance(seconds=3)
    await work_on(city, rounds=3)
    sent = [message["data"]["thing3"]["value"] for message in stub.messages if message["touser"] == "o-1"]
    assert sent == ["第一条", "第二条", "第三条"]


async def test_many_workers_send_each_message_once_and_never_two_to_one_person(city: Deps, stub: Stub) -> None:
    people_ids = [await bound(city, stub, number, accepts=3) for number in range(15)]
    for _ in range(3):
        await tell(city, people_ids)
    stub.latency = 0.02
    workers = [worker_of(city) for _ in range(4)]
    while any(state in ("pending", "claimed", "sending") for state, _ in await states(city)):
        await asyncio.gather(*(worker.round() for worker in workers))
    assert set(await states(city)) == {("sent", None)}
    assert len(stub.messages) == 45
    assert stub.overlaps == 0


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_hang_without_an_event_is_sent_once_more(
    city: Deps, stub: Stub, clock: Clock, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.3)
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", hang=True, after=arrived))
    await work_on(city)
    clock.advance(seconds=59)
    await work_on(city)
    assert len(stub.asked("send")) == 1
    clock.advance(seconds=2)
    await work_on(city)
    # Where the first one had arrived, WeChat answers that no accept is left (43101): that counts as sent.
    assert await states(city) == [("sent", None)]
    assert len(stub.asked("send")) == 2
    assert len(stub.messages) == 1
    assert await count(city) == 0


async def test_a_second_hang_is_the_end_of_it(
    city: Deps, stub: Stub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.3)
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", hang=True, times=None))
    for _ in range(5):
        await work_on(city)
        clock.advance(seconds=61)
    assert await states(city) == [("dead", "no_answer")]
    assert len(stub.asked("send")) == 2


async def test_a_call_longer_than_its_time(
    city: Deps, stub: Stub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is still at it when the worker goes on: what it may have sent is not sent again at once."""
    monkeypatch.setattr(gateway, "CALL_SECONDS", 0.5)
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(Rule("send", delay=1.5))
    await work_on(city, rounds=2)
    assert await states(city) == [("sending", "no_answer")]
    await asyncio.sleep(1.5)
    clock.advance(seconds=61)
    await work_on(city)
    assert await states(city) == [("sent", None)]
    assert len(stub.messages) == 1


async def test_where_nothing_answers_few_are_tried(
    city: Deps, stub: Stub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.3)
    await tell(city, [await bound(city, stub, number) for number in range(40)])
    stub.rules.append(Rule("send", hang=True, times=None))
    await work_on(city, rounds=5)
    assert len(stub.asked("send")) <= MOST_UNDER_WAY + 2
    stub.rules.clear()
    clock.advance(seconds=61)
    await work_on(city, rounds=2)
    assert set(await states(city)) == {("sent", None)}
    assert len(stub.messages) == 40


async def test_what_a_dead_process_claimed_is_taken_over_when_its_lease_ends(
    city: Deps, stub: Stub, clock: Clock
) -> None:
    await tell(city, [await bound(city, stub, 1)])
    [row] = await stored.heads(city.db, clock(), 10)
    assert len(await deliveries.claim(city, "the dead", [row])) == 1
    await work_on(city)
    assert await states(city) == [("claimed", None)]
    clock.advance(seconds=31)
    await work_on(city)
    assert await states(city) == [("sent", None)]
    assert (await row_of(city))["resend"] is False


async def test_who_lost_the_lease_sends_nothing(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1)])
    [row] = await stored.heads(city.db, clock(), 10)
    claimed = await deliveries.claim(city, "the slow", [row])
    clock.advance(seconds=31)
    await work_on(city)
    assert list(await deliveries.begin(city, "the slow", claimed)) == []
    assert len(stub.messages) == 1
    assert await count(city) == 0


async def test_stopping_ends_what_is_sent_and_gives_back_the_rest(city: Deps, stub: Stub) -> None:
    await tell(city, [await bound(city, stub, number) for number in range(20)])
    gate = stub.gates["send.arrived"] = Gate()
    worker = worker_of(city)
    going = asyncio.create_task(worker.round())
    await gate.arrived.wait()
    worker.stop.set()
    gate.opened.set()
    await going
    found = [state for state, _ in await states(city)]
    assert set(found) == {"sent", "pending"}
    assert found.count("sent") == len(stub.messages) <= MOST_UNDER_WAY
    del stub.gates["send.arrived"]
    await work_on(city)
    assert set(await states(city)) == {("sent", None)}
    assert len(stub.messages) == 20


async def test_a_resend_delivers_what_had_no_quota(city: Deps, stub: Stub) -> None:
    await tell(city, [await bound(city, stub, 1, accepts=0)])
    await work_on(city)
    await accept(city, stub, "o-1")
    await work_on(city)
    assert await states(city) == [("no_quota", None)]
    done = await outbox.resend(city, None, ResendAll(state="no_quota"))
    assert len(done.resent) == 1
    await work_on(city)
    assert await states(city) == [("sent", None)]
    assert len(stub.messages) == 1
    assert (await outbox.resend(city, None, ResendSome(ids=done.resent))).resent == []


async def test_all_processes_share_one_rate(city: Deps) -> None:
    """A fifth of a second's worth at once, and then so many a second, whoever asks for how many."""
    before, waits = time.monotonic(), []
    for messages in (5, 1, 10, 4, 20):
        waits.append(await stored.turn(city.db, "app", messages, rate=50))
    spent = time.monotonic() - before
    at_once = [0, 0, 0, 0.12, 0.2]
    assert all(most - spent - 0.002 <= wait <= most + 0.002 for wait, most in zip(waits, at_once, strict=True))
    assert await stored.turn(city.db, "another app", 1, rate=50) == 0


async def test_the_rate_is_kept_by_two_workers(deps: Deps, stub: Stub) -> None:
    slow = dataclasses.replace(deps, settings=deps.settings.model_copy(update={"wechat_rate": 20}))
    city = with_templates(slow)
    await tell(city, [await bound(city, stub, number) for number in range(24)])
    start = time.monotonic()
    await asyncio.gather(worker_of(city).round(), worker_of(city).round())
    # A worker takes a turn for what it has slots for: the last of these are sent when those before have had their time.
    assert time.monotonic() - start > (24 - MOST_UNDER_WAY) / 20 - 0.2
    assert set(await states(city)) == {("sent", None)}
