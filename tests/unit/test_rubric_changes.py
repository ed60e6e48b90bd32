"""From one rubric to another: what differs, and what of the answers still fits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import default_config_folder, load_rubric
from inspection.rules.case import Answers, Case, School, Sheet, Stage
from inspection.rules.outcome import assess
from inspection.rules.replay import case_to_data, parse_case
from inspection.rules.rubric import Rubric
from inspection.rules.rubric_changes import fitting, indicator_changes, item_changes, under
from inspection.rules.ruleset import RULES_2022
from tests.unit import strategies

FOLDER = default_config_folder()
RUBRIC = load_rubric(FOLDER, "taizhou-2022")


def test_the_same_rubric_differs_in_nothing() -> None:
    assert item_changes(RUBRIC, RUBRIC) == ()
    assert indicator_changes(RUBRIC, RUBRIC) == ()


@given(strategies.rubrics(), strategies.rubrics())
def test_differences_say_all_that_differs(before: Rubric, after: Rubric) -> None:
    changes = {each.code: each for each in item_changes(before, after)}
    for code in {*before.items, *after.items}:
        old, new = before.items.get(code), after.items.get(code)
        assert (code in changes) == (old != new)
        if code in changes:
            assert (changes[code].before, changes[code].after) == (old, new)
            assert bool(changes[code].parts) == (old is not None and new is not None)
    back = {each.code: (each.after, each.before) for each in item_changes(after, before)}
    assert back == {code: (each.before, each.after) for code, each in changes.items()}


def answers_of(drawn: Mapping[str, Any]) -> Answers:
    points = {code: int(said["points"] * 100) for code, said in drawn.items() if said.get("points") is not None}
    clauses = {code: said["clauses"] for code, said in drawn.items() if said.get("clauses")}
    return Answers(points, clauses)


@given(strategies.rubrics(), strategies.rubrics(), st.data())
def test_what_fits_is_within_the_rubric_and_nothing_else_is_lost(
    before: Rubric, after: Rubric, data: st.DataObject
) -> None:
    answers = answers_of(data.draw(strategies.answers(before)))
    kept = fitting(after, answers)
    for code, points in answers.points.items():
        fits = code in after.items and points <= after.items[code].points
        assert (kept.points.get(code) == points) == fits
    for code, verdicts in kept.clauses.items():
        assert set(verdicts) <= {clause.name for clause in after.items[code].clauses}
    assert fitting(before, answers).points == answers.points
    assert fitting(after, kept) == kept


def full_case(rubric: Rubric) -> Case:
    points = {code: item.points for code, item in rubric.items.items()}
    clauses = {
        code: {clause.name: True for clause in item.clauses if not clause.figures}
        for code, item in rubric.items.items()
    }
    school = School((Stage("primary", 10, 10),), 1, 1)
    sheets = (Sheet("i", Answers(points, clauses)),)
    return Case(rubric, RULES_2022, "demonstration", school, Answers(points, clauses), sheets)


def test_a_case_under_its_own_rubric_is_the_same() -> None:
    case = full_case(RUBRIC)
    assert assess(under(case, RUBRIC)) == assess(case)


def test_points_above_the_new_ones_have_to_be_given_anew() -> None:
    item = RUBRIC.items["1.1.2"]
    smaller = replace(RUBRIC, items={**RUBRIC.items, "1.1.2": replace(item, points=item.points - 50)})
    case = under(full_case(RUBRIC), smaller)
    outcome = assess(case)
    assert outcome.decision is None
    assert [code for code, agreed in outcome.items.items() if not agreed.settled] == ["1.1.2"]
    # Ruled, it is a case that the replay reads by the new rubric.
    ruled = replace(case, rulings=Answers({"1.1.2": item.points - 50}))
    read = parse_case(case_to_data(ruled), lambda _: smaller)
    assert assess(read) == assess(ruled)
    assert assess(ruled).decision is not None
