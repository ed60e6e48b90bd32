"""An inspector's own sheet: read, signed; opened again by the city; and how far each of a team is."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail
from backend.models.people import Actor
from backend.models.score_sheets import (
    MemberProgress,
    Progress,
    ReopenBody,
    SheetField,
    SheetQuery,
    SheetSigned,
    SheetView,
    SignBody,
)
from backend.models.visits import VISIT_STATE_NAMES, VisitState
from backend.services.audit import audit
from backend.services.cycles import OpenCycle
from backend.services.notices import notify
from backend.services.reconciliation import sheet_answers
from backend.services.sheet_state import conflict, revealed, standing, states
from backend.services.submissions import cycle_of_visit
from backend.services.visit_access import not_found, visible
from backend.services.workflow import faster
from backend.store import score_sheets, visits
from backend.store.mongo import Session, transact
from backend.store.submissions import item_code
from inspection.rules.problems import Problem
from inspection.rules.scoring import assigned_items, missing_from_sheet

OF_PROGRESS = {"inspector_id": 1, "name": 1, "member": 1, "state": 1, "assigned": 1, "points": 1, "signed_at": 1}


async def read(deps: Deps, actor: Actor, visit_id: str, query: SheetQuery) -> SheetView:
    """The actor's sheet; `NotFound` where they are not of the team."""
    sheet = await _own(deps, actor, visit_id)
    cycle = await _cycle_of(deps, visit_id)
    fields = states(sheet["batches"])
    versions = {each["id"]: batch["version"] for batch in sheet["batches"] for each in batch["operations"]}
    shown = {
        name: state
        for name, state in fields.items()
        if any(versions[each.id] > query.since for each in (state.current, *state.conflicts))
    }
    return SheetView(
        server_now=deps.clock(),
        visit_id=visit_id,
        state=sheet["state"],
        version=sheet["version"],
        signed_at=sheet["signed_at"],
        assigned=list(assigned_items(cycle.rubric, sheet["assigned"])),
        fields=[
            SheetField(item=name[0], field=name[1], **standing(name, state.current))
            for name, state in sorted(shown.items())
        ],
        conflicts=[conflict(name, state) for name, state in sorted(fields.items()) if state.conflicts],
        first_points={item_code(key): points for key, points in sheet["first"].items()},
        revealed=revealed(sheet["own"], sheet["first"], cycle.rubric.items),
    )


async def _own(deps: Deps, actor: Actor, visit_id: str, transaction: Session | None = None) -> dict[str, Any]:
    sheet = await score_sheets.of_inspector(deps.db, visit_id, actor.person_id, transaction)
    if sheet is None or not sheet["member"]:
        raise not_found()
    return sheet


async def _cycle_of(deps: Deps, visit_id: str, transaction: Session | None = None) -> OpenCycle:
    visit = await visits.find(deps.db, visit_id, transaction)
    if visit is None:
        raise not_found()
    return await cycle_of_visit(deps, visit, transaction)


async def sign(deps: Deps, actor: Actor, visit_id: str, body: SignBody) -> SheetSigned:
    """Signs the actor's sheet, which takes nothing in from then on.

    Raises `Conflict` for another version than the one that the inspector has seen, and with everything that is
    unanswered or in conflict.
    """

    async def work(transaction: Session) -> SheetSigned:
        sheet, now = await _own(deps, actor, visit_id, transaction), deps.clock()
        cycle = await _cycle_of(deps, visit_id, transaction)
        _check_signable(cycle, sheet, body.version)
        signed = {"$set": {"state": "signed", "signed_at": now}}
        if not await score_sheets.change(deps.db, transaction, sheet, signed):
            raise faster()
        await audit(deps, transaction, actor, "score_sheet.signed", "score_sheet", sheet["_id"], after=_to_audit(sheet))
        waiting = await _tell_lead(deps, transaction, actor, visit_id)
        return SheetSigned(version=sheet["version"] + 1, signed_at=now, waiting_for=waiting)

    return await transact(deps.db, work)


def _check_signable(cycle: OpenCycle, sheet: Mapping[str, Any], version: int) -> None:
    if sheet["state"] == "signed":
        raise Conflict("评分表已经签字", code="sheet_signed")
    if sheet["phase"] != "open":
        raise Conflict("现场评估尚未开始或已结束，不能签字", code="wrong_state")
    if sheet["version"] != version:
        raise Conflict("评分表在别的设备上改过，请同步并核对后再签字", code="version_conflict")
    answers = sheet_answers(sheet)
    problems = missing_from_sheet(cycle.rubric, frozenset(sheet["stages"]), answers, sheet["assigned"])
    problems += [
        Problem(f"/{item}/{name}", "conflict", f"{item} 在两台设备上填得不一样，请选定一个")
        for item, name in sheet["conflicts"]
    ]
    if problems:
        details = [Detail(each.path, each.code, each.message) for each in problems]
        raise Conflict(f"还有 {len(details)} 处未填写或未选定，请逐条补上后再签字", code="not_ready", details=details)


