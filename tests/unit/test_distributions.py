"""Ranges, middles, and gaps by indicator."""

from fractions import Fraction
from statistics import median as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.case import Answers, Case, School, Sheet, Stage
from inspection.rules.distributions import (
    IndicatorGap,
    Range,
    gaps_by_indicator,
    gaps_together,
    in_ranges,
    median,
    totals_in_ranges,
)
from inspection.rules.outcome import assess
from inspection.rules.ruleset import RULES_2022
from tests.unit.test_agreement import RUBRIC

FULL = 11_000


def test_a_grades_line_is_the_beginning_of_a_range() -> None:
    found = totals_in_ranges([6999, 7000, 7499, 7500, 0, FULL], FULL)
    counts = {(each.least, each.most): each.count for each in found if each.count}
    assert counts == {(6500, 7000): 1, (7000, 7500): 2, (7500, 8000): 1, (0, 500): 1, (10_500, FULL): 1}
    assert (found[0].least, found[-1].most, len(found)) == (0, FULL, 22)


def test_full_points_that_are_no_multiple_of_five_end_the_last_range() -> None:
    assert totals_in_ranges([700], 700) == (Range(0, 500, 0), Range(500, 700, 1))


def test_days() -> None:
    assert in_ranges([0, 0, 1, 3, 99], (0, 1, 2, 4)) == (
        Range(0, 1, 2),
        Range(1, 2, 1),
        Range(2, 4, 1),
        Range(4, None, 1),
    )


@given(st.lists(st.integers(0, FULL)))
def test_every_total_is_in_one_range(totals: list[int]) -> None:
    found = totals_in_ranges(totals, FULL)
    assert sum(each.count for each in found) == len(totals)
    for each in found:
        last = each.most == FULL
        assert each.count == sum(each.least <= total < (each.most or 0) or (last and total == FULL) for total in totals)


@given(st.lists(st.integers(-10_000, 10_000), min_size=1))
def test_the_middle(values: list[int]) -> None:
    assert median(values) == Fraction(reference(map(Fraction, values)))
    assert median([]) is None


@pytest.mark.parametrize("stage", ["primary", "senior"])
def test_gaps_by_indicator(stage: str) -> None:
    full = {code: item.points for code, item in RUBRIC.items.items()}
    clauses = {
        code: {clause.name: True for clause in item.clauses if not clause.figures}
        for code, item in RUBRIC.items.items()
    }
    agreed = full | {"1.1.2": 0, "1.1.3": full["1.1.3"] - 50, "2.1.1": full["2.1.1"]}
    own = full | {"2.1.1": 0}
    denied = clauses | {"1.1.5": {**clauses["1.1.5"], "demonstration": False}}
    case = Case(
        RUBRIC,
        RULES_2022,
        "demonstration",
        School((Stage(stage, 10, 10),), 1, 1),
        Answers(own, clauses),
        (Sheet("i", Answers(agreed, denied)),),
        evidence=dict.fromkeys(full, 1),
    )
    outcome = assess(case)
    found = gaps_by_indicator(RUBRIC, own, outcome)
    rows = [row for row in outcome.discrepancies if row.item.startswith("1.1.")]
    first = full["1.1.2"] + 50
    assert found["1.1"] == IndicatorGap(len(rows), sum(row.severity == "critical" for row in rows), first)
    assert len(rows) >= 2
    assert found["1.1"].critical == 1
    assert found["2.1"].delta == -full["2.1.1"]
    assert set(found) == {"1.1", "2.1"}
    assert gaps_together([found["1.1"], list(found["2.1"])]).delta == first - full["2.1.1"]
