"""How answers show a recommendation list (附件4): its rows, what is missing, what it was when handed in."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models.recommendation_lists import HandIn, ListRow, ListView, Reopening
from backend.services.cycles import OpenCycle, calendar
from backend.services.list_state import is_handed_in
from backend.services.submission_view import detail, grade_title
from backend.store import recommendation_lists, submissions
from backend.store.mongo import Document, Session
from inspection.rules.problems import Problem
from inspection.rules.workflow import State

# What is on the list: endorsed, and what became of that. Who was withdrawn is not.
LISTED = (State.ENDORSED, State.VISITING, State.SCORED, State.DECIDED, State.PUBLISHED)
_ROW = {"school": 1, "application": 1, "self_points": 1}
_EMPTY: Mapping[str, Any] = {
    "version": 0,
    "contact": None,
    "phone": None,
    "order": [],
    "handed_in_at": None,
    "hand_ins": [],
    "reopenings": [],
}


async def stored_list(deps: Deps, cycle: OpenCycle, district: str, transaction: Session | None) -> Mapping[str, Any]:
    """The list as stored, or as it is before anything was."""
    document = await recommendation_lists.find(deps.db, cycle.id, district, transaction)
    return document if document is not None else _EMPTY


async def listed_submissions(
    deps: Deps, transaction: Session | None, cycle: OpenCycle, district: str
) -> dict[str, Document]:
    """The submissions that belong on the list, by id, in the order of the schools' names."""
    found = await submissions.of_district(deps.db, transaction, cycle.id, district, LISTED, _ROW)
    return {each["_id"]: each for each in sorted(found, key=lambda each: (each["school"]["name"], each["_id"]))}


async def missing_for_hand_in(
    deps: Deps,
    transaction: Session | None,
    cycle: OpenCycle,
    district: str,
    stored: Mapping[str, Any],
    listed: Mapping[str, Document],
) -> list[Problem]:
    """What stands against handing in."""
    problems = [
        Problem(f"/{name}", "required", f"请填写{label}")
        for name, label in (("contact", "市（区）联系人"), ("phone", "联系人电话"))
        if not stored[name]
    ]
    if set(stored["order"]) != set(listed):
        problems.append(Problem("/order", "order_incomplete", "推荐的学校有变动，请重新排定次序并保存"))
    waiting = await submissions.of_district(deps.db, transaction, cycle.id, district, (State.SUBMITTED,), {"school": 1})
    problems += [Problem("", "not_reviewed", f"{each['school']['name']}已提交，尚未初评") for each in waiting]
    return problems


def rows_of(cycle: OpenCycle, order: Sequence[str], listed: Mapping[str, Document]) -> list[dict[str, Any]]:
    """The lines of 附件4, those not yet put in order at the end."""
    known = [each for each in order if each in listed]
    rest = [each for each in listed if each not in set(known)]
    return [_row(cycle, number, listed[each]) for number, each in enumerate([*known, *rest], 1)]


def _row(cycle: OpenCycle, number: int, submission: Mapping[str, Any]) -> dict[str, Any]:
    application = submission["application"]
    return {
        "number": number,
        "submission_id": submission["_id"],
        "school_name": submission["school"]["name"],
        "contact": application["contact"]["name"],
        "phone": application["contact"]["phone"],
        "applied": application["applied"],
        "applied_name": grade_title(cycle, application["applied"]),
        "self_points": submission["self_points"],
        "highlights": application["highlights"],
    }


async def list_view(
    deps: Deps, cycle: OpenCycle, district: str, district_name: str, transaction: Session | None
) -> ListView:
    """The list as an answer shows it: frozen once handed in, else as it would be now."""
    stored = await stored_list(deps, cycle, district, transaction)
    handed_in = is_handed_in(cycle, district, stored)
    missing: list[Problem] = []
    closes_at = calendar(cycle, district)["hand_in"]
    said: Mapping[str, Any]
    if handed_in:
        said = await recommendation_lists.find_snapshot(deps.db, stored["hand_ins"][-1]["id"], transaction)
    else:
        listed = await listed_submissions(deps, transaction, cycle, district)
        said = {**stored, "rows": rows_of(cycle, stored["order"], listed)}
        missing = await missing_for_hand_in(deps, transaction, cycle, district, stored, listed)
    return ListView(
        cycle=cycle.id,
        district=district,
        district_name=district_name,
        version=stored["version"],
        state="handed_in" if handed_in else "open",
        contact=said["contact"],
        phone=said["phone"],
        order=[row["submission_id"] for row in said["rows"]],
        rows=[ListRow(**row) for row in said["rows"]],
        missing=[detail(problem) for problem in missing],
        closes_at=closes_at,
        late=not handed_in and deps.clock() >= closes_at,
        handed_in_at=stored["handed_in_at"] if handed_in else None,
        hand_ins=[
            HandIn(at=each["at"], by_name=each["name"], sha256=each["sha256"], schools=each["schools"])
            for each in stored["hand_ins"]
        ],
        reopenings=[
            Reopening(at=each["at"], by_name=each["name"], reason=each["reason"]) for each in stored["reopenings"]
        ],
    )
