"""The recommendation list of a district (附件4): put in order, handed in and frozen, opened again."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models import people
from backend.models.people import Actor
from backend.models.recommendation_lists import HandInBody, ListBody, ListView
from backend.models.submissions import ReasonBody
from backend.services import cycles
from backend.services.acting import is_municipal, require_reviewer
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, calendar
from backend.services.list_state import is_handed_in
from backend.services.list_state import list_handed_in as list_handed_in
from backend.services.list_view import list_view, listed_submissions, missing_for_hand_in, rows_of, stored_list
from backend.services.notices import notify, officers_of
from backend.services.overtaken import overtaken
from backend.services.workflow import faster
from backend.store import recommendation_lists
from backend.store.mongo import Document, Session, transact
from inspection.rules.workflow import until_text


async def read(deps: Deps, actor: Actor, district: str) -> ListView:
    """The list of the district. Raises `NotFound` for another district's."""
    name, cycle = district_name_for(deps, actor, district), await cycles.current(deps)
    return await list_view(deps, cycle, district, name, None)


async def save(deps: Deps, actor: Actor, district: str, body: ListBody) -> ListView:
    """Replaces contact, phone and order.

    Raises `Invalid` where the order is not exactly the endorsed submissions, `Conflict` for a stale version, or once
    the list is handed in.
    """
    name = district_name_for(deps, actor, district)

    async def work(transaction: Session) -> ListView:
        cycle, stored = await _hold_open(deps, actor, district, body.version, transaction)
        listed = await listed_submissions(deps, transaction, cycle, district)
        _check_order(body.order, listed)
        put = {"contact": body.contact, "phone": body.phone, "order": body.order}
        if not await recommendation_lists.save(deps.db, transaction, stored, put):
            raise faster()
        after = {"schools": len(body.order), "version": stored["version"] + 1}
        await _audit(deps, transaction, actor, "saved", stored, after=after)
        return await list_view(deps, cycle, district, name, transaction)

    return await transact(deps.db, work)


async def hand_in(deps: Deps, actor: Actor, district: str, body: HandInBody) -> ListView:
    """Freezes the list. Raises `Conflict` with all that is missing, after its date, or where it is handed in."""
    name = district_name_for(deps, actor, district)

    async def work(transaction: Session) -> ListView:
        cycle, stored = await _hold_open(deps, actor, district, body.version, transaction)
        listed = await listed_submissions(deps, transaction, cycle, district)
        if missing := await missing_for_hand_in(deps, transaction, cycle, district, stored, listed):
            details = [Detail(problem.path, problem.code, problem.message) for problem in missing]
            raise Conflict("推荐名单还不能上报，请逐条处理", code="not_ready", details=details)
        rows = rows_of(cycle, stored["order"], listed)
        snapshot, frozen = _freeze(deps, actor, stored, rows)
        await recommendation_lists.insert_snapshot(deps.db, transaction, snapshot)
        put = {"handed_in_at": frozen["at"], "hand_ins": [*stored["hand_ins"], frozen]}
        if not await recommendation_lists.save(deps.db, transaction, stored, put):
            raise faster()
        after = {"schools": len(rows), "sha256": frozen["sha256"]}
        await _audit(deps, transaction, actor, "handed_in", stored, after=after)
        return await list_view(deps, cycle, district, name, transaction)

    return await transact(deps.db, work)


async def reopen(deps: Deps, actor: Actor, district: str, body: ReasonBody) -> ListView:
    """Opens a handed-in list again, while its date or an extension allows that it be handed in once more.

    Raises `Conflict` where it is open, or where the time is over and the city has to extend it first.
    """
    name = district_name_for(deps, actor, district)

    async def work(transaction: Session) -> ListView:
        cycle = await cycles.current(deps, transaction)
        await recommendation_lists.hold(deps.db, cycle.id, district, transaction)
        stored = await stored_list(deps, cycle, district, transaction)
        if not is_handed_in(cycle, district, stored):
            raise Conflict("推荐名单尚未上报，无需重新打开", code="list_open")
        if deps.clock() >= calendar(cycle, district)["hand_in"]:
            raise Conflict("推荐名单的上报期限已过，请先为该市（区）延期", code="too_late")
        reopening = {"at": deps.clock(), "by": actor.person_id, "name": actor.name, "reason": body.reason}
        put = {"handed_in_at": None, "reopenings": [*stored["reopenings"], reopening]}
        if not await recommendation_lists.save(deps.db, transaction, stored, put):
            raise faster()
        await _audit(deps, transaction, actor, "reopened", stored, reason=body.reason)
        await _tell_reopened(deps, transaction, cycle, district, stored["_id"], name, body.reason)
        return await list_view(deps, cycle, district, name, transaction)

    return await transact(deps.db, work)


