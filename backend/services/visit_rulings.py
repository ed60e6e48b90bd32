"""Rulings on a visit: the lead's on the spot, the city's once the visit has been closed."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Invalid
from backend.models.closing import RulingBody, RulingView
from backend.models.people import Actor, Role
from backend.models.visits import VISIT_STATE_NAMES, VisitState
from backend.services import revisions
from backend.services.reconciliation_view import ruling_view
from backend.services.rulings import add_ruling
from backend.services.visit_access import not_found, visible
from backend.services.visit_case import load, require_lead, require_signed
from backend.store import visits
from backend.store.mongo import Session, transact
from inspection.rules.workflow import STATE_NAMES, State


async def make(deps: Deps, actor: Actor, visit_id: str, body: RulingBody) -> RulingView:
    """Rules on an item: the lead while the visit is open and all have signed, a city officer while it is scored.

    Raises `NotFound`, `Forbidden` for the others of the team, `Conflict` for a state that forbids it and for sheets
    that are not signed, `Invalid` for what can't be ruled of the item.
    """

    async def work(transaction: Session) -> RulingView:
        visit = await visible(deps, actor, visit_id, transaction)
        rule = _rule_as_city if actor.role is Role.CITY else _rule_as_lead
        return ruling_view(await rule(deps, transaction, actor, visit, body))

    return await transact(deps.db, work)


async def _rule_as_lead(
    deps: Deps, transaction: Session, actor: Actor, visit: Mapping[str, Any], body: RulingBody
) -> Mapping[str, Any]:
    require_lead(visit, actor)
    if visit["state"] != VisitState.OPEN:
        state = VISIT_STATE_NAMES[VisitState(visit["state"])]
        raise Conflict(f"这次评估{state}，组长只能在评估中裁定", code="wrong_state")
    found = await load(deps, transaction, visit)
    require_signed(found)
    details = revisions.wrong(found.case, body.item, body.points, body.clauses, "")
    if details:
        raise Invalid("裁定的内容有误，请逐条改正", details=details)
    return await add_ruling(deps, transaction, actor, "lead", visit, body.item, body.points, body.clauses, body.reason)


async def _rule_as_city(
    deps: Deps, transaction: Session, actor: Actor, visit: Mapping[str, Any], body: RulingBody
) -> Mapping[str, Any]:
    found = await load(deps, transaction, visit)
    state = State(found.submission["state"])
    if state is not State.SCORED:
        message = f"当前状态为“{STATE_NAMES[state]}”，市教育局只能在“{STATE_NAMES[State.SCORED]}”时裁定"
        raise Conflict(message, code="wrong_state")
    await revisions.rule(
        deps,
        transaction,
        actor,
        found.cycle,
        found.submission,
        body.item,
        body.points,
        body.clauses,
        body.reason,
    )
    ruled = await visits.find(deps.db, visit["_id"], transaction)
    if ruled is None:
        raise not_found()
    ruling: Mapping[str, Any] = ruled["rulings"][-1]
    return ruling
