"""The transitions that schools and reviewers make: submit, withdraw, return, endorse, decline, and undo that."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.deps import Deps
from backend.errors import Detail, Invalid
from backend.models.people import Actor
from backend.models.submissions import EndorseBody, ReasonBody, ReturnBody, StateChanged
from backend.services import content_check, media_checks, visits
from backend.services.acting import role_for
from backend.services.completeness import attachments, missing_parts
from backend.services.cycles import OpenCycle
from backend.services.list_state import list_handed_in
from backend.services.notices import contacts_of, notify
from backend.services.submissions import cycle_of, visible
from backend.services.workflow import faster, transition
from backend.store import evidence, recommendation_lists
from backend.store.mongo import Session, transact
from backend.store.submissions import item_key
from inspection.rules.problems import Problem
from inspection.rules.workflow import STATE_NAMES, Role, State

# A submission that is no longer recommended is not visited.
ENDS_VISIT = ("return", "withdraw")
EVENTS = {
    "submit": "submitted",
    "withdraw": "withdrawn",
    "return": "returned",
    "endorse": "endorsed",
    "decline": "declined",
    "undo_decline": "decline_undone",
}
# What the school's contacts are told, where they are: title, and text by the school's name and the reason.
NOTICES = {
    "submit": ("submission.received", "申报材料已提交", "{school}的申报材料已提交，等待市（区）教育局初评。"),
    "return": ("submission.returned", "申报材料已退回", "{school}的申报材料已退回，请修改后重新提交。理由：{reason}"),
    "endorse": ("submission.endorsed", "已通过市（区）初评", "{school}已通过初评，列入市级评估验收推荐名单。"),
    "decline": ("submission.declined", "未通过市（区）初评", "{school}未被推荐参加市级评估验收。理由：{reason}"),
    "undo_decline": ("submission.decline_undone", "重新初评", "{school}的“不予推荐”已撤销，重新初评。理由：{reason}"),
    "withdraw": ("submission.withdrawn", "申报已撤回", "{school}的申报已撤回。理由：{reason}"),
}


@dataclass(slots=True)
class Plan:
    """What a transition brings with it: needs that are missing, words for the history, fields to set.

    `remarks` and `points` (hundredths) are the reviewer's by item key, as they are returned; schools never see the
    points. `then` is done in the same transaction.
    """

    missing: dict[str, Sequence[Problem]] = field(default_factory=dict)
    reason: str | None = None
    opinion: str | None = None
    remarks: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Session], Awaitable[None]] | None = None


Planner = Callable[[OpenCycle, Mapping[str, Any], Role, Session], Awaitable[Plan]]


async def submit(deps: Deps, actor: Actor, submission_id: str) -> StateChanged:
    """Hands the form in to the district, once its texts are checked. Raises `Conflict` with all that is missing, or
    with the fields that WeChat finds risky."""
    checked = await content_check.check(deps, actor, submission_id)

    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        if checked is not None and checked.version != submission["version"]:
            raise faster()
        now, attached = deps.clock(), attachments(submission)
        unstored = await evidence.unstored(deps.db, transaction, attached)

        async def then(transaction: Session) -> None:
            await evidence.mark_submitted(deps.db, transaction, attached, now)

        return Plan(
            missing_parts(cycle, submission, unstored),
            changes={"submitted_at": now, "content_check": checked and checked.mark},
            then=then,
        )

    changed = await _take(deps, actor, submission_id, "submit", plan)
    await media_checks.ask(deps, actor, await evidence.unchecked_photos(deps.db, submission_id))
    return changed


async def withdraw(deps: Deps, actor: Actor, submission_id: str, body: ReasonBody) -> StateChanged:
    """Takes the submission out: the school until its district's list is handed in, from then on the city."""
    return await _take(deps, actor, submission_id, "withdraw", _said(body.reason))


def _said(reason: str) -> Planner:
    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        return Plan(reason=reason)

    return plan


async def send_back(deps: Deps, actor: Actor, submission_id: str, body: ReturnBody) -> StateChanged:
    """Returns the submission to the school with reasons, and remarks item by item.

    Raises `Invalid` for remarks on items that the rubric has not.
    """

    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        if wrong := unknown_items(cycle, body.remarks, "/remarks"):
            raise Invalid("指标编号有误，请逐条改正", details=wrong)
        given = {item_key(code): remark for code, remark in body.remarks.items()}
        if role is Role.CITY:
            return Plan(reason=body.reason, remarks=given)
        review = _with_remarks(submission["review"], given)
        return Plan(
            reason=body.reason,
            remarks={key: each["remark"] for key, each in review["items"].items() if each["remark"]},
            points={key: each["points"] for key, each in review["items"].items() if each["points"] is not None},
            changes={"review": _reviewed_by(review, actor)},
        )

    return await _take(deps, actor, submission_id, "return", plan)


