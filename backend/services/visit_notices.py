"""Who is told what of a visit: the school when somebody comes, the team where it goes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backend.deps import Deps
from backend.models.visits import HALF_NAMES, Half
from backend.services.notices import contacts_of, contacts_of_schools, notify
from backend.store.mongo import Session


async def planned(deps: Deps, transaction: Session, visits: Sequence[Mapping[str, Any]]) -> None:
    """Tells the schools' contacts and the teams of visits that have just been planned."""
    contacts = await contacts_of_schools(deps, transaction, [visit["school_id"] for visit in visits])
    for visit in visits:
        await _tell_school(deps, transaction, visit, contacts[visit["school_id"]])
        await _tell_team(deps, transaction, visit, _ids(visit))


async def _tell_school(deps: Deps, transaction: Session, visit: Mapping[str, Any], people: Sequence[str]) -> None:
    text = f"市级评估专家将于{when(visit)}到校进行现场评估，请做好准备。"
    await _tell(deps, transaction, visit, people, "visit.planned", "现场评估安排", text)


async def _tell_team(deps: Deps, transaction: Session, visit: Mapping[str, Any], people: Sequence[str]) -> None:
    lead = next(member["name"] for member in visit["team"] if member["lead"])
    text = f"您将于{when(visit)}到{visit['school_name']}进行现场评估，组长：{lead}。请提前把评估包下载到手机。"
    await _tell(deps, transaction, visit, people, "visit.assigned", "现场评估任务", text)


async def changed(deps: Deps, transaction: Session, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Tells whoever a change concerns: the school of another time, the team of everything, those who left."""
    if (old["date"], old["half"]) != (new["date"], new["half"]):
        text = f"原定{when(old)}的现场评估改为{when(new)}。"
        people = await contacts_of(deps, transaction, new["school_id"])
        await _tell(deps, transaction, new, people, "visit.changed", "现场评估时间有变", text)
    stayed = [person for person in _ids(new) if person in _ids(old)]
    text = f"{new['school_name']}的现场评估安排有变动，时间：{when(new)}。请重新下载评估包。"
    await _tell(deps, transaction, new, stayed, "visit.changed", "现场评估安排有变", text)
    await _tell_team(deps, transaction, new, [person for person in _ids(new) if person not in _ids(old)])
    left = [person for person in _ids(old) if person not in _ids(new)]
    text = f"您不再参加{old['school_name']}{when(old)}的现场评估。"
    await _tell(deps, transaction, old, left, "visit.unassigned", "现场评估任务取消", text)


async def cancelled(deps: Deps, transaction: Session, visit: Mapping[str, Any], reason: str | None) -> None:
    """Tells school and team that a visit doesn't take place."""
    people = [*await contacts_of(deps, transaction, visit["school_id"]), *_ids(visit)]
    text = f"{visit['school_name']}原定{when(visit)}的现场评估已取消。" + (f"理由：{reason}" if reason else "")
    await _tell(deps, transaction, visit, people, "visit.cancelled", "现场评估取消", text)


def when(visit: Mapping[str, Any]) -> str:
    """The visit's time for people: 2022年9月5日上午."""
    day = date.fromisoformat(visit["date"])
    return f"{day.year}年{day.month}月{day.day}日{HALF_NAMES[Half(visit['half'])]}"


def _ids(visit: Mapping[str, Any]) -> list[str]:
    return [member["inspector_id"] for member in visit["team"]]


async def _tell(
    deps: Deps,
    transaction: Session,
    visit: Mapping[str, Any],
    people: Sequence[str],
    event: str,
    title: str,
    text: str,
) -> None:
    await notify(
        deps,
        transaction,
        people,
        event,
        visit["_id"],
        title=title,
        text=text,
        values={
            "school": visit["school_name"],
            "when": when(visit),
            "date": visit["date"],
            "half": HALF_NAMES[Half(visit["half"])],
        },
        link=f"/visits/{visit['_id']}",
    )
