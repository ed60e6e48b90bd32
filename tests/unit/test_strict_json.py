"""Parsed JSON is exact, and quick enough for a batch of an inspector's operations."""

import json
import time
from decimal import Decimal

import pytest

from backend.errors import Malformed
from backend.strict_json import MAX_DEPTH, parse_json


def test_values_are_exact() -> None:
    text = b'{"a": 0.1, "b": 1e2, "c": -0.0, "d": 9223372036854775807, "e": [true, null, "\\ud83d\\ude00"], "f": 1.50}'
    value = parse_json(text)
    assert value == {
        "a": Decimal("0.1"),
        "b": Decimal("1E+2"),
        "c": Decimal("-0.0"),
        "d": 2**63 - 1,
        "e": [True, None, "😀"],
        "f": Decimal("1.50"),
    }
    assert type(value["b"]) is Decimal


def test_the_message_says_where() -> None:
    with pytest.raises(Malformed, match="第 2 行第 8 列"):
        parse_json(b'{"a": 1,\n "b":  }')


def test_the_message_names_the_key_that_stands_twice() -> None:
    with pytest.raises(Malformed, match="'b'"):
        parse_json(b'{"a": 1, "b": 2, "c": {"a": 1}, "b": 3}')


def test_depth_is_counted_and_not_guessed() -> None:
    wide: list[list[list[int]]] = [[[]] for _ in range(1000)]
    assert parse_json(json.dumps(wide).encode()) == wide
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    parse_json(deep)
    with pytest.raises(Malformed):
        parse_json(b"[" + deep + b"]")


def test_the_worst_body_of_a_megabyte_is_refused_quickly() -> None:
    """What a stranger can send costs the event loop a bounded time of the processor."""
    bodies = [b"[" * 2**20, b"9" * 2**20, b'{"a":' * 2**17, b'"' + b"\\ud800" * 2**17 + b'"', b"0." + b"1" * 2**20]
    for body in bodies:
        began = time.process_time()
        with pytest.raises(Malformed):
            parse_json(body)
        assert time.process_time() - began < 1, body[:10]
