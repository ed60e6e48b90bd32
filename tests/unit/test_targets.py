"""Targets are exact: 19 of 20 schools are 95 %, and 19 of 21 are not."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.cycle import Target
from inspection.rules.ruleset import RULES_2022
from inspection.rules.targets import add_up, held_grade, holding_at_least, standings

GRADES = [grade.name for grade in RULES_2022.grades]
HELD = st.dictionaries(st.sampled_from([None, *GRADES]), st.integers(0, 10_000))
SHARES = st.decimals(0, 1, places=4)


def missing(share: str, grade: str, **held: int) -> int:
    """How many schools are missing; `none` are those without a grade."""
    target = Target(2022, grade, Decimal(share))
    [standing] = standings(RULES_2022, [target], {None if name == "none" else name: n for name, n in held.items()})
    assert standing.reached == (standing.missing == 0)
    return standing.missing


@pytest.mark.parametrize(
    ("schools", "qualified", "expected"),
    [(20, 19, 0), (20, 18, 1), (21, 19, 1), (21, 20, 0), (100, 95, 0), (100, 94, 1), (1, 0, 1), (600, 569, 1)],
)
def test_ninety_five_per_cent(schools: int, qualified: int, expected: int) -> None:
    assert missing("0.95", "qualified", qualified=qualified, none=schools - qualified) == expected


def test_a_higher_grade_counts_for_the_lower_ones() -> None:
    assert missing("0.95", "qualified", demonstration=10, excellent=9, none=1) == 0
    assert missing("0.20", "excellent", demonstration=3, qualified=17) == 1
    assert missing("0.10", "demonstration", excellent=20) == 2


def test_all_schools_by_2024() -> None:
    assert missing("1", "qualified", qualified=59, none=1) == 1
    assert missing("1", "qualified", qualified=60) == 0


def test_no_schools_miss_nothing() -> None:
    assert missing("1", "qualified") == 0


@pytest.mark.parametrize(
    ("awards", "held"),
    [
        ([], None),
        ([None], None),
        (["qualified", "demonstration", None], "demonstration"),
        (["excellent", "qualified"], "excellent"),
        (["星级", "qualified"], "qualified"),
    ],
)
def test_the_best_award_is_held(awards: list[str | None], held: str | None) -> None:
    assert held_grade(RULES_2022, awards) == held


@given(HELD, st.sampled_from(GRADES), SHARES)
def test_needed_is_the_fewest_that_make_up_the_share(held: dict[str | None, int], grade: str, share: Decimal) -> None:
    [standing] = standings(RULES_2022, [Target(2022, grade, share)], held)
    exact, needed = Fraction(share) * standing.schools, standing.needed
    assert needed - 1 < exact <= needed
    assert standing.reached == (
        standing.schools == 0 or Fraction(standing.holding, standing.schools) >= Fraction(share)
    )
    assert standing.holding + standing.missing >= exact


@given(HELD)
def test_at_least_grows_downwards_to_all_that_hold_any(held: dict[str | None, int]) -> None:
    counts = list(holding_at_least(RULES_2022, held).values())
    assert counts == sorted(counts)
    assert counts[-1] == sum(held.values()) - held.get(None, 0)


@given(st.lists(HELD, max_size=7))
def test_the_city_is_its_districts_together(parts: list[dict[str | None, int]]) -> None:
    total = add_up(parts)
    for grade in GRADES:
        assert holding_at_least(RULES_2022, total)[grade] == sum(
            holding_at_least(RULES_2022, part)[grade] for part in parts
        )


@given(HELD, st.sampled_from(GRADES), SHARES)
def test_one_school_more_never_makes_a_target_harder(held: dict[str | None, int], grade: str, share: Decimal) -> None:
    before, after = (
        standings(RULES_2022, [Target(2022, grade, share)], each)[0].missing
        for each in (held, held | {grade: held.get(grade, 0) + 1})
    )
    assert after <= before
