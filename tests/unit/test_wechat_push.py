"""Pushes: WeChat's own vectors, both modes, both forms; and nothing but a refusal for whatever else may come."""

import base64
import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from backend.gateways.wechat_events import Event, event_of
from backend.gateways.wechat_push import PushKeys, PushRefusedError, Signed, check, read
from tests.seeds import fresh_seed, seeded

# The examples of WeChat's documentation of the push.
APP_ID, TOKEN, AES_KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
PLAIN, SAFE = PushKeys(APP_ID, TOKEN, None), PushKeys(APP_ID, TOKEN, AES_KEY)
GET = Signed("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696")
POST = Signed("1714112445", "415670741", "", "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", "aes")
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8"
    "XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32I"
    "Ijdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)


def at(signed: Signed) -> datetime:
    return datetime.fromtimestamp(int(signed.timestamp), UTC)


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's protocol


def plain(now: datetime, nonce: str = "n") -> Signed:
    timestamp = str(int(now.timestamp()))
    return Signed(timestamp, nonce, sign(TOKEN, timestamp, nonce))


def encrypt(text: str | bytes, app_id: str = APP_ID) -> str:
    crypto = WeChatCrypto(TOKEN, AES_KEY, app_id)
    encrypted: bytes = PrpCrypto(crypto.key).encrypt(text, app_id)
    return encrypted.decode()


def safe(now: datetime, encrypted: str) -> Signed:
    timestamp = str(int(now.timestamp()))
    return Signed(timestamp, "n", "", sign(TOKEN, timestamp, "n", encrypted), "aes")


def xml(encrypted: str) -> bytes:
    return f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


NOW = at(POST)
POPUP_JSON = {
    "ToUserName": "gh_1",
    "FromUserName": "o-person",
    "CreateTime": 1714112440,
    "MsgType": "event",
    "Event": "subscribe_msg_popup_event",
    "List": [{"TemplateId": "t-1", "SubscribeStatusString": "accept", "PopupScene": 0}],
}
POPUP_XML = b"""<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o-person]]></FromUserName>
<CreateTime>1714112440</CreateTime><MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[subscribe_msg_popup_event]]></Event><SubscribeMsgPopupEvent><List>
<TemplateId><![CDATA[t-1]]></TemplateId><SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString>
<PopupScene>0</PopupScene></List></SubscribeMsgPopupEvent></xml>"""


def test_the_official_signature_is_right() -> None:
    check(PLAIN, GET, at(GET))
    check(SAFE, GET, at(GET))


@pytest.mark.parametrize("body", [json.dumps({"ToUserName": "gh_1", "Encrypt": ENCRYPTED}).encode(), xml(ENCRYPTED)])
def test_the_official_ciphertext_is_read(body: bytes) -> None:
    push = read(SAFE, POST, body, NOW)
    assert push["Event"] == "debug_demo"


@pytest.mark.parametrize("seconds", [-601, 601])
def test_what_was_signed_for_another_time_is_stale(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    for keys, signed, body in ((SAFE, POST, xml(ENCRYPTED)), (PLAIN, plain(NOW), b"{}")):
        with pytest.raises(PushRefusedError, match="stale"):
            read(keys, signed, body, now)
    with pytest.raises(PushRefusedError, match="stale"):
        check(PLAIN, GET, at(GET) + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-599, 599])
def test_clocks_may_differ_by_less_than_ten_minutes(seconds: int) -> None:
    read(SAFE, POST, xml(ENCRYPTED), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("keys", "change", "reason"),
    [
        (PLAIN, {"signature": ""}, "unsigned"),
        (PLAIN, {"signature": "0" * 40}, "tampered"),
        (PLAIN, {"signature": "é"}, "tampered"),
        (PLAIN, {"nonce": "other"}, "tampered"),
        (PLAIN, {"timestamp": "1714112446"}, "tampered"),
        (SAFE, {"msg_signature": ""}, "unsigned"),
        (SAFE, {"encrypt_type": "raw"}, "unsigned"),
        (SAFE, {"msg_signature": "0" * 40}, "tampered"),
        (SAFE, {"timestamp": "1714112446"}, "tampered"),
    ],
)
def test_a_wrong_address_is_refused(keys: PushKeys, change: dict[str, str], reason: str) -> None:
    signed, body = (plain(NOW), POPUP_XML) if keys is PLAIN else (POST, xml(ENCRYPTED))
    with pytest.raises(PushRefusedError, match=reason):
        read(keys, replace(signed, **change), body, NOW)


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "１７１４１１２４４５", "1e9", "9" * 30])
def test_a_signed_timestamp_that_is_none_is_stale(timestamp: str) -> None:
    signed = Signed(timestamp, "n", sign(TOKEN, timestamp, "n"))
    with pytest.raises(PushRefusedError, match="stale"):
        check(PLAIN, signed, NOW)


def test_in_safe_mode_a_plain_push_is_refused_though_its_signature_is_right() -> None:
    with pytest.raises(PushRefusedError, match="unsigned"):
        read(SAFE, plain(NOW), POPUP_XML, NOW)


def test_a_changed_ciphertext_is_tampered_with() -> None:
    changed = ENCRYPTED.replace("A", "B", 1)
    with pytest.raises(PushRefusedError, match="tampered"):
        read(SAFE, POST, xml(changed), NOW)


def test_another_apps_ciphertext_is_refused() -> None:
    encrypted = encrypt("<xml><Event>x</Event></xml>", "wx0000000000000000")
    with pytest.raises(PushRefusedError, match="unreadable"):
        read(SAFE, safe(NOW, encrypted), xml(encrypted), NOW)


