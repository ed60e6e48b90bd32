"""WeChat's events as they come in a push, in XML or JSON, in one form. Whatever is not as expected is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

# A list of rows stands at the top in JSON, and within one of these in XML.
_WRAPPERS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")
# The year 9999, beyond which there is no datetime.
_MOST_SECONDS = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, whose it is, when; `rows` are those of a list, `fields` the rest. All values are text.

    `key` is the same for the same push that comes again.
    """

    key: str = field(repr=False)
    name: str
    openid: str = field(repr=False)
    at: datetime
    rows: tuple[Mapping[str, str], ...]
    fields: Mapping[str, Any] = field(repr=False)


def event_of(push: Mapping[str, Any], now: datetime) -> Event | None:
    """The event that the push tells of; None for a push that is no event. `now` stands in for a time that is unfit."""
    name, openid = _text(push.get("Event")), _text(push.get("FromUserName"))
    if _text(push.get("MsgType")) != "event" or not name or not openid:
        return None
    rows = tuple(_rows(push))
    return Event(_key(push, rows), name, openid, _time(push.get("CreateTime"), now), rows, push)


def _key(push: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> str:
    """MsgId, where there is one; most events have none and are told apart by user, time, name and what they say.

    Two events of one name may come to a user in one second (two messages sent), so what they say counts too.
    """
    message_id = _text(push.get("MsgId"))
    if message_id:
        return f"message:{message_id[:100]}"
    head = [_text(push.get(name)) for name in ("FromUserName", "CreateTime", "Event", "trace_id")]
    said = json.dumps([head, rows], sort_keys=True)
    return f"event:{sha256(said.encode()).hexdigest()}"


def _rows(push: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """The rows of a list that is an object when it has one and an array when it has several."""
    inner = next((push[name] for name in _WRAPPERS if isinstance(push.get(name), dict)), push)
    found = inner.get("List")
    for row in found if isinstance(found, list) else [found]:
        if isinstance(row, dict):
            yield {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    """Numbers and texts alike, as text; empty for what is neither."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _time(value: Any, now: datetime) -> datetime:
    seconds = _text(value)
    if not seconds.isascii() or not seconds.isdigit() or int(seconds[:20]) > _MOST_SECONDS:
        return now
    return datetime.fromtimestamp(int(seconds), UTC)
