"""The cycle of 2022 as the notice has it; a cycle or a list of districts that is wrong names all that is."""

import copy
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backend.config_files import load_cycle, load_districts, load_rubric, read_yaml
from inspection.rules.cycle import CycleError, DistrictsError, parse_cycle, parse_districts
from inspection.rules.ruleset import RULES_2022

CONFIG = Path(__file__).parents[2] / "config"
DATA: Any = read_yaml(CONFIG / "cycles" / "2022.yaml")


@pytest.fixture
def data() -> Any:
    return copy.deepcopy(DATA)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


def test_dates_are_the_notices() -> None:
    dates = load_cycle(CONFIG, "2022").dates
    assert dates.submission_opens == at("2022-06-20T00:00:00")
    assert dates.review_opens == at("2022-08-01T00:00:00")
    # 8月31日前: the last moment of 31 August is still within, the first of September is not.
    assert at("2022-08-31T23:59:59") < dates.hand_in == at("2022-09-01T00:00:00")
    assert dates.submission_closes == dates.hand_in
    assert (dates.visits_open, dates.visits_close) == (at("2022-09-01T00:00:00"), at("2022-10-01T00:00:00"))


def test_dates_are_in_utc() -> None:
    offset = load_cycle(CONFIG, "2022").dates.hand_in.utcoffset()
    assert offset is not None
    assert not offset


def test_rules_are_those_of_2022() -> None:
    assert load_cycle(CONFIG, "2022").rules == RULES_2022


def test_targets_are_the_notices() -> None:
    targets = [(target.year, target.grade, target.share) for target in load_cycle(CONFIG, "2022").targets]
    assert targets == [
        (2022, "qualified", Decimal("0.95")),
        (2022, "excellent", Decimal("0.20")),
        (2022, "demonstration", Decimal("0.10")),
        (2024, "qualified", Decimal("1.00")),
    ]


def test_its_rubric_exists_and_reaches_every_grade() -> None:
    cycle = load_cycle(CONFIG, "2022")
    rubric = load_rubric(CONFIG, cycle.rubric)
    assert all(grade.min_total <= rubric.points for grade in cycle.rules.grades)


def test_districts() -> None:
    districts = load_districts(CONFIG)
    names = ["海陵区", "医药高新区（高港区）", "姜堰区", "兴化市", "靖江市", "泰兴市", "市直"]
    assert [district.name for district in districts] == names
    ids = ["hailing", "gaogang", "jiangyan", "xinghua", "jingjiang", "taixing", "municipal"]
    assert [district.id for district in districts] == ids
    assert [district.name for district in districts if district.municipal] == ["市直"]


