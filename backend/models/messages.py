"""What pydantic finds wrong, as the details of an error: JSON pointers, stable codes, Chinese messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from backend.errors import Detail
from backend.models.base import PATTERN_MESSAGES
from inspection.rules.problems import pointer

_INTEGER = ("wrong_type", "应为整数，不要加引号或小数点")
_NUMBER = ("wrong_type", "应为数字，不要加引号")
_BOOLEAN = ("wrong_type", "应为 true 或 false")
_TEXT = ("wrong_type", "应为文字（字符串）")
_LIST = ("wrong_type", "应为数组")
_OBJECT = ("wrong_type", "应为对象")
_DATE = ("bad_format", "应为日期，如 2022-09-01")
_TIME = ("bad_format", "应为带时区的时间，如 2022-09-01T08:00:00+08:00")

# By pydantic's type of error: our code, and the message, into which pydantic's figures are put.
MESSAGES: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "缺少这一项，请填写"),
    "extra_forbidden": ("unknown_field", "没有这个字段，请检查拼写或删去"),
    "invalid_key": ("wrong_type", "字段名应为文字"),
    "none_required": ("wrong_type", "应为 null"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "string_type": _TEXT,
    "string_unicode": ("not_unicode", "含有不成对的 \\ud800 一类字符，请删去"),
    "string_too_short": ("too_short", "至少 {min_length} 个字"),
    "string_too_long": ("too_long", "最多 {max_length} 个字，请缩短"),
    "string_pattern_mismatch": ("bad_format", "格式不对，请检查"),
    "too_short": ("too_short", "至少要有 {min_length} 个"),
    "too_long": ("too_long", "最多 {max_length} 个，请减少"),
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": ("too_large", "数字太大，请改小"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": ("too_precise", "最多 {max_digits} 位数字"),
    "decimal_max_places": ("too_precise", "最多 {decimal_places} 位小数"),
    "decimal_whole_digits": ("too_large", "整数部分最多 {whole_digits} 位"),
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "greater_than": ("too_small", "应大于 {gt}"),
    "greater_than_equal": ("too_small", "应不小于 {ge}"),
    "less_than": ("too_large", "应小于 {lt}"),
    "less_than_equal": ("too_large", "应不大于 {le}"),
    "multiple_of": ("off_step", "应为 {multiple_of} 的倍数"),
    "enum": ("not_a_choice", "只能是 {expected} 之一"),
    "literal_error": ("not_a_choice", "只能是 {expected} 之一"),
    "union_tag_invalid": ("not_a_choice", "只能是 {expected_tags} 之一"),
    "union_tag_not_found": ("missing", "缺少这一项，请填写"),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_naive": _TIME,
    "uuid_type": ("bad_format", "应为 UUID"),
    "uuid_parsing": ("bad_format", "应为 UUID"),
}
_UNKNOWN = ("invalid", "内容不符合要求，请检查")


def details_of(error: ValidationError, data: Any, prefix: str = "") -> list[Detail]:
    """Everything that is wrong with `data`, in its order; the paths begin with `prefix`. A place is named once.

    A model may raise `PydanticCustomError(code, "中文")` or `ValueError("中文")`: the message is passed on as it is.
    """
    details: dict[str, Detail] = {}
    for each in error.errors(include_url=False, include_input=False):
        path = prefix + _pointer(each, data)
        details.setdefault(path, Detail(path, *_code_and_message(each)))
    return list(details.values())


def _pointer(error: ErrorDetails, data: Any) -> str:
    """Where in `data` it is. Pydantic also names union members on its way, which are not in the data: left out."""
    parts: list[str | int] = []
    location = [*error["loc"], *_tag(error)]
    for position, part in enumerate(location):
        if isinstance(data, Mapping):
            if part in data:
                data = data[part]
            elif position < len(location) - 1 or error["type"] not in ("missing", "union_tag_not_found"):
                continue
        elif isinstance(data, Sequence) and not isinstance(data, str) and isinstance(part, int):
            data = data[part] if part < len(data) else None
        else:
            continue
        parts.append(part)
    return pointer(*parts)


def _tag(error: ErrorDetails) -> tuple[str, ...]:
    """The field that chooses the union's member; pydantic places the error on the object around it."""
    discriminator = error.get("ctx", {}).get("discriminator")
    return (str(discriminator).strip("'"),) if discriminator is not None else ()


def _code_and_message(error: ErrorDetails) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch" and context["pattern"] in PATTERN_MESSAGES:
        return "bad_format", PATTERN_MESSAGES[context["pattern"]]
    if kind in MESSAGES:
        code, message = MESSAGES[kind]
        return code, message.format_map({name: _choices(value) for name, value in context.items()})
    if kind == "value_error":
        return "invalid", str(context["error"])
    # A custom error of one of our models carries its own code and Chinese message; pydantic's own are English.
    return _UNKNOWN if error["msg"].isascii() else (kind, error["msg"])


def _choices(value: Any) -> str:
    """`'a', 'b' or 'c'` is how pydantic lists choices."""
    return str(value).replace(" or ", ", ").replace("'", "").replace(", ", "、")
