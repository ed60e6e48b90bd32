"""Public notices (公示): the city shows whom it is going to award, and settles what is objected to that."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor
from backend.models.public_notices import (
    AwardedSchool,
    NoticeSummary,
    NoticeView,
    ObjectionView,
    OpenNotice,
    RecordObjection,
    SettleObjection,
)
from backend.services import publishing
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, current
from backend.services.snapshots import in_order, public_entry
from backend.services.workflow import faster
from backend.store import outcomes, public_notices, publications
from backend.store.mongo import Session, transact
from inspection.rules.workflow import SHANGHAI

# A later end is a slip of the pen.
LONGEST = timedelta(days=366)


async def open_notice(deps: Deps, actor: Actor, body: OpenNotice) -> NoticeView:
    """Opens a notice over all that are decided now; it lists the awarded schools, and lasts until the day's end.

    Raises `Invalid` for a day that is past or too far off, `Conflict` where nothing is decided or being published.
    """
    _check_day(deps, body.until)

    async def work(transaction: Session) -> NoticeView:
        cycle = await current(deps, transaction)
        await publishing.hold(deps, transaction, cycle)
        submissions = await public_notices.decided(deps.db, transaction, cycle.id)
        if not submissions:
            raise Conflict("还没有已认定的学校，请先认定", code="nothing_decided")
        graded = await outcomes.by_submission(deps.db, [each["_id"] for each in submissions], transaction)
        notice: dict[str, Any] = {
            "_id": deps.new_id(),
            "schema": public_notices.SCHEMA,
            "cycle": cycle.id,
            "until": body.until.isoformat(),
            "ends_at": end_of(body.until),
            "text": body.text,
            "awarded": await asyncio.to_thread(_list, deps, cycle, submissions, graded),
            "covers": {each["school_id"]: each["school"]["name"] for each in submissions},
            "schools": sum(graded[each["_id"]]["awarded"] is not None for each in submissions),
            "opened_at": deps.clock(),
            "opened_by": {"person_id": actor.person_id, "name": actor.name},
        }
        await public_notices.insert(deps.db, transaction, notice)
        after = {"until": notice["until"], "schools": notice["schools"]}
        await audit(deps, transaction, actor, "public_notice.opened", "public_notice", notice["_id"], after=after)
        return _view(deps, notice)

    return await transact(deps.db, work)


def end_of(day: date) -> datetime:
    """The midnight that ends a day in Asia/Shanghai: up to there the notice runs, from then on it is over."""
    return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI).astimezone(UTC)


def _check_day(deps: Deps, until: date) -> None:
    today = deps.clock().astimezone(SHANGHAI).date()
    if not today <= until <= today + LONGEST:
        raise Invalid(
            "公示截止日期有误", details=[Detail("/until", "out_of_range", "公示截止日期应在今天之后一年之内，请改正")]
        )


def _list(
    deps: Deps, cycle: OpenCycle, submissions: list[dict[str, Any]], graded: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, str]]:
    entries = [
        {"school": each["school"]["name"], "district": each["district"], "awarded": graded[each["_id"]]["awarded"]}
        for each in submissions
    ]
    rules = cycle.cycle.rules
    return [public_entry(deps, rules, entry) for entry in in_order(deps, rules, entries) if entry["awarded"]]


async def page_of(deps: Deps, actor: Actor, query: PageQuery) -> Page[NoticeSummary]:
    """A page of the cycle's notices, newest first; anybody signed in may read them."""
    cycle = await current(deps)
    rows, cursor = await public_notices.page_of(deps.db, cycle.id, query.limit, query.cursor)
    return Page[NoticeSummary](items=[NoticeSummary(**_summary(deps, row)) for row in rows], next_cursor=cursor)


async def read(deps: Deps, actor: Actor, notice_id: str) -> NoticeView:
    """A notice with its list. Raises `NotFound`."""
    return _view(deps, await _find(deps, notice_id))


async def _find(deps: Deps, notice_id: str, transaction: Session | None = None) -> Mapping[str, Any]:
    notice = await public_notices.find(deps.db, notice_id, transaction)
    if notice is None:
        raise NotFound("没有这次公示，请检查网址")
    return notice


