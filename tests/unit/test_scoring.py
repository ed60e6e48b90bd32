"""What may be said of an item, what a sheet lacks, and cases as plain data."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import default_config_folder, load_rubric
from backend.strict_json import parse_json, write_json
from inspection.rules.case import Answers
from inspection.rules.replay import case_to_data, parse_case
from inspection.rules.rubric import Rubric
from inspection.rules.scoring import (
    RefusedError,
    assigned_items,
    fields,
    indicators_of,
    missing_from_sheet,
    unknown_parts,
)
from tests.unit.strategies import answers, cases, rubrics

PRIMARY = frozenset({"primary"})


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return load_rubric(default_config_folder(), "taizhou-2022")


@given(cases())
def test_a_case_reads_back_as_itself(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    rubric, data = drawn
    case = parse_case(data, lambda _: rubric)
    assert parse_case(case_to_data(case), lambda _: rubric) == case


@given(cases())
def test_a_case_reads_back_from_its_text_too(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    rubric, data = drawn
    case = parse_case(data, lambda _: rubric)
    text = write_json(case_to_data(case))
    assert parse_case(parse_json(text.encode()), lambda _: rubric) == case
    assert json.loads(text)["rubric"] == f"small@{rubric.sha256}"


@given(rubrics(), st.sampled_from([50, 25, 100]), st.integers(-2, 400))
def test_points_are_on_the_scale_or_refused(rubric: Rubric, step: int, points: int) -> None:
    for code, item in rubric.items.items():
        read = fields(rubric, step, PRIMARY)[code, "points"]
        value = Decimal(points) / 100
        if 0 <= points <= item.points and points % step == 0:
            assert read(value) == points
        else:
            with pytest.raises(RefusedError):
                read(value)


@pytest.mark.parametrize("value", [True, False, "1", 1.0, Decimal("NaN"), Decimal("1E+30"), [], {}])
def test_what_is_no_number_is_no_points(rubric: Rubric, value: object) -> None:
    with pytest.raises(RefusedError) as refused:
        fields(rubric, 50, PRIMARY)["1.1.1", "points"](value)
    assert refused.value.code == "points_off_scale"


def test_every_field_can_be_taken_back(rubric: Rubric) -> None:
    assert {read(None) for read in fields(rubric, 50, PRIMARY).values()} == {None}


def test_fields_follow_the_stages(rubric: Rubric) -> None:
    senior = frozenset({"junior", "senior"})
    extra = fields(rubric, 50, senior).keys() - fields(rubric, 50, PRIMARY).keys()
    assert sorted(extra) == [("1.3.6", "clauses/senior"), ("4.1.2", "clauses/senior"), ("4.5.5", "clauses/senior")]


@given(rubrics().flatmap(lambda rubric: st.tuples(st.just(rubric), answers(rubric))))
def test_a_sheet_lacks_exactly_what_is_unanswered(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    rubric, said = drawn
    given_answers = Answers(
        {code: 0 for code, each in said.items() if each["points"] is not None},
        {code: {name: met for name, met in each["clauses"].items() if met is not None} for code, each in said.items()},
    )
    missing = {problem.path for problem in missing_from_sheet(rubric, PRIMARY, given_answers, None)}
    expected = {f"/{code}/points" for code, each in said.items() if each["points"] is None}
    for item in rubric.items.values():
        expected |= {
            f"/{item.code}/clauses/{clause.name}"
            for clause in item.clauses
            if clause.applies_to(PRIMARY) and not clause.figures and said[item.code]["clauses"][clause.name] is None
        }
    assert missing == expected


def test_assignments_name_groups_and_indicators(rubric: Rubric) -> None:
    assert indicators_of(rubric, ["1.2", "6", "1.2"]) == ["1.2", "6.1", "6.2", "6.3", "6.4"]
    assert unknown_parts(rubric, ["1", "7", "1.9", "1.1"]) == ["7", "1.9"]
    assert assigned_items(rubric, ["6.4"]) == ("6.4.1",)
    assert assigned_items(rubric, []) == ()
    assert len(assigned_items(rubric, None)) == 82
    assert missing_from_sheet(rubric, PRIMARY, Answers(), []) == []
