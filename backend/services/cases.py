"""The case of one submission, read within the transaction that acts on it."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.services.cycles import OpenCycle
from backend.services.reconciliation import case_of, suspects
from backend.services.submissions import pinned
from backend.services.workflow import faster
from backend.store import score_sheets, visits
from backend.store.mongo import Session
from inspection.rules.case import Case


async def load_case(
    deps: Deps, transaction: Session, cycle: OpenCycle, submission: Mapping[str, Any]
) -> tuple[dict[str, Any], Case]:
    """The visit of a submission that is scored, decided or published, and its case, as they stand."""
    visit = await visits.live_of(deps.db, submission["_id"], transaction)
    if visit is None:
        raise LookupError(f"submission {submission['_id']} has no visit")
    sheets = await score_sheets.signed_by_visit(deps.db, [visit["_id"]], transaction)
    suspect = await suspects(deps, [(submission, visit)], transaction)
    cycle = await pinned(deps, cycle, submission, transaction)
    return visit, case_of(cycle, submission, visit, sheets[visit["_id"]], suspect[submission["_id"]])


async def hold_rulings(deps: Deps, transaction: Session, visit: Mapping[str, Any], decision: Mapping[str, Any]) -> None:
    """Notes in the visit which decision stands on it, so that a ruling that is made meanwhile, in a transaction of its
    own, and the decision can't miss each other."""
    if not await visits.change(deps.db, transaction, visit, {"$set": {"decision": dict(decision)}}):
        raise faster()
