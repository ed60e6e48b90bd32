"""WeChat's push (消息推送): whether it is WeChat that speaks, and what it says. Nothing here waits for anything.

In plain mode the signature covers token, timestamp and nonce; in safe mode (安全模式) it covers the ciphertext too, and
the plaintext ends with the app's id. Where a key is configured, only safe mode is accepted. XML and JSON both are read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from hmac import compare_digest
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from backend.errors import Malformed
from backend.strict_json import parse_json

# A signature is good for so long before and after the time that it was made for.
TOLERANCE = timedelta(minutes=10)

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PushKeys:
    """What was agreed with WeChat: the token, and for safe mode the EncodingAESKey (43 characters)."""

    app_id: str
    token: str
    aes_key: str | None


@dataclass(frozen=True, slots=True)
class Signed:
    """What the address of a push carries; empty where it is not there."""

    timestamp: str
    nonce: str
    signature: str
    msg_signature: str = ""
    encrypt_type: str = ""


class PushRefusedError(Exception):
    """The push is not WeChat's, or not as WeChat sent it. `reason`: unsigned, stale, tampered or unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(keys: PushKeys, signed: Signed, now: datetime) -> None:
    """Raises `PushRefusedError` where the signature is not the token's, or was made for another time."""
    if not signed.signature:
        raise PushRefusedError("unsigned")
    if not _same(signed.signature, _sign(keys.token, signed.timestamp, signed.nonce)):
        raise PushRefusedError("tampered")
    _check_time(signed, now)


def read(keys: PushKeys, signed: Signed, body: bytes, now: datetime) -> Mapping[str, Any]:
    """What a push says, as plain data: its XML root's or its JSON object's fields.

    Raises `PushRefusedError` for whatever is wrong with it.
    """
    if keys.aes_key is None:
        check(keys, signed, now)
        return _parse(body)
    if signed.encrypt_type != "aes" or not signed.msg_signature:
        raise PushRefusedError("unsigned")
    encrypted = _parse(body).get("Encrypt")
    if not isinstance(encrypted, str):
        raise PushRefusedError("unreadable")
    if not _same(signed.msg_signature, _sign(keys.token, signed.timestamp, signed.nonce, encrypted)):
        raise PushRefusedError("tampered")
    _check_time(signed, now)
    return _parse(_decrypt(keys, keys.aes_key, encrypted))


def _sign(*parts: str) -> str:
    return sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's protocol


def _same(given: str, right: str) -> bool:
    """Compares in constant time, which wechatpy's own checks don't."""
    return compare_digest(given.encode(), right.encode())


def _check_time(signed: Signed, now: datetime) -> None:
    """The timestamp is signed; a push that was recorded and sent again later is refused by it."""
    seconds = int(signed.timestamp) if _SECONDS.fullmatch(signed.timestamp) else 0
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise PushRefusedError("stale")


def _decrypt(keys: PushKeys, aes_key: str, encrypted: str) -> bytes:
    """The plaintext. AES of a few kilobytes takes microseconds; what the first one loads, a third of a second."""
    from wechatpy.crypto import PrpCrypto, WeChatCrypto

    try:
        crypto = WeChatCrypto(keys.token, aes_key, keys.app_id)
        text: str = PrpCrypto(crypto.key).decrypt(encrypted, keys.app_id)
    except Exception:
        # The library lets out whatever happens to break on garbage: UnicodeDecodeError, struct.error, binascii.Error,
        # IndexError, ValueError, its own InvalidAppIdException. All of it means the same.
        raise PushRefusedError("unreadable") from None
    return text.encode()


def _parse(body: bytes) -> Mapping[str, Any]:
    """The fields of a JSON object, or of the root of an XML document; xmltodict reads no entities (no bombs)."""
    try:
        if body.lstrip()[:1] == b"{":
            parsed = parse_json(body)
        else:
            (parsed,) = xmltodict.parse(body, encoding="utf-8", disable_entities=True).values()
    except (Malformed, ValueError, ExpatError):
        raise PushRefusedError("unreadable") from None
    if not isinstance(parsed, dict):
        raise PushRefusedError("unreadable")
    return parsed
