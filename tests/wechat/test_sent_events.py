"""WeChat's word of what became of a message: it settles the message that it is about, and never another one."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from backend.deps import Deps
from backend.gateways import wechat_client
from backend.models.outbox import ResendAll
from backend.services import deliveries, delivery_outcomes, outbox, sent_events
from backend.store import deliveries as stored
from tests.http.conftest import Clock
from tests.wechat.outbox import TEMPLATE, bound, row_of, states, tell, with_templates, work_on
from tests.wechat_stub import Rule, Stub

FIRST, SECOND = "第一条", "第二条"


@pytest.fixture
def city(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> Deps:
    """The parts of a service whose events all have a template, and that waits for no answer for long."""
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.3)
    return with_templates(deps)


async def note(
    city: Deps, msg_id: str = "1", error_code: str = "0", template: str = TEMPLATE, after: float = 0
) -> None:
    """The event of a message to o-1, so many seconds from now."""
    at = city.clock() + timedelta(seconds=after)
    await sent_events.note(city, openid="o-1", template_id=template, msg_id=msg_id, error_code=error_code, at=at)


def hang(reason: str = "", *, arrives: bool) -> Rule:
    """The next message (of this reason) gets no answer, whether it arrives or not."""

    def meant(asked: dict[str, object]) -> bool:
        return not reason or reason in str(asked["data"])

    return Rule("send", hang=True, after=arrives, only=meant)


def delivered(stub: Stub) -> Sequence[str]:
    """The reasons of what WeChat delivered, in order."""
    return [message["data"]["thing3"]["value"] for message in stub.messages]


async def test_a_hang_is_settled_by_the_event(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1)])
    stub.rules.append(hang(arrives=True))
    await work_on(city, rounds=2)
    assert await states(city) == [("sending", "no_answer")]
    # Of another template, of a message before, or of who knows which: not this one's.
    await note(city, template="other")
    await note(city, after=-2)
    await note(city, msg_id="")
    assert await states(city) == [("sending", "no_answer")]
    await note(city)
    assert await states(city) == [("sent", None)]
    row = await row_of(city)
    assert (row["message_ids"], row["unsettled"]) == (["1"], [])
    clock.advance(seconds=61)
    await work_on(city)
    assert len(stub.asked("send")) == 1


async def test_a_message_that_arrived_twice_leaves_no_event_for_the_next(city: Deps, stub: Stub, clock: Clock) -> None:
    """We know the id of the second time only; the event is of the first time."""
    person = await bound(city, stub, 1, accepts=3)
    for reason in (FIRST, SECOND):
        await tell(city, [person], reason)
    stub.rules.append(hang(arrives=True))
    await work_on(city)
    clock.advance(seconds=61)
    stub.rules.append(hang(SECOND, arrives=False))
    await work_on(city, rounds=2)
    open_still = [("sent", None), ("sending", "no_answer")]
    assert await states(city) == open_still
    for _ in range(2):
        await note(city, "1")
        assert await states(city) == open_still
    clock.advance(seconds=61)
    await work_on(city)
    assert delivered(stub) == [FIRST, FIRST, SECOND]


@pytest.mark.parametrize("again", [False, True])
async def test_a_message_that_was_given_up_leaves_no_event_for_the_next(
    city: Deps, stub: Stub, clock: Clock, again: bool
) -> None:
    """It arrived twice, and nobody got an answer; the city may have had it sent a third time."""
    person = await bound(city, stub, 1, accepts=4)
    for reason in (FIRST, SECOND):
        await tell(city, [person], reason)
    for _ in range(2):
        stub.rules.append(hang(FIRST, arrives=True))
        await work_on(city)
        clock.advance(seconds=61)
    stub.rules.append(hang(SECOND, arrives=False))
    await work_on(city, rounds=2)
    assert await states(city) == [("dead", "no_answer"), ("sending", "no_answer")]
    if again:
        await outbox.resend(city, None, ResendAll(state="dead"))
        await work_on(city)
    first = ("sent", None) if again else ("dead", "no_answer")
    for msg_id in ("1", "2"):
        await note(city, msg_id)
    assert await states(city) == [first, ("sending", "no_answer")]
    clock.advance(seconds=61)
    await work_on(city)
    assert delivered(stub) == [FIRST] * (3 if again else 2) + [SECOND]


async def test_a_message_that_was_given_up_arrived_after_all(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1, accepts=2)])
    for _ in range(2):
        stub.rules.append(hang(arrives=True))
        await work_on(city)
        clock.advance(seconds=61)
    await work_on(city)
    assert await states(city) == [("dead", "no_answer")]
    await note(city, "2")
    assert await states(city) == [("sent", None)]


async def test_an_event_comes_while_the_resend_is_claimed(city: Deps, stub: Stub, clock: Clock) -> None:
    await tell(city, [await bound(city, stub, 1, accepts=2)])
    stub.rules.append(hang(arrives=True))
    await work_on(city)
    clock.advance(seconds=61)
    claimed = await deliveries.claim(city, "a holder", await stored.heads(city.db, clock(), 10))
    await note(city)
    assert list(await deliveries.begin(city, "a holder", claimed)) == []
    assert await states(city) == [("sent", None)]
    assert len(stub.messages) == 1


async def test_an_event_is_faster_than_the_answer(city: Deps, stub: Stub, clock: Clock) -> None:
    """What the answer says is known all the same: the event that comes again finds its message."""
    await tell(city, [await bound(city, stub, 1)])
    [row] = await stored.heads(city.db, clock(), 10)
    [attempt] = await deliveries.begin(city, "a holder", await deliveries.claim(city, "a holder", [row]))
    answer = await deliveries.send(city, attempt)
    await note(city, "2")
    assert (await row_of(city))["unsettled"] == []
    await delivery_outcomes.record(city, [(attempt, answer)])
    assert (await row_of(city))["message_ids"] == ["2", "1"]
    assert await states(city) == [("sent", None)]


@pytest.mark.parametrize("known", [True, False])
async def test_an_event_of_what_could_not_be_delivered(city: Deps, stub: Stub, clock: Clock, known: bool) -> None:
    await tell(city, [await bound(city, stub, 1)])
    if not known:
        stub.rules.append(hang(arrives=True))
    await work_on(city)
    for msg_id in ("1", "no such"):
        await note(city, msg_id, "20003")
        assert await states(city) == [("refused", "not_delivered:20003")]
