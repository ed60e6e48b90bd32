"""WeChat's rules for the fields of a subscription message, and how a value is made to keep them.

A field's key is its kind and a number ("thing1"); a value that breaks the kind's rule makes WeChat refuse the message
(47003). The limits are those of subscribeMessage.send; lengths are counted in UTF-16 units, as WeChat's clients do, so
that they hold by any count.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum

from inspection.rules.workflow import SHANGHAI

THING_MOST = 20
_ELLIPSIS = "…"
_HAN = r"\u4e00-\u9fff"
_NOTHING = "无"
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_JOINER = "\u200d"


class Kind(StrEnum):
    """What a value is, which decides the fields that it fits."""

    TEXT = "text"
    WORD = "word"  # a short Chinese word out of a few
    CODE = "code"  # letters, digits and signs
    DATE = "date"
    TIME = "time"


# What a literal of the mapping must match, by the kind of the field; and the values that a field is fitted with.
LITERALS: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r"[^\r\n]{1,20}"),
    "number": re.compile(r"[0-9]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(r"(?:[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?[0-9]{1,2}:[0-9]{2}"),
    "date": re.compile(r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(?: [0-9]{1,2}:[0-9]{2})?"),
    "amount": re.compile(r"[¥￥]?[0-9]{1,10}(?:\.[0-9]{1,2})?元?"),
    "phone_number": re.compile(r"[0-9+-]{1,17}"),
    "car_number": re.compile(rf"[{_HAN}A-Z0-9]{{1,8}}"),
    "name": re.compile(rf"[{_HAN}]{{1,10}}|[A-Za-z]{{1,20}}"),
    "phrase": re.compile(rf"[{_HAN}]{{1,5}}"),
}
FITTING: dict[str, frozenset[Kind]] = {
    "thing": frozenset(Kind),
    "phrase": frozenset({Kind.WORD}),
    "character_string": frozenset({Kind.CODE}),
    "date": frozenset({Kind.DATE, Kind.TIME}),
    "time": frozenset({Kind.TIME}),
}


def shown(value: object) -> str:
    """A value as people read it: 2022年9月5日, 2022年9月5日 18:00 (Asia/Shanghai); a date may come as 2022-09-05."""
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI)
        return f"{shown(local.date())} {local.hour:02}:{local.minute:02}"
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return shown(date.fromisoformat(value))
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return "" if value is None else str(value)


def fit(field: str, text: str) -> str:
    """The text as the field takes it; one of `FITTING`. Never empty, whatever the text."""
    if field == "phrase":
        return re.sub(rf"[^{_HAN}]", "", text)[:5] or _NOTHING
    if field == "character_string":
        return re.sub(r"[^!-~]", "", text)[:32] or "-"
    return thing(text) if field == "thing" else text


def thing(text: str) -> str:
    """At most 20 characters on one line, cut at a whole character with … where it is longer."""
    line = " ".join(_printable(text).split())
    if _length(line) <= THING_MOST:
        return line or _NOTHING
    kept, room = "", THING_MOST - _length(_ELLIPSIS)
    for character in characters(line):
        if _length(character) > room:
            break
        kept, room = kept + character, room - _length(character)
    return kept.rstrip() + _ELLIPSIS


def characters(text: str) -> Iterator[str]:
    """What people take for one character each: with its accents, a family of emoji in one, a flag in one."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _continues(text[start:place], text[place]):
            yield text[start:place]
            start = place


def _continues(begun: str, following: str) -> bool:
    if begun[-1] == _JOINER or following == _JOINER or unicodedata.category(following) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= following <= "\U0001f3ff":  # the tone of the skin of the emoji before
        return True
    flag = "\U0001f1e6", "\U0001f1ff"
    return len(begun) == 1 and flag[0] <= begun <= flag[1] and flag[0] <= following <= flag[1]


def _printable(text: str) -> str:
    """Without what has no place in a line: control characters become spaces, lone surrogates go."""
    kinds = ((unicodedata.category(character), character) for character in text)
    return "".join(" " if kind in ("Cc", "Zl", "Zp") else character for kind, character in kinds if kind != "Cs")


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
