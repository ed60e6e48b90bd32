"""JSON as the service accepts it: exact decimals, no duplicate keys, no NaN, bounded numbers and depth."""

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from backend.errors import Malformed

MAX_DEPTH = 32
# MongoDB stores 64 bits, and no honest figure or score needs more than a few digits after the point.
MAX_INTEGER = 2**63 - 1
MAX_EXPONENT = 30
# Each value may be wrong in its own way, and all that is wrong is said: this bounds the work of one hostile request.
MAX_VALUES = 20_000
_MAX_NUMBER_LENGTH = 40

# Nearly every request is known at a glance to be no deeper than this.
_SHALLOW = 6
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    """What is wrong with the text, as a code and a Chinese message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_json(text: bytes) -> Any:
    """The value of one JSON document in UTF-8; fractions are `Decimal`, never a binary float.

    Raises `Malformed` for what is no JSON, NaN and Infinity, a key that stands twice, a number that does not fit in
    64 bits (1e400), a lone surrogate, arrays and objects more than `MAX_DEPTH` deep, or more than some `MAX_VALUES`
    values.
    """
    try:
        decoded = text.decode("utf-8")
        if decoded.count(",") > MAX_VALUES:
            raise _RefusedError("too_many_values", "请求内容太多，请分成几次发送")
        value = _decoder.decode(decoded)
        _check_depth(text, value)
        _check_surrogates(decoded, value)
    except _RefusedError as error:
        raise Malformed(error.message, code=error.code) from None
    except UnicodeDecodeError:
        raise Malformed("请求内容不是 UTF-8 编码，请用 UTF-8 重新发送", code="not_utf8") from None
    except RecursionError:
        raise Malformed(_TOO_DEEP.message, code=_TOO_DEEP.code) from None
    except json.JSONDecodeError as error:
        message = f"请求内容不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列），请检查后重新发送"
        raise Malformed(message, code="not_json") from None
    return value


def write_json(value: Any) -> str:
    """JSON text that `parse_json` reads back as exactly the same: a `Decimal` is written digit by digit.

    `value` is plain: dict with texts as keys, list, str, int, `Decimal`, bool, None. Raises `TypeError` for others.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{write_json(name)}:{write_json(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_json, value)) + "]"
    if value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} is not plain data")
    return json.dumps(value, ensure_ascii=False)


_TOO_DEEP = _RefusedError("too_deep", f"请求内容嵌套超过 {MAX_DEPTH} 层，请简化后重新发送")


def _number_refused(literal: str) -> _RefusedError:
    shown = literal if len(literal) <= 20 else f"{literal[:20]}…"
    return _RefusedError("number_out_of_range", f"数字 {shown} 超出可处理的范围，请改小后重新发送")


def _decimal(literal: str) -> Decimal:
    if len(literal) > _MAX_NUMBER_LENGTH:
        raise _number_refused(literal)
    try:
        number = Decimal(literal)
    except InvalidOperation:
        raise _number_refused(literal) from None
    # The exponent of 0e999999 is as costly as that of 1e999999 to whoever turns the number into an integer.
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise _number_refused(literal)
    return number


def _integer(literal: str) -> int:
    # The length comes first: the time to read digits grows with their square.
    if len(literal) > _MAX_NUMBER_LENGTH or abs(number := int(literal)) > MAX_INTEGER:
        raise _number_refused(literal)
    return number


def _constant(literal: str) -> NoReturn:
    raise _RefusedError("not_json", f"JSON 里没有 {literal} 这个数，请改成普通的数字或 null")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        times = Counter(name for name, _ in pairs)
        name = times.most_common(1)[0][0]
        raise _RefusedError("duplicate_key", f"同一个对象里 {name[:64]!r} 出现了两次，请只保留一个")
    return fields


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
)


def _check_depth(text: bytes, value: Any) -> None:
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(_SHALLOW):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    if not brackets:
        return
    # It is deep, or there are brackets within its strings.
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _TOO_DEEP


def _check_surrogates(text: str, value: Any) -> None:
    r"""Refuses a lone `\ud800`, which is no character and could neither be stored nor answered."""
    if _SURROGATE.search(text) is None:
        return
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise _RefusedError("not_unicode", "请求内容里有不成对的 \\ud800 一类字符，请删去后重新发送") from None
