"""Lists by the page, without counting or skipping: a page begins behind the last document of the one before.

A cursor is the sort keys of that document. Whoever forges one only begins elsewhere in what they may see anyway.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING

from backend.errors import Detail, Invalid, Malformed
from backend.store.mongo import Collection, Document, Session
from backend.strict_json import parse_json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Year 9999, the last that a datetime has.
_MOST_MILLISECONDS = 253_402_300_799_999


async def page(
    collection: Collection,
    filter: Mapping[str, Any],  # noqa: A002 - MongoDB calls it so
    sort_keys: Sequence[str],
    limit: int,
    cursor: str | None,
    projection: Mapping[str, Any] | None = None,
    *,
    descending: bool = False,
    session: Session | None = None,
) -> tuple[list[Document], str | None]:
    """At most `limit` documents from the cursor on (None: from the beginning), and the cursor behind them if any.

    The sort keys (dotted ones too) lead, behind the filter's fields, an index; together they are unique, and they are
    never null; a projection keeps them. Raises `Invalid` for a cursor that is not one of this list.
    """
    wanted = dict(filter) if cursor is None else _behind(filter, sort_keys, _read(cursor, sort_keys), descending)
    direction = DESCENDING if descending else ASCENDING
    found = collection.find(wanted, projection, session=session).sort([(key, direction) for key in sort_keys])
    # One more than asked for shows whether there is a next page.
    documents = await found.limit(limit + 1).to_list(None)
    if len(documents) <= limit:
        return documents, None
    return documents[:limit], _write(sort_keys, [_value(documents[limit - 1], key) for key in sort_keys])


def _behind(filter: Mapping[str, Any], keys: Sequence[str], values: Sequence[Any], descending: bool) -> dict[str, Any]:  # noqa: A002
    """The filter of what comes after the values in the order of the keys: one range of the index for each key."""
    after = "$lt" if descending else "$gt"
    ranges = [
        {**dict(zip(keys[:number], values, strict=False)), keys[number]: {after: values[number]}}
        for number in range(len(keys))
    ]
    branches: list[dict[str, Any]] = [{"$and": [filter, each]} if filter else each for each in ranges]
    return branches[0] if len(branches) == 1 else {"$or": branches}


def _value(document: Mapping[str, Any], key: str) -> Any:
    value: Any = document
    for part in key.split("."):
        value = value[part]
    return value


def _write(keys: Sequence[str], values: Sequence[Any]) -> str:
    plain = [{"ms": (value - _EPOCH) // _MILLISECOND} if isinstance(value, datetime) else value for value in values]
    text = json.dumps([",".join(keys), *plain], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[str]) -> list[Any]:
    try:
        data = parse_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (BadBase64, ValueError, Malformed):
        raise _refused() from None
    if not isinstance(data, list) or len(data) != len(keys) + 1 or data[0] != ",".join(keys):
        raise _refused()
    return [_plain_value(value) for value in data[1:]]


def _plain_value(value: Any) -> Any:
    """A text, a whole number or a time; nothing else is let into a filter."""
    if type(value) in (str, int):
        return value
    milliseconds = value.get("ms") if isinstance(value, dict) and len(value) == 1 else None
    if type(milliseconds) is int and 0 <= milliseconds <= _MOST_MILLISECONDS:
        return _EPOCH + milliseconds * _MILLISECOND
    raise _refused()


def _refused() -> Invalid:
    message = "翻页的位置（cursor）无效，请去掉它，从第一页重新开始"
    return Invalid(message, details=[Detail("/query/cursor", "bad_cursor", message)])
