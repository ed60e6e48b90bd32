"""Discrepancies between the self-assessment and what is agreed, as rows that are kept in step with the case.

For other use cases, in their transaction: `await refresh(deps, transaction, cycle, submission, visit, case)` when a
visit is closed, and after every ruling while scored.
"""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.services import figures
from backend.services.cycles import OpenCycle
from backend.services.outcomes import outcome_fields
from backend.store import answers, discrepancies, outcomes
from backend.store.discrepancies import row_id
from backend.store.mongo import Session
from inspection.rules.case import Case
from inspection.rules.discrepancies import KIND_ORDER, Discrepancy
from inspection.rules.outcome import Outcome, assess

_MOST_DELTA = 99_999


async def refresh(
    deps: Deps,
    transaction: Session,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    visit: Mapping[str, Any],
    case: Case,
) -> Outcome:
    """Brings the rows, the outcome and the figures of `submission` in step with `case`, in the transaction that
    changed it; `visit` is closed.

    A row that is no longer so is kept where the school answered it, and is gone otherwise. Gives the outcome.
    """
    outcome, now = assess(case), deps.clock()
    old = {row["_id"]: row for row in await discrepancies.of_submission(deps.db, submission["_id"], transaction)}
    answered = await answers.unsettled_items(deps.db, transaction, submission["_id"])
    new = {row_id(submission["_id"], row.item, row.kind): row for row in outcome.discrepancies}
    positions = {code: position for position, code in enumerate(outcome.items)}
    added, changed = [], {}
    for each, row in new.items():
        fields = _fields(case, outcome, row, positions[row.item])
        state = "answered" if row.item in answered else "open"
        if each not in old:
            added.append({"_id": each, **_owner(submission), **fields, "state": state, "at": now})
        elif not old[each]["current"]:
            # It was done with, and is back.
            changed[each] = fields | {"state": state}
        elif any(old[each][name] != value for name, value in fields.items()):
            changed[each] = fields
    gone = [row for row in old.values() if row["_id"] not in new]
    retired = [row["_id"] for row in gone if row["state"] != "open"]
    removed = [row["_id"] for row in gone if row["state"] == "open"]
    await discrepancies.write(deps.db, transaction, added, changed, retired, removed)
    await outcomes.put(deps.db, transaction, submission, outcome_fields(case, outcome) | {"at": now})
    await figures.note(deps, transaction, submission, visit, case, outcome)
    return outcome


def _owner(submission: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": discrepancies.SCHEMA,
        "cycle": submission["cycle"],
        "submission_id": submission["_id"],
        "school_id": submission["school_id"],
        "district": submission["district"],
    }


def _fields(case: Case, outcome: Outcome, row: Discrepancy, position: int) -> dict[str, Any]:
    agreed, own = outcome.items[row.item], case.self_assessment
    claims = own.clauses.get(row.item, {})
    return {
        "item": row.item,
        "kind": row.kind,
        "delta": row.delta,
        "severity": row.severity,
        "changes_grade": row.changes_grade,
        "rank": _rank(row, position),
        "self": {
            "points": own.points.get(row.item),
            "clauses": {name: claims[name] for name in agreed.clauses if name in claims},
        },
        "agreed": {"points": agreed.points, "clauses": dict(agreed.clauses)},
        "current": True,
        "live": True,
    }


def _rank(row: Discrepancy, position: int) -> str:
    """The place of a row among those of all schools, as a text that sorts: the rules' order within one school.

    What changes the grade comes first, then denied clauses, then the size of the difference, the rubric's order, kind.
    """
    size = _MOST_DELTA - min(abs(row.delta or 0), _MOST_DELTA)
    first, second = int(not row.changes_grade), int(row.kind != "clause_denied")
    return f"{first}{second}{size:05}{position:04}{KIND_ORDER[row.kind]:02}"
