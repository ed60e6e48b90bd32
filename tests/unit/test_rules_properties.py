"""What holds of the rules whatever the rubric and the case."""

from copy import deepcopy
from decimal import Decimal
from itertools import chain, combinations
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from inspection.rules.case import Case, applicable_clauses
from inspection.rules.outcome import Outcome, assess
from inspection.rules.replay import outcome_to_data, parse_case
from inspection.rules.rubric import Rubric
from tests.unit.strategies import cases


def parsed(rubric: Rubric, data: dict[str, Any]) -> Case:
    return parse_case(data, lambda _: rubric)


def rank(case: Case, grade: str | None) -> int:
    return case.rules.grade(grade).min_total if grade else -1


@given(cases())
def test_a_case_is_decided_exactly_when_nothing_is_open(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    outcome = assess(parsed(*drawn))
    open_rows = [row for row in outcome.discrepancies if row.kind in ("inspectors_differ", "unscored")]
    assert (outcome.decision is None) == bool(open_rows)
    assert list(outcome.items) == list(drawn[0].items)
    if outcome.decision is None:
        assert not any(row.changes_grade for row in outcome.discrepancies)
    else:
        assert outcome.decision.total == sum(item.points or 0 for item in outcome.items.values())


@given(cases(decided=True), st.data())
def test_raising_a_score_or_meeting_a_clause_never_lowers_the_grade(
    drawn: tuple[Rubric, dict[str, Any]], data: st.DataObject
) -> None:
    rubric, case = drawn
    before = assess(parsed(rubric, case)).decision
    better = deepcopy(case)
    code = data.draw(st.sampled_from(list(rubric.items)))
    entry = better["rulings"][code]
    entry["points"] = data.draw(st.sampled_from([p for p in _steps(rubric, code) if p >= entry["points"]]))
    entry["clauses"] = {name: met or data.draw(st.booleans()) for name, met in entry["clauses"].items()}
    after = assess(parsed(rubric, better)).decision
    assert before
    assert after
    assert rank(parsed(rubric, case), after.attained) >= rank(parsed(rubric, case), before.attained)


def _steps(rubric: Rubric, code: str) -> list[Decimal]:
    return [Decimal(step) / 2 for step in range(rubric.items[code].points // 50 + 1)]


@given(cases(decided=True))
def test_the_shortest_path_is_as_short_as_brute_force_finds(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    rubric, data = drawn
    case = parsed(rubric, data)
    decision = assess(case).decision
    assert decision
    if not decision.explanation:
        assert decision.shortest_path == ()
        return
    goal = case.rules.grade(decision.explanation[0].grade).min_total
    codes = list(rubric.items)
    subsets = chain.from_iterable(combinations(codes, size) for size in range(len(codes) + 1))
    best = next(subset for subset in subsets if rank(case, _brought_up(rubric, data, subset)) >= goal)
    note(f"brute force: {best}")
    assert len(decision.shortest_path) == len(set(decision.shortest_path)) == len(best)
    assert rank(case, _brought_up(rubric, data, decision.shortest_path)) >= goal


def _brought_up(rubric: Rubric, data: dict[str, Any], codes: tuple[str, ...]) -> str | None:
    """The grade, were these items ruled to full points and all their clauses met."""
    better = deepcopy(data)
    for code in codes:
        entry = better["rulings"][code]
        entry["points"] = Decimal(rubric.items[code].points) / 100
        entry["clauses"] = dict.fromkeys(entry["clauses"], True)
    decision = assess(parsed(rubric, better)).decision
    assert decision
    return decision.attained


@given(cases(), st.randoms(use_true_random=False))
def test_neither_the_order_of_sheets_nor_of_keys_matters(drawn: tuple[Rubric, dict[str, Any]], random: Any) -> None:
    rubric, data = drawn
    shuffled = _shuffled(data, random)
    random.shuffle(shuffled["score_sheets"])
    assert outcome_to_data(assess(parsed(rubric, shuffled))) == outcome_to_data(assess(parsed(rubric, data)))


def _shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: _shuffled(value[key], random) for key in keys}
    return [_shuffled(each, random) for each in value] if isinstance(value, list) else value


@given(cases())
def test_changes_grade_is_what_a_second_assessment_says(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    """The incremental answer equals the definition: assess again with the school's own answers on the item."""
    rubric, data = drawn
    case = parsed(rubric, data)
    outcome = assess(case)
    if outcome.decision is None:
        return
    for row in outcome.discrepancies:
        own = _with_own_answers(case, outcome, data, row.item)
        decision = assess(parsed(rubric, own)).decision
        assert decision
        assert row.changes_grade == (decision.attained != outcome.decision.attained)


def _with_own_answers(case: Case, outcome: Outcome, data: dict[str, Any], code: str) -> dict[str, Any]:
    # Every item ruled as agreed; then this one as the school has it, where it answered. A mean may fall between the
    # steps of a ruling, so that the step is made as fine as the mean.
    own = deepcopy(data)
    own["rules"]["score_step"] = Decimal("0.01")
    own["rulings"] = {
        each: {"points": Decimal(item.points or 0) / 100, "clauses": dict(item.clauses)}
        for each, item in outcome.items.items()
    }
    claims = case.self_assessment
    if code in claims.points:
        own["rulings"][code]["points"] = Decimal(claims.points[code]) / 100
    applicable = [clause.name for clause in applicable_clauses(case.rubric, case.school)[code]]
    own["rulings"][code]["clauses"].update(
        {name: met for name, met in claims.clauses.get(code, {}).items() if name in applicable}
    )
    return own


@given(cases())
def test_an_inapplicable_senior_clause_is_left_out_everywhere(drawn: tuple[Rubric, dict[str, Any]]) -> None:
    outcome = assess(parsed(*drawn))
    senior = any(stage["stage"] == "senior" for stage in drawn[1]["school"]["stages"])
    for code, item in drawn[0].items.items():
        names = [clause.name for clause in item.clauses if senior or clause.name != "senior"]
        assert list(outcome.items[code].clauses) == names
