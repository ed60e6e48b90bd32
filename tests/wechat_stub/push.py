"""WeChat's push of messages and events, signed, plain or encrypted, as JSON or XML."""

import base64
import hashlib
import json
import secrets
from typing import Any
from xml.sax.saxutils import escape

from wechatpy.crypto import PrpCrypto


def signature(*parts: str) -> str:
    """WeChat's: the SHA-1 of the sorted parts in one."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def key_of(aes_key: str) -> bytes:
    """The AES key behind an EncodingAESKey."""
    return base64.b64decode(aes_key + "=")


def rendered(event: dict[str, Any], form: str) -> str:
    """The event as JSON, or as XML, in which what is a list nests in an element of its own."""
    if form == "json":
        return json.dumps(event, ensure_ascii=False)
    return f"<xml>{_elements(event)}</xml>"


def _elements(event: dict[str, Any]) -> str:
    parts = []
    for key, value in event.items():
        if key == "List":
            rows = value if isinstance(value, list) else [value]
            inside = "".join(f"<List>{_elements(row)}</List>" for row in rows)
            name = {
                "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
                "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
                "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
            }[event["Event"]]
            parts.append(f"<{name}>{inside}</{name}>")
        elif isinstance(value, int):
            parts.append(f"<{key}>{value}</{key}>")
        else:
            parts.append(f"<{key}><![CDATA[{value}]]></{key}>")
    return "".join(parts)


def request_of(
    event: dict[str, Any], *, token: str, aes_key: str, app_id: str, timestamp: int, form: str, safe: bool
) -> tuple[dict[str, str], str]:
    """The query and the body of the push."""
    stamp, nonce = str(timestamp), secrets.token_hex(5)
    query = {"signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    text = rendered(event, form)
    if not safe:
        return query, text
    encrypted = PrpCrypto(key_of(aes_key)).encrypt(text, app_id).decode()
    query |= {"encrypt_type": "aes", "msg_signature": signature(token, stamp, nonce, encrypted)}
    to = str(event.get("ToUserName", "gh_stub"))
    if form == "json":
        return query, json.dumps({"ToUserName": to, "Encrypt": encrypted})
    return query, f"<xml><ToUserName>{escape(to)}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
