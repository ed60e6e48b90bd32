"""The vocabulary of every model: strict, frozen, and with names for what JSON has no type for.

A model is checked against parsed JSON (`backend.strict_json`): text is never read as a number, and unknown fields are
refused. In Python data, strict mode also wants an enum member or a tuple itself; `FromJson[Role]` and
`FromJson[tuple[Item, ...]]` accept the string and the array that JSON has in their place.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from inspection.rules.points import as_number, hundredths

_T = TypeVar("_T")

FromJson = Annotated[_T, Field(strict=False)]


class Model(BaseModel):
    """A request, a query, or an answer."""

    # Built when it is first used: to build all of them took a quarter of the time of a start, and nobody uses all.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
PHONE = r"^1[3-9][0-9]{9}$"
TELEPHONE = r"^[0-9]{3,4}-?[0-9]{4,8}(-[0-9]{1,6})?$"
# Neither forms nor workbooks can hold control characters, and a line of nothing but blanks says nothing.
LINE = r"^[^\u0000-\u001F\u007F\uFFFE\uFFFF]*[^\u0000-\u0020\u007F\u00A0\u3000\uFFFE\uFFFF]" + (
    r"[^\u0000-\u001F\u007F\uFFFE\uFFFF]*$"
)
NOTE = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFE\uFFFF]*$"
# A note that says something.
SAID = rf"{NOTE[:-1]}[^\u0000-\u0020\u007F\u00A0\u3000\uFFFE\uFFFF]{NOTE[1:]}"

# What to say to whoever typed something that doesn't match.
PATTERN_MESSAGES = {
    ID: "应为 UUID，如 6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11",
    PHONE: "应为 11 位手机号",
    TELEPHONE: "应为电话号码，如 0523-86880000",
    LINE: "不能为空白，也不能含换行等控制字符",
    SAID: "不能为空白，也不能含换行以外的控制字符",
    NOTE: "不能含换行以外的控制字符",
}

Id = Annotated[str, StringConstraints(pattern=ID), Field(json_schema_extra={"format": "uuid"})]
Phone = Annotated[str, StringConstraints(pattern=PHONE)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE)]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NOTE)]

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _instant(value: Any) -> Any:
    """A time of RFC 3339 in UTC, cut to the milliseconds that MongoDB keeps; a `datetime` passes."""
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            moment = datetime.fromisoformat(value)
            beyond = moment.microsecond % 1000
            return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)) - timedelta(microseconds=beyond)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("bad_format", "应为带时区的时间，如 2022-09-01T08:00:00+08:00")


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("bad_format", "应为日期，如 2022-09-01")


def _points(value: Any) -> int:
    points = hundredths(value)
    if points is None:
        raise PydanticCustomError("bad_points", "应为最多两位小数的分数，如 1.5")
    return points


# A moment: RFC 3339 with any offset in requests, UTC in answers and inside.
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

# Points are numbers in JSON and hundredths inside. A request turns them one way and an answer the other, hence two.
PointsIn = Annotated[int, BeforeValidator(_points), WithJsonSchema({"type": "number"})]
PointsOut = Annotated[int, PlainSerializer(as_number), WithJsonSchema({"type": "number"})]
