"""The gateway to WeChat: whatever comes back, or does not, is an answer of the closed set, within bounds of time."""

import asyncio
import logging
import socket
import time
from datetime import timedelta
from typing import Any

import pytest

from backend.deps import Deps
from backend.gateways import wechat as gateway
from backend.gateways import wechat_client
from backend.gateways.wechat import WeChat
from backend.gateways.wechat_answers import (
    Done,
    Fault,
    Login,
    Misconfigured,
    Phone,
    Refusal,
    Refused,
    RetryLater,
    Subscribe,
    TextCheck,
    Wrong,
)
from backend.store.mongo import Database
from tests.http.conftest import Clock, make_deps
from tests.wechat_stub import Rule, Stub

OPENID, TEMPLATE = "o-school-1", "template-1"
MESSAGE = Subscribe(OPENID, TEMPLATE, "pages/index/index", {"thing1": "智评", "phrase2": "示范型"})


def accepted(stub: Stub, count: int = 1) -> None:
    stub.platform.accept(OPENID, TEMPLATE, count)


async def test_a_login_is_one_round_trip_and_a_code_is_good_once(wechat: WeChat, stub: Stub) -> None:
    code = stub.platform.code_for(OPENID)
    assert await wechat.code_to_session(code) == Done(Login(OPENID, f"union-{OPENID}"))
    assert [name for name, _ in stub.calls] == ["login"]
    assert await wechat.code_to_session(code) == Refused(Refusal.BAD_CODE, 40163)
    assert await wechat.code_to_session("made-up") == Refused(Refusal.BAD_CODE, 40029)
    late = stub.platform.code_for(OPENID)
    stub.platform.advance(301)
    assert await wechat.code_to_session(late) == Refused(Refusal.BAD_CODE, 40029)


async def test_without_a_unionid(wechat: WeChat, stub: Stub) -> None:
    stub.platform.unionids = False
    assert await wechat.code_to_session(stub.platform.code_for(OPENID)) == Done(Login(OPENID, None))


async def test_a_hundred_logins_a_minute(wechat: WeChat, stub: Stub) -> None:
    codes = [stub.platform.code_for(OPENID) for _ in range(101)]
    for code in codes[:100]:
        assert isinstance(await wechat.code_to_session(code), Done)
    assert await wechat.code_to_session(codes[100]) == RetryLater(Fault.TOO_OFTEN)


async def test_the_phone_number_that_wechat_verified(wechat: WeChat, stub: Stub) -> None:
    code = stub.platform.phone_code("13800000001")
    assert await wechat.phone_number(code) == Done(Phone("13800000001", "86"))
    assert await wechat.phone_number(code) == Refused(Refusal.BAD_CODE, 40029)


async def test_a_message_goes_with_its_state_and_language(wechat: WeChat, stub: Stub) -> None:
    accepted(stub)
    assert await wechat.send(MESSAGE) == Done("1")
    sent = stub.messages[0]
    assert (sent["miniprogram_state"], sent["lang"]) == ("formal", "zh_CN")
    assert sent["data"] == {"thing1": {"value": "智评"}, "phrase2": {"value": "示范型"}}
    assert await wechat.send(MESSAGE) == Refused(Refusal.NOT_ACCEPTED, 43101)


async def test_what_wechat_thinks_of_a_text(wechat: WeChat, stub: Stub) -> None:
    await wechat.code_to_session(stub.platform.code_for(OPENID))
    assert await wechat.check_text(OPENID, 2, "校园网全覆盖") == Done(TextCheck("pass", 100))
    assert await wechat.check_text(OPENID, 2, "可疑的话") == Done(TextCheck("review", 20006))
    assert await wechat.check_text(OPENID, 2, "违禁的话") == Done(TextCheck("risky", 20001))
    assert await wechat.check_text("o-never-here", 2, "好") == Refused(Refusal.NOT_VISITED, 61010)


async def test_a_picture_is_checked_and_a_code_drawn(wechat: WeChat) -> None:
    assert isinstance(await wechat.check_media(OPENID, 2, "https://zhiping.example.cn/p.jpg"), Done)
    drawn = await wechat.mini_program_code("bind=ABCD2345", "pages/index/index")
    assert isinstance(drawn, Done)
    assert drawn.value.startswith(b"\x89PNG")
    assert isinstance(await wechat.mini_program_code("x" * 33, "pages/index/index"), Refused)


