"""The push endpoint over HTTP: WeChat is believed, nobody else; it is answered in time whatever is behind."""

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from backend.handlers import wechat_push
from backend.store import quotas
from backend.store.mongo import Database
from tests.http.conftest import Answer, Clock, Service
from tests.seeds import fresh_seed, seeded
from tests.store.test_mongo import failing
from tests.wechat.conftest import template_of
from tests.wechat.outbox import bound, states, tell, work_on
from tests.wechat_stub import Stub, push

OPENID, TEMPLATE = "o-teacher", template_of("result.published")


def popup(stub: Stub) -> dict[str, Any]:
    row = {"TemplateId": TEMPLATE, "SubscribeStatusString": "accept", "PopupScene": "0"}
    return stub.event(OPENID, "subscribe_msg_popup_event", row)


def request(stub: Stub, clock: Clock, *, safe: bool = True) -> tuple[dict[str, str], str]:
    """A push as WeChat makes it now."""
    return push.request_of(
        popup(stub),
        token=stub.push_token,
        aes_key=stub.aes_key,
        app_id=stub.platform.app_id,
        timestamp=int(clock().timestamp()),
        form="xml",
        safe=safe,
    )


async def send(service: Service, query: dict[str, str], body: bytes | str) -> Answer:
    sent = body.encode() if isinstance(body, str) else body
    return await service.post(f"/wechat/push?{urlencode(query)}", body=sent, headers={"Content-Type": "text/xml"})