async def endorse(deps: Deps, actor: Actor, submission_id: str, body: EndorseBody) -> StateChanged:
    """Recommends the school, with the district's opinion for the form (市（区）教育局意见)."""

    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        review = submission["review"]
        opinion = (body.opinion or review["opinion"] or "").strip()
        if not opinion:
            problem = Problem("/opinion", "opinion", "请填写市（区）教育局意见")
            return Plan(missing={"opinion": [problem]})
        return Plan(opinion=opinion, changes={"review": _reviewed_by({**review, "opinion": opinion}, actor)})

    return await _take(deps, actor, submission_id, "endorse", plan)


async def decline(deps: Deps, actor: Actor, submission_id: str, body: ReasonBody) -> StateChanged:
    """Does not recommend the school, with the reason."""

    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        return Plan(reason=body.reason, changes={"review": _reviewed_by(submission["review"], actor)})

    return await _take(deps, actor, submission_id, "decline", plan)


async def undo_decline(deps: Deps, actor: Actor, submission_id: str, body: ReasonBody) -> StateChanged:
    """Takes the declining back: the submission awaits its review again."""

    async def plan(cycle: OpenCycle, submission: Mapping[str, Any], role: Role, transaction: Session) -> Plan:
        return Plan(reason=body.reason, changes={"review": _reviewed_by(submission["review"], actor)})

    return await _take(deps, actor, submission_id, "undo_decline", plan)


async def _take(deps: Deps, actor: Actor, submission_id: str, name: str, planner: Planner) -> StateChanged:
    async def work(transaction: Session) -> StateChanged:
        submission = await visible(deps, actor, submission_id, transaction)
        cycle = await cycle_of(deps, submission, transaction)
        district = submission["district"]
        role = await role_for(deps, actor, submission, name, transaction)
        await recommendation_lists.hold(deps.db, cycle.id, district, transaction)
        handed_in = await list_handed_in(deps, transaction, cycle.id, district)
        plan = await planner(cycle, submission, role, transaction)
        missing = {**plan.missing, ("list_open" if handed_in else "list_handed_in"): ()}
        entry = _step(deps, actor, role, submission, name, plan)
        changes = {**plan.changes, "history": [*submission["history"], entry]}
        target = await transition(
            deps, transaction, cycle, actor, role, submission, name, missing, changes=changes, reason=plan.reason
        )
        if plan.then is not None:
            await plan.then(transaction)
        if name in ENDS_VISIT:
            await visits.release(deps, transaction, actor, submission_id, plan.reason)
        await _tell(deps, transaction, submission, name, target, plan)
        return StateChanged(
            id=submission_id, state=target, state_name=STATE_NAMES[target], version=submission["version"] + 1
        )

    return await transact(deps.db, work)


def _step(deps: Deps, actor: Actor, role: Role, submission: Mapping[str, Any], name: str, plan: Plan) -> dict[str, Any]:
    """The history's entry: rounds count the times that the school submitted."""
    rounds = sum(each["event"] == EVENTS["submit"] for each in submission["history"])
    return {
        "event": EVENTS[name],
        "round": rounds + (name == "submit"),
        "at": deps.clock(),
        "by": actor.person_id,
        "name": actor.name,
        "role": role.value,
        "reason": plan.reason,
        "opinion": plan.opinion,
        "remarks": dict(plan.remarks),
        "points": dict(plan.points),
    }


async def _tell(
    deps: Deps, transaction: Session, submission: Mapping[str, Any], name: str, target: State, plan: Plan
) -> None:
    event, title, text = NOTICES[name]
    school = submission["school"]["name"]
    await notify(
        deps,
        transaction,
        await contacts_of(deps, transaction, submission["school_id"]),
        event,
        submission["_id"],
        title=title,
        text=text.format(school=school, reason=plan.reason),
        values={"school": school, "reason": plan.reason, "state": STATE_NAMES[target]},
        link=f"/submissions/{submission['_id']}",
    )


def unknown_items(cycle: OpenCycle, codes: Iterable[str], path: str) -> list[Detail]:
    """What to say of codes that are no items of the cycle's rubric; `path` is where they stand as keys."""
    return [
        Detail(f"{path}/{code}", "unknown_item", f"细则中没有编号为“{code}”的指标，请改正")
        for code in codes
        if code not in cycle.rubric.items
    ]


def _with_remarks(review: Mapping[str, Any], remarks: Mapping[str, str]) -> dict[str, Any]:
    items = dict(review["items"])
    for key, remark in remarks.items():
        items[key] = {"points": None, **items.get(key, {}), "remark": remark}
    return {**review, "items": items}


def _reviewed_by(review: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The review with the actor among its reviewers: who reviewed a school may not alone decide it."""
    reviewers = list(dict.fromkeys([*review["reviewers"], actor.person_id]))
    return {**review, "version": review["version"] + 1, "reviewers": reviewers}
