"""What is late: by when a submission in a state has to go on, and so in which states a district's are overdue.

The dates are those of the cycle's calendar (`inspection.rules.workflow`), a district's extensions applied. Where nobody
has to do anything any more, nothing is late.
"""

from collections.abc import Mapping
from datetime import datetime

from inspection.rules.workflow import State

# The date of the calendar by which each state has to be left.
_LEFT_BY: Mapping[State, str] = {
    State.DRAFT: "submission_closes",
    State.RETURNED: "hand_in",
    State.SUBMITTED: "hand_in",
    State.VISITING: "visits_close",
}


def due(state: State, calendar: Mapping[str, datetime], *, handed_in: bool) -> datetime | None:
    """The moment by which a submission in this state has to go on; None where nothing is asked of anybody.

    What a district endorsed waits for its list until that is handed in, and then for its visit.
    """
    if state is State.ENDORSED:
        return calendar["visits_close" if handed_in else "hand_in"]
    name = _LEFT_BY.get(state)
    return calendar[name] if name else None


def late_states(calendar: Mapping[str, datetime], now: datetime, *, handed_in: bool) -> frozenset[State]:
    """The states in which a district's submissions are overdue at `now`."""
    dates = {state: due(state, calendar, handed_in=handed_in) for state in State}
    return frozenset(state for state, date in dates.items() if date is not None and now >= date)
