"""Reading decisions: the list of proposed and confirmed grades, one submission's, and the export for the replay."""

from collections.abc import Mapping
from typing import Any, Literal

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.decisions import (
    DecisionMade,
    DecisionPointer,
    DecisionRow,
    DecisionsQuery,
    DecisionView,
    ExportQuery,
)
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.services.cycles import OpenCycle, current
from backend.services.outcomes import grade_view
from backend.services.submissions import not_found, visible
from backend.store import decisions, outcomes, publications, publishing
from inspection.rules.workflow import State

_FIELDS: Mapping[str, Literal["case", "outcome"]] = {"cases": "case", "outcomes": "outcome"}
DECIDABLE = (State.SCORED, State.DECIDED, State.PUBLISHED)


async def page_of(deps: Deps, actor: Actor, query: DecisionsQuery) -> Page[DecisionRow]:
    """A page of all submissions whose grade is proposed, confirmed or published."""
    cycle = await current(deps)
    states = DECIDABLE if query.state is None else (State(query.state),)
    rows, cursor = await decisions.page_of_submissions(
        deps.db, cycle.id, states, query.district, query.limit, query.cursor
    )
    graded = await outcomes.by_submission(deps.db, [row["_id"] for row in rows])
    items = [DecisionRow(**row_fields(cycle, row, graded[row["_id"]])) for row in rows if row["_id"] in graded]
    return Page[DecisionRow](items=items, next_cursor=cursor)


async def read(deps: Deps, actor: Actor, submission_id: str) -> DecisionView:
    """A submission's grade and the decisions on it; a district sees its schools' once they are published.

    Raises `NotFound` for what the actor may not see, and before the visit is closed.
    """
    submission = await visible(deps, actor, submission_id)
    state = State(submission["state"])
    if state not in DECIDABLE:
        raise not_found()
    cycle = await current(deps)
    if actor.role is not Role.CITY:
        latest = (await publishing.read(deps.db, cycle.id))["latest"]
        if not await publications.has_entry(deps.db, latest, submission["school_id"]):
            raise not_found()
    outcome = await outcomes.find(deps.db, submission_id)
    if outcome is None:
        raise NotFound("还没有评定结果，请在现场评估结束后查看")
    made = [
        DecisionMade(
            id=each["_id"],
            version=each["version"],
            decided_by=each["decided_by"]["name"],
            at=each["at"],
            opinion=each["opinion"],
            correction=each["correction"],
        )
        for each in await decisions.versions_of(deps.db, submission_id)
    ]
    return DecisionView(**row_fields(cycle, submission, outcome), made=made)


async def export(deps: Deps, actor: Actor, query: ExportQuery) -> bytes:
    """Every decision of the cycle, one a line: its case, or the outcome that replaying the case should print."""
    cycle, field = await current(deps), _FIELDS[query.what]
    lines = [f"{text}\n".encode() async for text in decisions.texts(deps.db, cycle.id, query.district, field)]
    return b"".join(lines)


def row_fields(cycle: OpenCycle, submission: Mapping[str, Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What lists show of a submission with its outcome."""
    pointer = outcome["decision"]
    return {
        "submission_id": submission["_id"],
        "school_id": submission["school_id"],
        "school_name": submission["school"]["name"],
        "district": submission["district"],
        "state": submission["state"],
        "version": outcome["version"],
        "grade": grade_view(cycle.cycle.rules, outcome),
        "rubric_sha256": outcome["rubric"],
        "discrepancies": outcome["discrepancies"],
        "decision": pointer and DecisionPointer(id=pointer["id"], version=pointer["version"]),
    }
