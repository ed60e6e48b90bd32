"""By when a submission has to go on, and what is late."""

from datetime import UTC, datetime, timedelta

import pytest

from inspection.rules.lateness import due, late_states
from inspection.rules.workflow import State

CALENDAR = {
    "submission_closes": datetime(2022, 7, 31, 16, tzinfo=UTC),
    "hand_in": datetime(2022, 8, 31, 16, tzinfo=UTC),
    "visits_close": datetime(2022, 9, 30, 16, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("date", "handed_in", "late"),
    [
        ("submission_closes", False, {State.DRAFT}),
        ("hand_in", False, {State.DRAFT, State.RETURNED, State.SUBMITTED, State.ENDORSED}),
        ("hand_in", True, {State.DRAFT, State.RETURNED, State.SUBMITTED}),
        ("visits_close", True, {State.DRAFT, State.RETURNED, State.SUBMITTED, State.ENDORSED, State.VISITING}),
    ],
)
def test_late_from_the_closing_instant_on(date: str, handed_in: bool, late: set[State]) -> None:
    assert late_states(CALENDAR, CALENDAR[date], handed_in=handed_in) == late
    before = CALENDAR[date] - timedelta(milliseconds=1)
    assert late_states(CALENDAR, before, handed_in=handed_in) < late


def test_nothing_is_asked_of_who_is_done() -> None:
    done = (State.DECLINED, State.WITHDRAWN, State.SCORED, State.DECIDED, State.PUBLISHED)
    assert [due(state, CALENDAR, handed_in=True) for state in done] == [None] * 5