async def record_objection(deps: Deps, actor: Actor, notice_id: str, body: RecordObjection) -> ObjectionView:
    """Records an objection that reached the city, also one that came in time and is typed in later.

    Raises `NotFound`; `Invalid` for a school that the notice is not about; `Conflict` once its result is published.
    """

    async def work(transaction: Session) -> ObjectionView:
        notice = await _find(deps, notice_id, transaction)
        held = await publishing.hold(deps, transaction, await current(deps, transaction))
        if body.school_id not in notice["covers"]:
            message = "这所学校不在这次公示的范围内，请检查"
            raise Invalid(message, details=[Detail("/school_id", "not_covered", message)])
        if await publications.has_entry(deps.db, held["latest"], body.school_id, transaction):
            raise Conflict("这所学校的结果已经公布，异议请按更正办理", code="published")
        objection: dict[str, Any] = {
            "_id": deps.new_id(),
            "schema": public_notices.SCHEMA,
            "version": 1,
            "notice_id": notice_id,
            "cycle": notice["cycle"],
            "school_id": body.school_id,
            "school_name": notice["covers"][body.school_id],
            "text": body.text,
            "from": body.from_,
            "state": "open",
            "recorded_at": deps.clock(),
            "recorded_by": {"person_id": actor.person_id, "name": actor.name},
            "settled_at": None,
            "settled_by": None,
            "reason": None,
        }
        await public_notices.insert_objection(deps.db, transaction, objection)
        after = {"notice_id": notice_id, "school_id": body.school_id}
        await audit(deps, transaction, actor, "objection.recorded", "objection", objection["_id"], after=after)
        return _objection_view(objection)

    return await transact(deps.db, work)


async def settle_objection(
    deps: Deps, actor: Actor, notice_id: str, objection_id: str, body: SettleObjection
) -> ObjectionView:
    """Settles an objection once and for all. Raises `NotFound`, and `Conflict` where it is settled already."""

    async def work(transaction: Session) -> ObjectionView:
        objection = await public_notices.find_objection(deps.db, notice_id, objection_id, transaction)
        if objection is None:
            raise NotFound("没有这条异议，请刷新后重试")
        if objection["state"] != "open":
            raise Conflict("这条异议已经处理过", code="settled")
        fields = {
            "state": body.result,
            "settled_at": deps.clock(),
            "settled_by": {"person_id": actor.person_id, "name": actor.name},
            "reason": body.reason,
        }
        if not await public_notices.settle_objection(deps.db, transaction, objection, fields):
            raise faster()
        after = {"result": body.result}
        await audit(
            deps, transaction, actor, "objection.settled", "objection", objection_id, after=after, reason=body.reason
        )
        return _objection_view({**objection, **fields})

    return await transact(deps.db, work)


async def objections_of(deps: Deps, actor: Actor, notice_id: str, query: PageQuery) -> Page[ObjectionView]:
    """A page of the objections to a notice, in the order in which they came. Raises `NotFound`."""
    await _find(deps, notice_id)
    rows, cursor = await public_notices.page_of_objections(deps.db, notice_id, query.limit, query.cursor)
    return Page[ObjectionView](items=[_objection_view(row) for row in rows], next_cursor=cursor)


def _summary(deps: Deps, notice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": notice["_id"],
        "until": date.fromisoformat(notice["until"]),
        "ends_at": notice["ends_at"],
        "over": deps.clock() >= notice["ends_at"],
        "text": notice["text"],
        "opened_at": notice["opened_at"],
        "schools": notice["schools"],
    }


def _view(deps: Deps, notice: Mapping[str, Any]) -> NoticeView:
    return NoticeView(**_summary(deps, notice), awarded=[AwardedSchool(**each) for each in notice["awarded"]])


def _objection_view(objection: Mapping[str, Any]) -> ObjectionView:
    settled_by = objection["settled_by"]
    return ObjectionView(
        id=objection["_id"],
        notice_id=objection["notice_id"],
        school_id=objection["school_id"],
        school_name=objection["school_name"],
        text=objection["text"],
        from_=objection["from"],
        state=objection["state"],
        recorded_at=objection["recorded_at"],
        recorded_by=objection["recorded_by"]["name"],
        settled_at=objection["settled_at"],
        settled_by=settled_by and settled_by["name"],
        reason=objection["reason"],
    )
