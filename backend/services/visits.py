"""Planning visits: one, many together, changed, cancelled. A sheet for each member is there from the beginning."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict
from backend.models.people import Actor
from backend.models.visits import (
    VISIT_STATE_NAMES,
    CancelBody,
    Half,
    MemberIn,
    NewVisit,
    VisitChange,
    VisitPlanIn,
    VisitsPlanned,
    VisitState,
    VisitView,
)
from backend.services import visit_notices
from backend.services.audit import Change, audit, audit_many
from backend.services.cycles import OpenCycle, current
from backend.services.overtaken import overtaken
from backend.services.visit_access import visible
from backend.services.visit_checks import Facts, Wanted, check, load
from backend.services.visit_lists import view
from backend.services.visit_sheets import new_sheets, staff
from backend.services.workflow import faster
from backend.store import score_sheets, visits
from backend.store.mongo import Session, transact
from inspection.rules.scoring import indicators_of


async def plan(deps: Deps, actor: Actor, new: NewVisit) -> VisitView:
    """Plans one visit. Raises `Invalid` and `Conflict` with all that stands against it."""
    (planned,) = await plan_many(deps, actor, [_wanted(new, "")])
    return view(actor, planned)


async def plan_all(deps: Deps, actor: Actor, body: VisitPlanIn) -> VisitsPlanned:
    """Plans all of the visits, or none. Raises `Invalid` and `Conflict` with all that stands against any."""
    wanted = [_wanted(new, f"/visits/{number}") for number, new in enumerate(body.visits)]
    return VisitsPlanned(visits=[view(actor, visit) for visit in await plan_many(deps, actor, wanted)])


def _wanted(new: NewVisit, path: str) -> Wanted:
    return Wanted(new.submission_id, None, new.date, new.half, new.team, new.assignments, path)


async def plan_many(deps: Deps, actor: Actor, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Plans the visits in one transaction, and gives them as stored."""

    async def work(transaction: Session) -> list[dict[str, Any]]:
        cycle = await current(deps, transaction)
        facts = await load(deps, transaction, cycle, wanted)
        check(facts, wanted)
        planned = [_new_visit(deps, cycle, facts, each) for each in wanted]
        if not await visits.hold_submissions(deps.db, transaction, [each["submission_id"] for each in planned]):
            raise faster()
        await visits.insert_many(deps.db, transaction, planned)
        slots = {
            slot: visit["_id"] for visit, each in zip(planned, wanted, strict=True) for slot in each.slots.values()
        }
        await visits.take_slots(deps.db, transaction, slots)
        sheets = [sheet for visit in planned for sheet in new_sheets(deps, visit, visit["team"])]
        await score_sheets.insert_many(deps.db, transaction, sheets)
        changes = [Change(visit["_id"], None, to_audit(visit)) for visit in planned]
        await audit_many(deps, transaction, actor, "visit.planned", "visit", changes)
        await visit_notices.planned(deps, transaction, planned)
        return planned

    return await transact(deps.db, work)


def _new_visit(deps: Deps, cycle: OpenCycle, facts: Facts, wanted: Wanted) -> dict[str, Any]:
    submission = facts.submissions[wanted.submission_id or ""]
    return {
        "_id": deps.new_id(),
        "schema": visits.SCHEMA,
        "version": 1,
        "cycle": cycle.id,
        "submission_id": submission["_id"],
        "school_id": submission["school_id"],
        "school_name": submission["school"]["name"],
        "stages": list(submission["school"]["stages"]),
        "district": submission["district"],
        "state": VisitState.PLANNED.value,
        "live": True,
        **_arranged(facts, wanted),
        "opened_at": None,
        "closed_at": None,
        "rulings": [],
        "countersignature": None,
        "written_off": [],
    }


def _arranged(facts: Facts, wanted: Wanted) -> dict[str, Any]:
    """When, who and what, as a visit stores them."""
    rubric = facts.cycle.rubric
    return {
        "date": wanted.date.isoformat(),
        "half": wanted.half.value,
        "team": [
            {"inspector_id": each.inspector_id, "name": facts.people[each.inspector_id].name, "lead": each.lead}
            for each in wanted.team
        ],
        "assignments": {who: indicators_of(rubric, parts) for who, parts in wanted.assignments.items() if parts},
    }


