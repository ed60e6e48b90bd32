"""The end of a visit: the school countersigns, lost photos are written off, the lead closes; the city may reopen it."""

import base64
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.closing import (
    CountersignatureBody,
    CountersignatureView,
    CountersignedBody,
    RefusalBody,
    VisitClosed,
    WriteOffBody,
)
from backend.models.people import Actor
from backend.models.score_sheets import ReopenBody
from backend.models.visits import VISIT_STATE_NAMES, VisitState
from backend.services import discrepancies
from backend.services.audit import audit
from backend.services.notices import notify
from backend.services.reconciliation_view import countersignature_view
from backend.services.visit_access import not_found, role_in, visible
from backend.services.visit_case import load, require_lead, require_signed
from backend.services.visit_needs import missing_for_closing
from backend.services.workflow import faster, transition
from backend.store import countersignatures, score_sheets, visit_photos, visits
from backend.store.mongo import Session, transact
from inspection.rules.outcome import assess
from inspection.rules.workflow import Role


async def countersign(deps: Deps, actor: Actor, visit_id: str, body: CountersignatureBody) -> CountersignatureView:
    """Notes that the school's representative signed, on a phone of the team, or refused to (拒签).

    A later ruling or a sheet that is opened again makes it void. Raises `NotFound`, and `Conflict` while sheets are
    unsigned or the visit is not open.
    """

    async def work(transaction: Session) -> CountersignatureView | None:
        visit = await visible(deps, actor, visit_id, transaction)
        _require_open(visit)
        require_signed(await load(deps, transaction, visit))
        signed: dict[str, Any] = {"at": deps.clock(), "by": actor.person_id, "refused": isinstance(body, RefusalBody)}
        if isinstance(body, CountersignedBody):
            signed |= {"name": body.name, "role": body.role, "reason": None}
            await countersignatures.put(deps.db, transaction, visit_id, base64.b64decode(body.signature))
        else:
            signed |= {"name": None, "role": None, "reason": body.reason}
        if not await visits.change(deps.db, transaction, visit, {"$set": {"countersignature": signed}}):
            raise faster()
        event = "visit.countersignature_refused" if signed["refused"] else "visit.countersigned"
        after = {"role": signed["role"]}
        await audit(deps, transaction, actor, event, "visit", visit_id, after=after, reason=signed["reason"])
        return countersignature_view({"countersignature": signed})

    answer = await transact(deps.db, work)
    if answer is None:
        raise not_found()
    return answer


async def read_signature(deps: Deps, actor: Actor, visit_id: str) -> bytes:
    """The picture of the countersignature as PNG. Raises `NotFound` where there is none."""
    visit = await visible(deps, actor, visit_id)
    signed = visit["countersignature"]
    png = await countersignatures.find(deps.db, visit_id) if signed and not signed["refused"] else None
    if png is None:
        raise NotFound("学校代表尚未签字")
    return png


def _require_open(visit: dict[str, Any]) -> None:
    if visit["state"] != VisitState.OPEN:
        state = VISIT_STATE_NAMES[VisitState(visit["state"])]
        raise Conflict(f"这次评估{state}，只有“评估中”的才能进行此操作", code="wrong_state")


async def write_off(deps: Deps, actor: Actor, visit_id: str, body: WriteOffBody) -> None:
    """Writes off a photo that was taken and will not arrive; the lead's, with a reason. Once is as good as twice.

    Raises `NotFound`, `Forbidden` for the others of the team, `Invalid` for an unknown photo, and `Conflict` for one
    that has arrived or a visit that is not open.
    """

    async def work(transaction: Session) -> None:
        visit = await visible(deps, actor, visit_id, transaction)
        require_lead(visit, actor)
        _require_open(visit)
        photo = await visit_photos.find(deps.db, body.evidence_id, transaction)
        if photo is None or photo["visit_id"] != visit_id:
            message = "这次评估没有这张照片，请检查"
            raise Invalid(message, details=[Detail("/evidence_id", "unknown_photo", message)])
        if photo["blob_id"] is not None:
            raise Conflict("这张照片已经上传，不用核销", code="photo_stored")
        if any(each["evidence_id"] == body.evidence_id for each in visit["written_off"]):
            return
        entry = {
            "evidence_id": body.evidence_id,
            "reason": body.reason,
            "by": actor.person_id,
            "at": deps.clock(),
        }
        if not await visits.change(deps.db, transaction, visit, {"$push": {"written_off": entry}}):
            raise faster()
        after = {"evidence_id": body.evidence_id, "item": photo["item"]}
        await audit(deps, transaction, actor, "photo.written_off", "visit", visit_id, after=after, reason=body.reason)

    await transact(deps.db, work)


async def close(deps: Deps, actor: Actor, visit_id: str) -> VisitClosed:
    """Closes the visit: visiting → scored. Raises `Conflict` with everything that is missing, `Forbidden` for all but
    the lead."""

    async def work(transaction: Session) -> None:
        visit = await visible(deps, actor, visit_id, transaction)
        require_lead(visit, actor)
        found = await load(deps, transaction, visit)
        missing = await missing_for_closing(deps, transaction, found, assess(found.case))
        await transition(
            deps, transaction, found.cycle, actor, role_in(visit, actor), found.submission, "close_visit", missing
        )
        closed = {"state": VisitState.CLOSED.value, "closed_at": deps.clock()}
        if not await visits.change(deps.db, transaction, visit, {"$set": closed}):
            raise faster()
        await score_sheets.set_phase(deps.db, transaction, visit_id, "closed")
        await discrepancies.refresh(deps, transaction, found.cycle, found.submission, {**visit, **closed}, found.case)

    await transact(deps.db, work)
    return VisitClosed(visit_id=visit_id, state=VisitState.CLOSED)


async def reopen(deps: Deps, actor: Actor, visit_id: str, body: ReopenBody) -> VisitClosed:
    """Opens a closed visit again: scored → visiting. The sheets stay signed. Raises `Conflict` for another state."""

    async def work(transaction: Session) -> None:
        visit = await visible(deps, actor, visit_id, transaction)
        found = await load(deps, transaction, visit)
        await transition(
            deps,
            transaction,
            found.cycle,
            actor,
            Role.CITY,
            found.submission,
            "reopen_visit",
            {},
            reason=body.reason,
        )
        opened = {"$set": {"state": VisitState.OPEN.value, "closed_at": None}}
        if not await visits.change(deps.db, transaction, visit, opened):
            raise faster()
        await score_sheets.set_phase(deps.db, transaction, visit_id, "open")
        await notify(
            deps,
            transaction,
            [member["inspector_id"] for member in visit["team"]],
            "visit.reopened",
            visit_id,
            title="现场评估重新打开",
            text=f"{visit['school_name']}的现场评估已重新打开。理由：{body.reason}",
            values={"school": visit["school_name"], "reason": body.reason},
            link=f"/visits/{visit_id}",
        )

    await transact(deps.db, work)
    return VisitClosed(visit_id=visit_id, state=VisitState.OPEN)