def problems_of(data: object) -> list[tuple[str, str]]:
    with pytest.raises(CycleError) as caught:
        parse_cycle(data)
    assert all("请" in problem.message for problem in caught.value.problems)
    return [(problem.path, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "wrong",
    [
        "2022-06-20",
        "2022-06-20T00:00:00",
        "20 June 2022",
        "2022-02-30T00:00:00+08:00",
        "2022-06-20T00:00:00.5+08:00",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
    ],
)
def test_a_time_needs_date_time_and_offset(data: Any, wrong: str) -> None:
    data["dates"]["submission_opens"] = wrong
    with pytest.raises(CycleError) as caught:
        parse_cycle(data)
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/dates/submission_opens", "bad_time")
    assert "请写全" in problem.message


@pytest.mark.parametrize(
    ("name", "moment", "where"),
    [
        ("submission_opens", "2022-08-15T00:00:00+08:00", "review_opens"),
        ("submission_closes", "2022-06-20T00:00:00+08:00", "submission_closes"),
        ("submission_closes", "2022-09-01T00:00:01+08:00", "hand_in"),
        ("review_opens", "2022-09-01T00:00:00+08:00", "hand_in"),
        ("visits_open", "2022-07-31T23:59:59+08:00", "visits_open"),
        ("visits_close", "2022-09-01T00:00:00+08:00", "visits_close"),
    ],
)
def test_dates_out_of_order(data: Any, name: str, moment: str, where: str) -> None:
    data["dates"][name] = moment
    assert problems_of(data) == [(f"/dates/{where}", "out_of_order")]


def test_dates_are_compared_as_moments_whatever_their_offset(data: Any) -> None:
    data["dates"]["hand_in"] = data["dates"]["visits_open"] = "2022-08-31T16:00:00+00:00"
    assert parse_cycle(data) == parse_cycle(DATA)


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("name", 2022, ("/name", "wrong_type")),
        ("rubric", "../secret", ("/rubric", "bad_name")),
        ("year", "2022", ("/year", "out_of_range")),
        ("year", 22, ("/year", "out_of_range")),
        ("targets", [], ("/targets", "required")),
        ("targets", [{"year": 2022, "grade": "golden", "share": 1}], ("/targets/0/grade", "unknown_value")),
        ("targets", [{"year": 2021, "grade": "qualified", "share": 1}], ("/targets/0/year", "out_of_range")),
        ("targets", [{"year": 2022, "grade": "qualified", "share": 95}], ("/targets/0/share", "out_of_range")),
        ("targets", [{"year": 2022, "grade": "qualified", "share": 0.95}], ("/targets/0/share", "out_of_range")),
        (
            "targets",
            [{"year": 2022, "grade": "qualified", "share": Decimal("NaN")}],
            ("/targets/0/share", "out_of_range"),
        ),
        ("targets", [{"year": 2022, "grade": "qualified", "share": 1}] * 2, ("/targets/1", "duplicate")),
        ("extra", 1, ("/extra", "unknown_field")),
        ("dates", "soon", ("/dates", "wrong_type")),
    ],
)
def test_one_thing_wrong(data: Any, part: str, value: object, problem: tuple[str, str]) -> None:
    data[part] = value
    assert problems_of(data) == [problem]


def test_a_cycle_writes_every_rule(data: Any) -> None:
    del data["rules"]["spread_tolerance"]
    assert problems_of(data) == [("/rules/spread_tolerance", "required")]


def test_all_problems_are_named_at_once(data: Any) -> None:
    del data["title"]
    del data["dates"]["hand_in"]
    data["dates"]["visits_close"] = "2022-08-01T00:00:00+08:00"
    data["dates"]["midterm"] = "2022-08-01T00:00:00+08:00"
    data["rules"]["score_step"] = 0
    data["targets"][3]["share"] = 2
    assert set(problems_of(data)) == {
        ("/title", "required"),
        ("/dates/hand_in", "required"),
        ("/dates/visits_close", "out_of_order"),
        ("/dates/midterm", "unknown_field"),
        ("/rules/score_step", "out_of_range"),
        ("/targets/3/share", "out_of_range"),
    }


@pytest.mark.parametrize("data", [None, [], "cycle"])
def test_what_is_no_mapping_at_all(data: object) -> None:
    assert problems_of(data) == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("districts", "problems"),
    [
        ([{"id": "a", "name": "甲"}, {"id": "a", "name": "乙"}], [("/districts/1/id", "duplicate")]),
        ([{"id": "a", "name": "甲"}, {"id": "b", "name": "甲"}], [("/districts/1/name", "duplicate")]),
        ([{"id": "A b", "name": ""}], [("/districts/0/id", "bad_name"), ("/districts/0/name", "required")]),
        ([{"id": "a"}], [("/districts/0/name", "required")]),
        ([{"id": "a", "name": "甲", "municipal": "yes"}], [("/districts/0/municipal", "wrong_type")]),
        ([], [("/districts", "required")]),
    ],
)
def test_wrong_districts(districts: object, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(DistrictsError) as caught:
        parse_districts({"districts": districts})
    assert [(problem.path, problem.code) for problem in caught.value.problems] == problems
    assert all("请" in problem.message for problem in caught.value.problems)