async def outcomes(service: Service) -> dict[str, float]:
    """How many pushes came to what, as Prometheus is told."""
    text = (await service.get("/metrics")).body.decode()
    lines = [line for line in text.splitlines() if line.startswith("zhiping_wechat_pushes_total{")]
    return {line.partition('outcome="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


async def test_the_address_is_verified(service: Service, stub: Stub, clock: Clock) -> None:
    timestamp = str(int(clock().timestamp()))
    signed = {"signature": push.signature(stub.push_token, timestamp, "n"), "timestamp": timestamp, "nonce": "n"}
    answer = await service.get(f"/wechat/push?{urlencode({**signed, 'echostr': '4375120948345356249'})}")
    assert (answer.status, answer.body) == (200, b"4375120948345356249")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for wrong in ({"signature": "0" * 40}, {"nonce": "m"}, {"signature": ""}):
        answer = await service.get(f"/wechat/push?{urlencode({**signed, 'echostr': 'x', **wrong})}")
        assert answer.status == 403
    assert (await service.get("/wechat/push")).status == 403
    assert await outcomes(service) == {"tampered": 2, "unsigned": 2}


async def test_the_official_vector_of_the_verification(service: Service, clock: Clock) -> None:
    clock.set(datetime.fromtimestamp(1714036504, UTC))
    query = "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&echostr=4375120948345356249"
    answer = await service.get(f"/wechat/push?{query}&timestamp=1714036504&nonce=1514711492")
    assert (answer.status, answer.body) == (200, b"4375120948345356249")


async def test_what_is_not_wechats_is_refused_and_counted(service: Service, stub: Stub, clock: Clock) -> None:
    query, body = request(stub, clock)
    plain_query, plain_body = request(stub, clock, safe=False)
    changed = body.replace("<![CDATA[", "<![CDATA[A", 2)
    refused: dict[str, list[tuple[dict[str, str], bytes | str]]] = {
        "unsigned": [({}, body), (plain_query, plain_body), ({**query, "msg_signature": ""}, body)],
        "tampered": [(query, changed), ({**query, "nonce": "x"}, body), ({**query, "timestamp": "1"}, body)],
        "unreadable": [(query, plain_body), (query, b"\xff\xfe"), (query, "<xml><Encrypt/></xml>")],
    }
    for reason, requests in refused.items():
        for sent_query, sent_body in requests:
            answer = await send(service, sent_query, sent_body)
            assert (answer.status, answer.error["code"]) == (403, f"push_{reason}")
    clock.advance(seconds=601)
    assert (await send(service, query, body)).error["code"] == "push_stale"
    assert await outcomes(service) == {"unsigned": 3, "tampered": 3, "unreadable": 3, "stale": 1}
    assert await service.deps.db.subscription_quotas.count_documents({}) == 0


async def test_a_push_that_comes_again_is_answered_and_counts_once(
    service: Service, stub: Stub, clock: Clock, database: Database
) -> None:
    event = popup(stub)
    answers = [await stub.push(event, safe=True) for _ in range(2)]
    answers += await asyncio.gather(*(stub.push(event, safe=True) for _ in range(5)))
    assert answers == [(200, "success")] * 7
    stored = await database.subscription_quotas.find_one({})
    assert stored and stored["count"] == 1
    assert await database.wechat_pushes.count_documents({}) == 1
    assert await outcomes(service) == {"taken": 7}


@pytest.mark.parametrize(
    "event",
    [
        {"MsgType": "text", "FromUserName": OPENID, "CreateTime": 1, "MsgId": 7, "Content": "你好"},
        {"MsgType": "event", "FromUserName": OPENID, "CreateTime": 1, "Event": "user_enter_tempsession"},
        {"MsgType": "event", "FromUserName": OPENID, "Event": "subscribe_msg_popup_event"},
        {"MsgType": "event", "FromUserName": OPENID, "Event": "subscribe_msg_popup_event", "List": [{"TemplateId": 1}]},
        {"MsgType": "event", "FromUserName": OPENID, "Event": "wxa_media_check", "trace_id": "unknown"},
        {"Event": None},
    ],
)
async def test_what_is_of_no_use_is_answered_all_the_same(service: Service, stub: Stub, event: dict[str, Any]) -> None:
    assert await stub.push(event) == (200, "success")


async def test_a_slow_database_does_not_keep_wechat_waiting(
    service: Service, stub: Stub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_push, "ANSWER_SECONDS", 0.3)
    async with failing(database, "findAndModify", 1, blockConnection=True, blockTimeMS=1500):
        begun = time.monotonic()
        assert await stub.push(popup(stub)) == (200, "success")
        assert time.monotonic() - begun < 1.5
        assert await outcomes(service) == {"late": 1}
        # What was under way is done behind.
        async with asyncio.timeout(20):
            while await database.wechat_pushes.count_documents({}) == 0:  # noqa: ASYNC110 - MongoDB sets no event.
                await asyncio.sleep(0.05)
    stored = await database.subscription_quotas.find_one({})
    assert stored and stored["count"] == 1


async def test_the_time_to_answer_is_within_wechats_five_seconds() -> None:
    assert wechat_push.ANSWER_SECONDS < 5


async def test_what_could_not_be_dealt_with_comes_again(
    service: Service, stub: Stub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, status = popup(stub), 0
    async with failing(database, "findAndModify", 2, errorCode=10107):
        status, _ = await stub.push(event, safe=True)
    assert status == 503
    assert await stub.push(event) == (200, "success")
    stored = await database.subscription_quotas.find_one({})
    assert stored and stored["count"] == 1


@pytest.mark.parametrize(("form", "several"), [("json", False), ("json", True), ("xml", True)])
async def test_what_became_of_a_message_is_on_record(
    service: Service, stub: Stub, database: Database, clock: Clock, form: str, several: bool
) -> None:
    """WeChat took it, and says later that it could not be delivered."""
    person, template = await bound(service.deps, stub, 1, accepts=0), template_of("submission.returned")
    stub.platform.accept("o-1", template)
    await quotas.add(database, "o-1", template, report_id="a", source=quotas.APP, at=clock())
    await tell(service.deps, [person])
    await work_on(service.deps)
    assert await states(service.deps) == [("sent", None)]
    event = stub.sent_event(stub.messages[0], "2", "failed")
    if several:
        other = {"TemplateId": "t", "MsgID": "no-message-of-ours", "ErrorCode": "0", "ErrorStatus": "success"}
        event["List"] = [other, event["List"]]
    for _ in range(2):
        assert await stub.push(event, form=form) == (200, "success")
    assert await states(service.deps) == [("refused", "not_delivered:2")]


async def test_an_overlong_body_is_refused(service: Service, stub: Stub, clock: Clock) -> None:
    query, _ = request(stub, clock)
    assert (await send(service, query, b"<" * (64 * 1024 + 1))).status == 413


@seeded
async def test_garbage_of_random_length_never_breaks_it(service: Service, stub: Stub, clock: Clock, run: int) -> None:
    draw = random.Random(fresh_seed())
    for _ in range(20):
        size = draw.choice([1, 15, 16, 17, 43, 64, draw.randint(1, 5000)])
        garbage = draw.randbytes(size)
        query, _ = request(stub, clock, safe=draw.random() < 0.7)
        if draw.random() < 0.5:
            # Rightly signed, and no ciphertext.
            text = "".join(draw.choices("ABCxyz0189+/=é<&", k=size))
            timestamp = query["timestamp"]
            query |= {"encrypt_type": "aes"}
            query["msg_signature"] = push.signature(stub.push_token, timestamp, query["nonce"], text)
            garbage = f"<xml><Encrypt><![CDATA[{text}]]></Encrypt></xml>".encode()
        answer = await send(service, query, garbage)
        assert answer.status == 403, answer.body