@pytest.mark.parametrize("text", [POPUP_XML, json.dumps(POPUP_JSON).encode()])
def test_both_forms_are_read_in_both_modes_alike(text: bytes) -> None:
    encrypted = encrypt(text)
    for push in (
        read(PLAIN, plain(NOW), text, NOW),
        read(SAFE, safe(NOW, encrypted), xml(encrypted), NOW),
        read(SAFE, safe(NOW, encrypted), json.dumps({"Encrypt": encrypted}).encode(), NOW),
    ):
        event = told(push)
        assert (event.name, event.openid) == ("subscribe_msg_popup_event", "o-person")
        assert event.at == datetime.fromtimestamp(1714112440, UTC)
        assert event.rows == ({"TemplateId": "t-1", "SubscribeStatusString": "accept", "PopupScene": "0"},)


def test_of_a_push_in_both_modes_at_once_the_ciphertext_counts() -> None:
    """WeChat's compatible mode (兼容模式) says all of it in plain too, which nothing vouches for."""
    encrypted = encrypt(json.dumps(POPUP_JSON))
    both = json.dumps({**POPUP_JSON, "FromUserName": "o-somebody-else", "Encrypt": encrypted}).encode()
    push = read(SAFE, safe(NOW, encrypted), both, NOW)
    assert push["FromUserName"] == "o-person"


def told(push: Any) -> Event:
    event = event_of(push, NOW)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("rows", "count"), [({"TemplateId": "t"}, 1), ([{"TemplateId": "t"}, {"TemplateId": "u"}], 2), (None, 0), ("x", 0)]
)
@pytest.mark.parametrize("wrapper", [None, "SubscribeMsgSentEvent"])
def test_a_list_is_an_object_or_an_array(rows: Any, count: int, wrapper: str | None) -> None:
    push = {**POPUP_JSON, "List": rows}
    if wrapper:
        push = {**POPUP_JSON, wrapper: {"List": push.pop("List")}}
    assert len(told(push).rows) == count


@pytest.mark.parametrize("time", ["1714112440", 1714112440])
def test_a_time_is_a_number_or_a_text(time: object) -> None:
    assert told({**POPUP_JSON, "CreateTime": time}).at == datetime.fromtimestamp(1714112440, UTC)


@pytest.mark.parametrize("time", [None, "", "soon", -1, True, [], {}, 10**30, "1e5"])
def test_a_time_that_is_none_is_now(time: object) -> None:
    assert told({**POPUP_JSON, "CreateTime": time}).at == NOW


def test_the_same_push_has_the_same_key_and_others_another() -> None:
    key = told(POPUP_JSON).key
    assert told(json.loads(json.dumps(POPUP_JSON))).key == key
    changes: list[dict[str, Any]] = [{"FromUserName": "o-other"}, {"CreateTime": 1}, {"Event": "x"}, {"List": []}]
    for change in changes:
        assert told({**POPUP_JSON, **change}).key != key
    assert (
        told({**POPUP_JSON, "MsgId": 7}).key == told({**POPUP_JSON, "MsgId": "7", "CreateTime": 1}).key == "message:7"
    )


def test_what_is_no_event_is_none() -> None:
    changes: list[dict[str, Any]] = [{"MsgType": "text"}, {"Event": None}, {"FromUserName": {}}, {"FromUserName": ""}]
    for change in changes:
        assert event_of({**POPUP_JSON, **change}, NOW) is None


def test_entities_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE xml [<!ENTITY e0 "boom">{levels}]><xml><Event>&e9;</Event></xml>'.encode()
    outside = b'<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Event>&e;</Event></xml>'
    for body in (bomb, outside):
        with pytest.raises(PushRefusedError, match="unreadable"):
            read(PLAIN, plain(NOW), body, NOW)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"<", b"<a/>", b"<x>" * 20_000, b"{" * 20_000, b"\xff"])
def test_a_body_without_a_message_is_refused_or_says_nothing(body: bytes) -> None:
    try:
        push = read(PLAIN, plain(NOW), body, NOW)
    except PushRefusedError as error:
        assert error.reason == "unreadable"
    else:
        assert event_of(push, NOW) is None


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_says_nothing(body: bytes) -> None:
    for keys in (PLAIN, SAFE):
        try:
            push = read(keys, plain(NOW) if keys is PLAIN else POST, body, NOW)
        except PushRefusedError:
            continue
        event_of(push, NOW)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*POPUP_JSON, "MsgId", "SubscribeMsgSentEvent"]), _VALUES))
def test_an_event_of_any_shape_is_read(push: dict[str, Any]) -> None:
    event = event_of({"MsgType": "event", "Event": "x", "FromUserName": "o", **push}, NOW)
    assert event is None or all(isinstance(value, str) for row in event.rows for value in row.values())


@seeded
def test_signed_ciphertext_of_garbage_of_random_length_is_refused(run: int) -> None:
    """Whoever knew the token and not the key: bytes that decrypt to anything, base64 that is none, none at all."""
    draw = random.Random(fresh_seed())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    for _ in range(50):
        garbage = "".join(
            draw.choices(alphabet + "é ]", k=draw.choice([0, 1, 15, 16, 22, 43, 64, draw.randint(0, 2000)]))
        )
        for body in (json.dumps({"Encrypt": garbage}).encode(), xml(garbage)):
            with pytest.raises(PushRefusedError):
                read(SAFE, safe(NOW, garbage), body, NOW)
        crypto = PrpCrypto(WeChatCrypto(TOKEN, AES_KEY, APP_ID).key)
        blocks = crypto.cipher.encrypt(draw.randbytes(16 * draw.randint(1, 20)))
        garbage = base64.b64encode(blocks).decode()
        with pytest.raises(PushRefusedError):
            read(SAFE, safe(NOW, garbage), xml(garbage), NOW)
