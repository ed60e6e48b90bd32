"""Rulings: a person's decision on an item. All are kept; `inspection.rules.reconciliation` says which one stands."""

from collections.abc import Mapping
from typing import Any, Literal

from backend.deps import Deps
from backend.models.people import Actor
from backend.models.visits import VisitState
from backend.services.audit import audit
from backend.services.workflow import faster
from backend.store import visits
from backend.store.mongo import Session


async def add_ruling(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    rank: Literal["lead", "city"],
    visit: Mapping[str, Any],
    item: str,
    points: int | None,
    clauses: Mapping[str, bool],
    reason: str,
) -> dict[str, Any]:
    """Adds a ruling to `visit` (as read in this transaction) and audits it; gives it as stored.

    Points are hundredths; what is None or absent is not ruled on. Whether the actor may rule, and on what, has been
    checked. While the visit is open, what the school countersigned becomes void: it signed for something else. Raises
    `Conflict` where the visit has changed meanwhile.
    """
    ruling = {
        "id": deps.new_id(),
        "item": item,
        "rank": rank,
        "order": len(visit["rulings"]) + 1,
        "points": points,
        "clauses": dict(clauses),
        "reason": reason,
        "by": {"person_id": actor.person_id, "name": actor.name},
        "at": deps.clock(),
    }
    update: dict[str, Mapping[str, Any]] = {"$push": {"rulings": ruling}}
    if visit["state"] == VisitState.OPEN:
        update["$set"] = {"countersignature": None}
    if not await visits.change(deps.db, transaction, visit, update):
        raise faster()
    after = {"item": item, "points": points, "clauses": dict(clauses), "rank": rank}
    await audit(deps, transaction, actor, "ruling.made", "visit", visit["_id"], after=after, reason=reason)
    return ruling