def to_audit(visit: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit trail keeps of how a visit is arranged; names are in the people's records."""
    return {
        "submission_id": visit["submission_id"],
        "date": visit["date"],
        "half": visit["half"],
        "team": [{"inspector_id": each["inspector_id"], "lead": each["lead"]} for each in visit["team"]],
        "assignments": dict(visit["assignments"]),
    }


async def change(deps: Deps, actor: Actor, visit_id: str, body: VisitChange) -> VisitView:
    """Changes a visit: all of it while it is planned, team and assignments while it is open.

    Whoever leaves the team keeps a sheet that they have signed; an unsigned one stays and counts for nothing. What the
    school countersigned is void for another team. Raises
    `NotFound`, `Invalid`, and `Conflict` for another version or a state that forbids it.
    """

    async def work(transaction: Session) -> dict[str, Any]:
        visit = await visible(deps, actor, visit_id, transaction)
        if visit["version"] != body.version:
            raise await overtaken(deps, transaction, visit_id)
        _check_changeable(visit, body)
        wanted = _changed(visit, body)
        cycle = await current(deps, transaction)
        facts = await load(deps, transaction, cycle, [wanted], visit_id)
        check(facts, [wanted])
        arranged = _arranged(facts, wanted)
        if arranged["team"] != visit["team"]:
            # A new member's sheet may change what the school signed for.
            arranged["countersignature"] = None
        if not await visits.change(deps.db, transaction, visit, {"$set": arranged}):
            raise faster()
        changed = {**visit, **arranged, "version": visit["version"] + 1}
        await _move_slots(deps, transaction, visit, wanted)
        await staff(deps, transaction, changed)
        before, after = to_audit(visit), to_audit(changed)
        await audit(deps, transaction, actor, "visit.changed", "visit", visit_id, before=before, after=after)
        await visit_notices.changed(deps, transaction, visit, changed)
        return changed

    return view(actor, await transact(deps.db, work))


def _check_changeable(visit: Mapping[str, Any], body: VisitChange) -> None:
    if visit["state"] == VisitState.PLANNED:
        return
    state = VISIT_STATE_NAMES[VisitState(visit["state"])]
    if visit["state"] != VisitState.OPEN:
        raise Conflict(f"这次评估{state}，不能再改动", code="wrong_state")
    if body.date is not None or body.half is not None:
        raise Conflict(f"这次评估正在进行（{state}），只能改动评估组和分工，不能改时间", code="wrong_state")


def _changed(visit: Mapping[str, Any], body: VisitChange) -> Wanted:
    team = body.team or [MemberIn(inspector_id=each["inspector_id"], lead=each["lead"]) for each in visit["team"]]
    assignments = body.assignments
    if assignments is None:
        members = {each.inspector_id for each in team}
        assignments = {who: parts for who, parts in visit["assignments"].items() if who in members}
    return Wanted(
        None,
        visit["school_id"],
        body.date or date.fromisoformat(visit["date"]),
        body.half or Half(visit["half"]),
        team,
        assignments,
    )


async def _move_slots(deps: Deps, transaction: Session, visit: Mapping[str, Any], wanted: Wanted) -> None:
    old, new = slots_of(visit), set(wanted.slots.values())
    await visits.free_slots(deps.db, transaction, old - new)
    await visits.take_slots(deps.db, transaction, dict.fromkeys(sorted(new - old), visit["_id"]))


def slots_of(visit: Mapping[str, Any]) -> set[str]:
    """The half days that a visit takes."""
    return {visits.slot(each["inspector_id"], visit["date"], visit["half"]) for each in visit["team"]}


async def cancel(deps: Deps, actor: Actor, visit_id: str, body: CancelBody) -> None:
    """Cancels a planned visit. Raises `NotFound`, and `Conflict` for one that has begun."""

    async def work(transaction: Session) -> None:
        visit = await visible(deps, actor, visit_id, transaction)
        if visit["state"] != VisitState.PLANNED:
            state = VISIT_STATE_NAMES[VisitState(visit["state"])]
            raise Conflict(f"这次评估{state}，只有“已安排”、尚未开始的才能取消", code="wrong_state")
        await call_off(deps, transaction, actor, visit, body.reason)

    await transact(deps.db, work)


async def call_off(
    deps: Deps, transaction: Session, actor: Actor, visit: Mapping[str, Any], reason: str | None
) -> None:
    """Cancels a visit that is planned or open: its sheets take nothing in any more, its half days are free again."""
    ended = {"$set": {"state": VisitState.CANCELLED.value, "live": False, "cancelled_at": deps.clock()}}
    if not await visits.change(deps.db, transaction, visit, ended):
        raise faster()
    await visits.free_slots(deps.db, transaction, slots_of(visit))
    await score_sheets.set_phase(deps.db, transaction, visit["_id"], "closed")
    before = {"state": visit["state"]}
    after = {"state": VisitState.CANCELLED.value}
    await audit(
        deps, transaction, actor, "visit.cancelled", "visit", visit["_id"], before=before, after=after, reason=reason
    )
    await visit_notices.cancelled(deps, transaction, visit, reason)


async def release(deps: Deps, transaction: Session, actor: Actor, submission_id: str, reason: str | None) -> None:
    """Cancels the visit of a submission that is returned or withdrawn, if it has one that has not been closed."""
    visit = await visits.live_of(deps.db, submission_id, transaction)
    if visit is not None and visit["state"] in (VisitState.PLANNED, VisitState.OPEN):
        await call_off(deps, transaction, actor, visit, reason)