@pytest.mark.parametrize(
    ("errcode", "answer"),
    [
        (-1, RetryLater(Fault.BUSY)),
        (40003, Refused(Refusal.NO_SUCH_USER, 40003)),
        (40013, Misconfigured(Wrong.APP_ID, 40013)),
        (40037, Refused(Refusal.BAD_TEMPLATE, 40037)),
        (40164, Misconfigured(Wrong.ADDRESS, 40164)),
        (41030, Refused(Refusal.BAD_PAGE, 41030)),
        (43101, Refused(Refusal.NOT_ACCEPTED, 43101)),
        (43108, RetryLater(Fault.AT_ONCE)),
        (45009, RetryLater(Fault.DAY_LIMIT)),
        (47003, Refused(Refusal.BAD_FIELD, 47003, "date4")),
        (48001, Misconfigured(Wrong.NOT_ALLOWED, 48001)),
        (87999, Refused(Refusal.OTHER, 87999)),
    ],
)
async def test_every_errcode_has_its_answer(wechat: WeChat, stub: Stub, errcode: int, answer: object) -> None:
    stub.rules.append(Rule("send", errcode=errcode, field="date4"))
    assert await wechat.send(MESSAGE) == answer
    assert len(stub.asked("send")) == 1


@pytest.mark.parametrize("errcode", [40226, 45011, -1])
async def test_errors_of_a_login(wechat: WeChat, stub: Stub, errcode: int) -> None:
    stub.rules.append(Rule("login", errcode=errcode))
    expected = {
        40226: Refused(Refusal.BLOCKED, 40226),
        45011: RetryLater(Fault.TOO_OFTEN),
        -1: RetryLater(Fault.BUSY),
    }
    assert await wechat.code_to_session(stub.platform.code_for(OPENID)) == expected[errcode]


@pytest.mark.parametrize("rule", [Rule("send", status=500), Rule("send", status=502), Rule("send", html=True)])
async def test_what_is_no_answer_of_wechat(wechat: WeChat, stub: Stub, rule: Rule) -> None:
    stub.rules.append(rule)
    assert await wechat.send(MESSAGE) == RetryLater(Fault.NOT_WECHAT)


async def test_a_gateway_that_gave_up_waiting_does_not_know_either(wechat: WeChat, stub: Stub) -> None:
    stub.rules.append(Rule("send", status=504, after=True))
    assert await wechat.send(MESSAGE) == RetryLater(Fault.NO_ANSWER, maybe_done=True)


async def test_html_instead_of_a_picture_or_a_token(wechat: WeChat, stub: Stub) -> None:
    stub.rules += [Rule("code", html=True), Rule("token", html=True)]
    assert await wechat.mini_program_code("a=1", "pages/index/index") == RetryLater(Fault.NOT_WECHAT)
    assert await wechat.mini_program_code("a=1", "pages/index/index") == RetryLater(Fault.NOT_WECHAT)
    assert isinstance(await wechat.mini_program_code("a=1", "pages/index/index"), Done)


@pytest.mark.parametrize("rule", [Rule("send", hang=True), Rule("send", drip=True), Rule("send", cut=True)])
async def test_no_answer_in_time_may_be_done_all_the_same(
    wechat: WeChat, stub: Stub, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.5)
    monkeypatch.setattr(wechat_client, "TOTAL_SECONDS", 1.0)
    accepted(stub)
    rule.after = True
    stub.rules.append(rule)
    assert await wechat.send(MESSAGE) == RetryLater(Fault.NO_ANSWER, maybe_done=True)
    assert len(stub.messages) == 1


async def test_a_stuck_thread_holds_nobody_up(wechat: WeChat, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "CALL_SECONDS", 0.3)
    stub.rules.append(Rule("login", hang=True))
    began = time.monotonic()
    answer = await wechat.code_to_session(stub.platform.code_for(OPENID))
    assert answer == RetryLater(Fault.NO_ANSWER, maybe_done=True)
    assert time.monotonic() - began < 4


