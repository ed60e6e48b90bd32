"""Points: exact hundredths, whatever stands in the JSON."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.points import as_number, hundredths, mean_half_up


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 200),
        (0, 0),
        (-1, -100),
        (Decimal("1.5"), 150),
        (Decimal("0.10"), 10),
        (Decimal("1.50000"), 150),
        (Decimal("5e-1"), 50),
    ],
)
def test_numbers_become_hundredths(value: object, expected: int) -> None:
    assert hundredths(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, "1", 1.5, True, [1], 10**400),
        *map(Decimal, ("0.005", "NaN", "Infinity", "1e400", "1E+9999999", "1E-9999999", "2." + "0" * 40 + "1")),
    ],
    ids=repr,
)
def test_what_is_no_whole_hundredth_is_refused(value: object) -> None:
    assert hundredths(value) is None


@given(st.integers(-(10**9), 10**9))
def test_there_and_back(points: int) -> None:
    assert hundredths(Decimal(repr(as_number(points)))) == points


@given(st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_the_mean_is_rounded_half_up(scores: list[int]) -> None:
    exact = Decimal(sum(scores)) / len(scores)
    assert mean_half_up(scores) == int(exact + Decimal("0.5"))
