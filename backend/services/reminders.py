"""Reminds people of a deadline that is near: three days before, and on the last day, each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from backend.deps import Deps
from backend.services.cycles import OpenCycle, calendar, find_current
from backend.services.list_state import list_handed_in
from backend.services.notices import contacts_of_schools, notify, officers_of
from backend.store import answers, discrepancies, jobs, submissions
from backend.store.mongo import Session, transact
from inspection.rules.workflow import State, until_text

_AGAIN = timedelta(minutes=30)
_BATCH = 25
_SHOWN = {"school_id": 1, "school.name": 1, "answer_window": 1}
# How long before; the shorter first, so that whoever was told nothing yet is told the more urgent.
_MARKS = (("last-day", timedelta(days=1)), ("three-days", timedelta(days=3)))


async def write_due(deps: Deps) -> bool:
    """Writes the reminders that are due, if nobody did within half an hour; whether it was our turn."""
    now = deps.clock()
    if not await jobs.claim(deps.db, "reminders", now, now + _AGAIN):
        return False
    cycle = await find_current(deps)
    if cycle is not None:
        for district in deps.districts:
            await _of_district(deps, cycle, district.id, district.name)
    return True


async def _of_district(deps: Deps, cycle: OpenCycle, district: str, name: str) -> None:
    dates = calendar(cycle, district)
    for state, until, what in (
        (State.DRAFT, dates["submission_closes"], "申报材料即将截止提交"),
        # A school whose form came back has until its district hands in.
        (State.RETURNED, dates["hand_in"], "退回的材料即将截止重交"),
    ):
        if mark := _mark(deps, until):
            found = await submissions.of_district(deps.db, None, cycle.id, district, [state], _SHOWN)
            await _tell_schools(deps, found, until, what, f"{state.value}:{mark}")
    if mark := _mark(deps, dates["hand_in"]):
        await _tell_officers(deps, cycle, district, name, dates["hand_in"], mark)
    await _of_windows(deps, cycle, district)


async def _of_windows(deps: Deps, cycle: OpenCycle, district: str) -> None:
    """Schools that have not answered all discrepancies, shortly before their windows close."""
    for submission in await submissions.of_district(deps.db, None, cycle.id, district, [State.SCORED], _SHOWN):
        window = submission.get("answer_window")
        mark = _mark(deps, window["closes"]) if window else None
        if window and mark and await _unanswered(deps, submission["_id"]):
            await _tell_schools(deps, [submission], window["closes"], "差异答复即将截止", f"window:{mark}")


async def _unanswered(deps: Deps, submission_id: str) -> bool:
    asked = {row["item"] for row in await discrepancies.of_submission(deps.db, submission_id, current_only=True)}
    return bool(asked - {answer["item"] for answer in await answers.of_submission(deps.db, submission_id)})


def _mark(deps: Deps, until: datetime) -> str | None:
    """Which reminder of this deadline is due: none before three days, none after."""
    left = until - deps.clock()
    return next((mark for mark, before in _MARKS if timedelta() < left <= before), None)


async def _tell_schools(
    deps: Deps, found: Sequence[Mapping[str, Any]], until: datetime, what: str, occasion: str
) -> None:
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]

        async def work(transaction: Session, batch: Sequence[Mapping[str, Any]] = batch) -> None:
            contacts = await contacts_of_schools(deps, transaction, [each["school_id"] for each in batch])
            for each in batch:
                people, school = contacts[each["school_id"]], each["school"]["name"]
                link = f"/submissions/{each['_id']}"
                await _tell(deps, transaction, people, each["_id"], school, what, until, occasion, link)

        await transact(deps.db, work)


async def _tell_officers(deps: Deps, cycle: OpenCycle, district: str, name: str, until: datetime, mark: str) -> None:
    async def work(transaction: Session) -> None:
        if await list_handed_in(deps, transaction, cycle.id, district):
            return
        people = await officers_of(deps, transaction, district)
        link = f"/recommendation-lists/{district}"
        about = f"{cycle.id}/{district}"
        await _tell(deps, transaction, people, about, name, "推荐名单即将截止上报", until, f"hand_in:{mark}", link)

    await transact(deps.db, work)


async def _tell(
    deps: Deps,
    transaction: Session,
    people: Sequence[str],
    about: str,
    name: str,
    what: str,
    until: datetime,
    occasion: str,
    link: str,
) -> None:
    await notify(
        deps,
        transaction,
        people,
        "deadline.near",
        about,
        title=what,
        text=f"{name}：{what}，截止时间：{until_text(until)}。请尽快完成。",
        values={"name": name, "what": what, "until": until},
        link=link,
        # A deadline that is moved is another one.
        once=f"{occasion}:{until.isoformat()}",
    )
