"""The workflow table: every transition, and every reason why not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.problems import Problem
from inspection.rules.workflow import (
    NEEDS,
    ROLE_NAMES,
    STATE_NAMES,
    TRANSITIONS,
    Role,
    State,
    Transition,
    actions,
    step,
)

CALENDAR = {
    "submission_opens": datetime(2022, 6, 19, 16, tzinfo=UTC),
    "submission_closes": datetime(2022, 8, 25, 16, tzinfo=UTC),
    "review_opens": datetime(2022, 7, 31, 16, tzinfo=UTC),
    "hand_in": datetime(2022, 8, 31, 16, tzinfo=UTC),
    "visits_open": datetime(2022, 8, 31, 16, tzinfo=UTC),
    "visits_close": datetime(2022, 9, 30, 16, tzinfo=UTC),
}
TICK = timedelta(milliseconds=1)


def moment(row: Transition) -> datetime:
    return CALENDAR[row.opens] if row.opens else datetime(2022, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.name} from {'/'.join(sorted(row.sources))}")
def test_a_row_leads_where_it_says_and_each_need_alone_stops_it(row: Transition) -> None:
    for state in row.sources:
        for role in row.roles:
            assert step(row.name, state, role, moment(row), CALENDAR, {}).target == row.target
            for need in row.needs:
                refused = step(row.name, state, role, moment(row), CALENDAR, {need: ()})
                assert refused.target is None
                assert [reason.code for reason in refused.reasons] == [need]


@pytest.mark.parametrize("row", [row for row in TRANSITIONS if row.opens], ids=lambda row: f"{row.name} {row.opens}")
def test_a_bound_includes_its_opening_and_excludes_its_closing_instant(row: Transition) -> None:
    assert row.opens
    assert row.closes
    state, role = min(row.sources), min(row.roles)

    def codes(now: datetime) -> list[str]:
        return [reason.code for reason in step(row.name, state, role, now, CALENDAR, {}).reasons]

    assert codes(CALENDAR[row.opens] - TICK) == ["too_early"]
    assert codes(CALENDAR[row.opens]) == []
    assert codes(CALENDAR[row.closes] - TICK) == []
    assert codes(CALENDAR[row.closes]) == ["too_late"]


def test_a_deadline_is_told_in_the_city_s_time() -> None:
    (reason,) = step("submit", State.DRAFT, Role.SCHOOL, CALENDAR["hand_in"], CALENDAR, {}).reasons
    assert "2022年8月25日24:00" in reason.message


def test_all_reasons_are_named_at_once_with_their_details() -> None:
    details = [Problem("/1.1.1/points", "required", "…"), Problem("/1.1.2/points", "required", "…")]
    missing = {"answers_complete": details, "evidence_present": ()}
    reasons = step("submit", State.DRAFT, Role.SCHOOL, CALENDAR["hand_in"], CALENDAR, missing).reasons
    assert [reason.code for reason in reasons] == ["too_late", "required", "required", "evidence_present"]


def test_a_needless_missing_thing_does_not_matter() -> None:
    assert step("reopen_visit", State.SCORED, Role.CITY, moment(TRANSITIONS[0]), CALENDAR, {"opinion": ()}).target


# Written from the specification, not from the table: (state, role) → what may be done there.
EXPECTED = {
    (State.DRAFT, Role.SCHOOL): {"submit", "withdraw"},
    (State.RETURNED, Role.SCHOOL): {"submit", "withdraw"},
    (State.SUBMITTED, Role.SCHOOL): {"attach_scans", "withdraw"},
    (State.ENDORSED, Role.SCHOOL): {"attach_scans", "withdraw"},
    (State.DECLINED, Role.SCHOOL): {"withdraw"},
    (State.SUBMITTED, Role.DISTRICT): {"return", "endorse", "decline"},
    (State.DECLINED, Role.DISTRICT): {"undo_decline"},
    (State.ENDORSED, Role.INSPECTOR): {"start_visit"},
    (State.ENDORSED, Role.LEAD): {"start_visit"},
    (State.VISITING, Role.LEAD): {"close_visit"},
    (State.ENDORSED, Role.CITY): {"return", "withdraw"},
    (State.SCORED, Role.CITY): {"reopen_visit", "decide", "withdraw"},
    (State.DECIDED, Role.CITY): {"reopen_decision", "publish"},
    **{
        (state, Role.CITY): {"withdraw"}
        for state in (State.DRAFT, State.SUBMITTED, State.RETURNED, State.DECLINED, State.VISITING)
    },
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_who_may_do_what_in_which_state(state: State, role: Role) -> None:
    assert set(actions(state, role)) == EXPECTED.get((state, role), set())


@given(st.sampled_from([row.name for row in TRANSITIONS]), st.sampled_from(State), st.sampled_from(Role))
def test_what_is_not_in_the_table_is_refused_with_a_sentence(name: str, state: State, role: Role) -> None:
    # Some instant suits every row that the table has for this name, state and role.
    results = [step(name, state, role, now, CALENDAR, {}) for now in map(moment, TRANSITIONS)]
    assert any(result.target for result in results) == (name in actions(state, role))
    for result in results:
        assert (result.target is None) == bool(result.reasons)
        assert all(reason.message for reason in result.reasons)


def test_a_wrong_state_says_which_it_is_and_which_it_should_be() -> None:
    (reason,) = step("publish", State.DRAFT, Role.CITY, moment(TRANSITIONS[0]), CALENDAR, {}).reasons
    assert reason.code == "wrong_state"
    assert "填报中" in reason.message
    assert "已认定" in reason.message


def test_a_wrong_role_says_whose_it_is() -> None:
    (reason,) = step("endorse", State.SUBMITTED, Role.SCHOOL, moment(TRANSITIONS[0]), CALENDAR, {}).reasons
    assert reason.code == "wrong_role"
    assert "市（区）教育局" in reason.message


def test_a_role_whose_turn_is_over_is_told_of_the_state() -> None:
    """A district returns what is submitted; what it has endorsed only the city returns. That is a matter of state."""
    (reason,) = step("return", State.ENDORSED, Role.DISTRICT, moment(TRANSITIONS[2]), CALENDAR, {}).reasons
    assert reason.code == "wrong_state"
    assert "只有“已提交”状态" in reason.message


def test_published_and_withdrawn_are_ends() -> None:
    assert not any(State.PUBLISHED in row.sources or State.WITHDRAWN in row.sources for row in TRANSITIONS)


def test_every_word_of_the_table_has_its_sentence() -> None:
    assert {need for row in TRANSITIONS for need in row.needs} == set(NEEDS)
    assert set(STATE_NAMES) == set(State)
    assert set(ROLE_NAMES) == set(Role)
    assert {date for row in TRANSITIONS for date in (row.opens, row.closes) if date} <= set(CALENDAR)
