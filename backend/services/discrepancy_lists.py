"""Reading discrepancies: of one submission, and the city's queue over all schools."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.discrepancies import Discrepancies, DiscrepancyQuery, DiscrepancyRow, QueueRow, Values
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.services.answer_windows import window_view
from backend.services.answers import answer_view
from backend.services.cycles import current
from backend.services.submissions import visible
from backend.store import answers, discrepancies, visits
from inspection.rules.workflow import State

# From when on there is something to see: what is agreed stands, though the city may still rule.
AGREED_STATES = (State.SCORED, State.DECIDED, State.PUBLISHED)
QUEUED_STATES = (State.SCORED, State.DECIDED)


async def of_submission(deps: Deps, actor: Actor, submission_id: str) -> Discrepancies:
    """The discrepancies of a submission with the school's answers, what weighs most first.

    Raises `NotFound` where the actor may not see the submission, before its visit is closed, and for the school until
    the city has opened it the window to answer.
    """
    submission = await visible(deps, actor, submission_id)
    is_school = actor.role is Role.SCHOOL
    if State(submission["state"]) not in AGREED_STATES or (is_school and "answer_window" not in submission):
        raise NotFound("还没有可以查看的差异，请等候通知")
    rows = await discrepancies.of_submission(deps.db, submission_id)
    given = await answers.of_submission(deps.db, submission_id)
    return Discrepancies(
        submission_id=submission_id,
        window=window_view(deps, submission),
        items=[
            DiscrepancyRow(**_row_fields(row, weighed=not is_school))
            for row in sorted(rows, key=lambda row: (not row["current"], str(row["rank"])))
        ],
        answers=[
            answer_view(answer, named=not is_school)
            for answer in sorted(given, key=lambda answer: _in_order(str(answer["item"])))
        ],
    )


async def queue(deps: Deps, actor: Actor, query: DiscrepancyQuery) -> Page[QueueRow]:
    """A page of the discrepancies of all schools that are scored or decided, what weighs most first.

    A page may be short of rows of schools whose visit was reopened meanwhile; its cursor leads on all the same.
    """
    cycle = await current(deps)
    filters = query.model_dump(include={"district", "state", "kind", "severity"}, exclude_none=True)
    rows, cursor = await discrepancies.page_of_queue(deps.db, cycle.id, filters, query.limit, query.cursor)
    ids = sorted({row["submission_id"] for row in rows})
    owners = await discrepancies.states_of(deps.db, ids)
    visited = await visits.live_by_submission(deps.db, ids)
    items = []
    for row in rows:
        state, name = owners[row["submission_id"]]
        if State(state) in QUEUED_STATES:
            owner = {each: row[each] for each in ("submission_id", "school_id", "district")}
            visit = visited.get(row["submission_id"])
            visit_id = visit["_id"] if visit else None
            items.append(QueueRow(**_row_fields(row, weighed=True), **owner, visit_id=visit_id, school_name=name))
    return Page[QueueRow](items=items, next_cursor=cursor)


def _row_fields(row: Mapping[str, Any], *, weighed: bool) -> dict[str, Any]:
    return {
        "id": row["_id"],
        "item": row["item"],
        "kind": row["kind"],
        "delta": row["delta"],
        "severity": row["severity"] if weighed else None,
        "changes_grade": row["changes_grade"] if weighed else None,
        "self_assessment": Values(**row["self"]),
        "agreed": Values(**row["agreed"]),
        "state": row["state"],
        "current": row["current"],
    }


def _in_order(item: str) -> list[int]:
    return [int(part) for part in item.split(".")]