def _to_audit(sheet: Mapping[str, Any]) -> dict[str, Any]:
    """What was signed for, and which scores were changed after the school's own had been seen."""
    changed = {
        item_code(key): {"first": first, "final": sheet["points"].get(key)}
        for key, first in sheet["first"].items()
        if sheet["points"].get(key) != first
    }
    return {
        "visit_id": sheet["visit_id"],
        "operations": sum(len(each["operations"]) for each in sheet["batches"]),
        "changed_after_reveal": changed,
    }


async def _tell_lead(deps: Deps, transaction: Session, actor: Actor, visit_id: str) -> list[str]:
    """Names who has not signed yet; where nobody is left, the lead is told."""
    visit = await visible(deps, actor, visit_id, transaction)
    sheets = await score_sheets.of_visit(deps.db, visit_id, transaction, OF_PROGRESS)
    waiting = [each["name"] for each in sheets if each["member"] and each["state"] != "signed"]
    lead = next(each["inspector_id"] for each in visit["team"] if each["lead"])
    if not waiting and lead != actor.person_id:
        await notify(
            deps,
            transaction,
            [lead],
            "visit.all_signed",
            visit_id,
            title="全组已签字",
            text=f"{visit['school_name']}的评分表已全部签字，可以合分和裁定。",
            values={"school": visit["school_name"]},
            link=f"/visits/{visit_id}",
        )
    return waiting


async def reopen(deps: Deps, actor: Actor, visit_id: str, person_id: str, body: ReopenBody) -> None:
    """Opens a signed sheet of a visit under way again; it doesn't count until it is signed anew.

    What the school countersigned is void. Raises `NotFound`, and `Conflict` for a sheet that is not signed or a visit
    that has been closed.
    """

    async def work(transaction: Session) -> None:
        visit = await visible(deps, actor, visit_id, transaction)
        sheet = await score_sheets.of_inspector(deps.db, visit_id, person_id, transaction)
        if sheet is None:
            raise not_found()
        if visit["state"] != VisitState.OPEN:
            state = VISIT_STATE_NAMES[VisitState(visit["state"])]
            raise Conflict(f"这次评估{state}，只有“评估中”的才能退回评分表", code="wrong_state")
        if sheet["state"] != "signed":
            raise Conflict("这张评分表没有签字，不用退回", code="sheet_unsigned")
        opened = {"$set": {"state": "draft", "signed_at": None}}
        void = {"$set": {"countersignature": None}}
        if not await score_sheets.change(deps.db, transaction, sheet, opened) or not await visits.change(
            deps.db, transaction, visit, void
        ):
            raise faster()
        before = {"visit_id": visit_id, "inspector_id": person_id, "signed_at": sheet["signed_at"]}
        await audit(
            deps,
            transaction,
            actor,
            "score_sheet.reopened",
            "score_sheet",
            sheet["_id"],
            before=before,
            reason=body.reason,
        )
        await notify(
            deps,
            transaction,
            [person_id],
            "score_sheet.reopened",
            sheet["_id"],
            title="评分表已退回",
            text=f"您在{visit['school_name']}的评分表已退回，请修改后重新签字。理由：{body.reason}",
            values={"school": visit["school_name"], "reason": body.reason},
            link=f"/visits/{visit_id}",
        )

    await transact(deps.db, work)


async def progress(deps: Deps, actor: Actor, visit_id: str) -> Progress:
    """How many items each of the team has scored: counts, never values."""
    visit = await visible(deps, actor, visit_id)
    cycle = await cycle_of_visit(deps, visit)
    return progress_of(cycle, visit, await score_sheets.of_visit(deps.db, visit_id, None, OF_PROGRESS))


def progress_of(cycle: OpenCycle, visit: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> Progress:
    """How far the team is by its sheets, of which `OF_PROGRESS` is enough; who has left and had signed is there too."""
    sheets = {each["inspector_id"]: each for each in found}
    leads = {each["inspector_id"] for each in visit["team"] if each["lead"]}
    team = [each["inspector_id"] for each in visit["team"]]
    left = [who for who, each in sheets.items() if who not in team and each["state"] == "signed"]
    return Progress(
        visit_id=visit["_id"],
        inspectors=[_progress(cycle, sheets[who], who in leads) for who in (*team, *sorted(left))],
    )


def _progress(cycle: OpenCycle, sheet: Mapping[str, Any], lead: bool) -> MemberProgress:
    assigned = assigned_items(cycle.rubric, sheet["assigned"])
    scored = {item_code(key) for key in sheet["points"]}
    return MemberProgress(
        inspector_id=sheet["inspector_id"],
        name=sheet["name"],
        lead=lead,
        member=sheet["member"],
        state=sheet["state"],
        assigned=len(assigned),
        scored=len(scored.intersection(assigned)),
        scored_in_all=len(scored),
        signed_at=sheet["signed_at"],
    )