async def test_nobody_listens(database: Database, clock: Clock, stub: Stub) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = stub.settings | {"wechat_base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        parts = make_deps(database, clock, **nowhere)
        assert parts.wechat is not None
        assert await parts.wechat.send(MESSAGE) == RetryLater(Fault.UNREACHABLE)
        parts.wechat.close()


async def test_no_more_wait_than_is_good(wechat: WeChat, stub: Stub) -> None:
    gateways = [wechat.code_to_session(stub.platform.code_for(OPENID)) for _ in range(60)]
    stub.latency = 0.2
    answers = await asyncio.gather(*gateways)
    assert answers.count(RetryLater(Fault.OVERLOADED)) == 20
    assert sum(isinstance(answer, Done) for answer in answers) == 40


async def test_a_token_is_fetched_once_however_many_ask(database: Database, clock: Clock, stub: Stub) -> None:
    """Four processes, as far as the database knows."""
    processes = [make_deps(database, clock, **stub.settings).wechat for _ in range(4)]
    accepted(stub, 40)
    stub.latency = 0.05
    try:
        sends = [each.send(MESSAGE) for each in processes if each is not None for _ in range(10)]
        answers = await asyncio.gather(*sends)
        assert all(isinstance(answer, Done) for answer in answers)
        assert len(stub.asked("token")) == 1
    finally:
        for each in processes:
            if each is not None:
                each.close()


async def test_a_token_is_renewed_before_its_end(wechat: WeChat, stub: Stub, clock: Clock) -> None:
    accepted(stub, 3)
    await wechat.send(MESSAGE)
    for seconds, fetched in ((7200 - 260, 1), (25, 2)):
        clock.advance(seconds=seconds)
        stub.platform.advance(seconds)
        assert isinstance(await wechat.send(MESSAGE), Done)
        assert len(stub.asked("token")) == fetched


async def test_a_token_that_another_process_just_renewed(
    wechat: WeChat, stub: Stub, database: Database, clock: Clock
) -> None:
    accepted(stub, 3)
    await wechat.send(MESSAGE)
    stub.platform.drop_tokens()
    other = make_deps(database, clock, **stub.settings).wechat
    assert other is not None
    assert isinstance(await other.send(MESSAGE), Done)
    other.close()
    assert len(stub.asked("token")) == 2
    assert isinstance(await wechat.send(MESSAGE), Done)
    assert len(stub.asked("token")) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_rejected_for_ever_is_retried_once(wechat: WeChat, stub: Stub, errcode: int) -> None:
    stub.rules.append(Rule("send", errcode=errcode, times=None))
    assert await wechat.send(MESSAGE) == Misconfigured(Wrong.CREDENTIALS, errcode)
    assert len(stub.asked("send")) == 2
    assert len(stub.asked("token")) == 2


async def test_a_wrong_secret(database: Database, clock: Clock, stub: Stub) -> None:
    parts = make_deps(database, clock, **stub.settings | {"wechat_app_secret": "wrong-secret-0123456789"})
    assert parts.wechat is not None
    assert await parts.wechat.send(MESSAGE) == Misconfigured(Wrong.CREDENTIALS, 40001)
    assert len(stub.asked("token")) == 1
    assert await parts.wechat.code_to_session("x") == Misconfigured(Wrong.CREDENTIALS, 40125)
    parts.wechat.close()


async def test_a_fetcher_that_died_is_not_waited_for_for_ever(
    deps: Deps, wechat: WeChat, stub: Stub, clock: Clock
) -> None:
    await deps.db.wechat_tokens.insert_one(
        {
            "_id": stub.platform.app_id,
            "schema": 1,
            "version": 0,
            "token": None,
            "holder": "a process that was killed",
            "leased_until": clock() + timedelta(seconds=10),
        }
    )
    accepted(stub)
    waiting = asyncio.create_task(wechat.send(MESSAGE))
    await asyncio.sleep(0.2)
    assert not stub.calls
    clock.advance(seconds=11)
    assert isinstance(await waiting, Done)


async def test_no_secret_reaches_a_log_or_an_answer(
    wechat: WeChat, stub: Stub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At debug level, urllib3 writes every address that it asks for."""
    monkeypatch.setattr(wechat_client, "READ_SECONDS", 0.5)
    caplog.set_level(logging.DEBUG)
    accepted(stub, 10)
    code = stub.platform.code_for(OPENID)
    answers: list[Any] = [await wechat.code_to_session(code), await wechat.send(MESSAGE)]
    for rule in (
        Rule("send", errcode=40001),
        Rule("send", status=500),
        Rule("send", html=True),
        Rule("send", cut=True),
        Rule("send", hang=True),
        Rule("send", errcode=47003),
    ):
        stub.rules.append(rule)
        answers.append(await wechat.send(MESSAGE))
    stub.rules.append(Rule("token", status=503))
    stub.platform.drop_tokens()
    answers += [await wechat.send(MESSAGE), wechat, wechat.account, wechat.tokens]
    text = caplog.text + repr(answers)
    assert "sns/jscode2session" in caplog.text
    for secret in (stub.platform.secret, code, *stub.platform.tokens):
        assert secret not in text