def district_name_for(deps: Deps, actor: Actor, district: str) -> str:
    """The district's name; `NotFound` where there is none such, or it is not the actor's."""
    own = actor.role is not people.Role.DISTRICT or actor.district == district
    name = next((each.name for each in deps.districts if each.id == district), None)
    if name is None or not own:
        raise NotFound("没有这个市（区），请检查网址")
    return name


async def _hold_open(
    deps: Deps, actor: Actor, district: str, version: int, transaction: Session
) -> tuple[OpenCycle, Mapping[str, Any]]:
    """The cycle and the list, which the actor may change now; and no submission of the district moves meanwhile."""
    cycle = await cycles.current(deps, transaction)
    await require_reviewer(deps, actor, cycle.id, district, transaction)
    await recommendation_lists.hold(deps.db, cycle.id, district, transaction)
    stored = await stored_list(deps, cycle, district, transaction)
    if is_handed_in(cycle, district, stored):
        raise Conflict("推荐名单已经上报，不能再改动；如需改动请联系市教育局", code="list_handed_in")
    closes = calendar(cycle, district)["hand_in"]
    if deps.clock() >= closes:
        until = until_text(closes)
        raise Conflict(f"推荐名单的上报已于{until}截止；如需延期请联系市教育局", code="too_late")
    if stored["version"] != version:
        raise await overtaken(deps, transaction, stored["_id"])
    return cycle, stored


def _check_order(order: Sequence[str], listed: Mapping[str, Document]) -> None:
    wrong = []
    for position, submission_id in enumerate(order):
        if submission_id not in listed:
            wrong.append(Detail(f"/order/{position}", "not_endorsed", "这所学校未被推荐，不能列入名单，请去掉"))
        elif submission_id in order[:position]:
            wrong.append(Detail(f"/order/{position}", "duplicate", "这所学校已在名单中，请去掉重复的"))
    wrong += [
        Detail("/order", "missing", f"{document['school']['name']}已被推荐，请列入名单")
        for submission_id, document in listed.items()
        if submission_id not in order
    ]
    if wrong:
        raise Invalid("名单应当恰好包含所有已推荐的学校，请逐条改正", details=wrong)


def _freeze(
    deps: Deps, actor: Actor, stored: Mapping[str, Any], rows: list[dict[str, Any]]
) -> tuple[Document, dict[str, Any]]:
    """The frozen list, and its entry in `hand_ins`."""
    said = {"contact": stored["contact"], "phone": stored["phone"], "rows": rows}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    snapshot = {"_id": deps.new_id(), "list": stored["_id"], **said}
    entry = {
        "id": snapshot["_id"],
        "at": deps.clock(),
        "by": actor.person_id,
        "name": actor.name,
        "schools": len(rows),
        "sha256": sha256(text.encode()).hexdigest(),
    }
    return snapshot, entry


async def _audit(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    verb: str,
    stored: Mapping[str, Any],
    *,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    event = f"recommendation_list.{verb}"
    await audit(deps, transaction, actor, event, "recommendation_list", stored["_id"], after=after, reason=reason)


async def _tell_reopened(
    deps: Deps, transaction: Session, cycle: OpenCycle, district: str, list_id: str, name: str, reason: str
) -> None:
    people_ids = await officers_of(deps, transaction, district)
    if is_municipal(deps, district):
        named = await recommendation_lists.find_reviewer(deps.db, cycle.id, district, transaction)
        people_ids = [named["person_id"]] if named else []
    await notify(
        deps,
        transaction,
        people_ids,
        "recommendation_list.reopened",
        list_id,
        title="推荐名单已重新打开",
        text=f"{name}的推荐名单已由市教育局重新打开，请修改后再次上报。理由：{reason}",
        values={"district": name, "reason": reason},
        link=f"/recommendation-lists/{district}",
    )
