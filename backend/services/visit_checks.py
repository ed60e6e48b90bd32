"""What stands against a visit as somebody wants it: everything at once, for one visit or for hundreds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid
from backend.models.people import Role
from backend.models.visits import HALF_NAMES, Half, MemberIn
from backend.services.cycles import OpenCycle
from backend.services.list_state import list_handed_in
from backend.store import visits
from backend.store.mongo import Session
from backend.store.people import Person
from inspection.rules.problems import pointer
from inspection.rules.scoring import unknown_parts
from inspection.rules.workflow import SHANGHAI, STATE_NAMES, State

# What another moment, or somebody else's change, would allow. The rest is wrong in itself.
_OF_STATE = {"wrong_state", "list_not_handed_in", "already_planned", "inspector_busy"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit as it shall be. `submission_id` is None where the visit is there already and keeps its school."""

    submission_id: str | None
    school_id: str | None
    date: date
    half: Half
    team: Sequence[MemberIn]
    assignments: Mapping[str, Sequence[str]]
    path: str = ""

    @property
    def slots(self) -> dict[str, str]:
        """The half days that it takes, by inspector."""
        return {each.inspector_id: slot_of(each.inspector_id, self.date, self.half) for each in self.team}


@dataclass(slots=True)
class Facts:
    """What is stored of all that the wanted visits name. `seen` are the submissions and half days of those that have
    been checked: visits that are planned together must not clash either."""

    cycle: OpenCycle
    submissions: Mapping[str, Mapping[str, Any]]
    live: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, Person]
    handed_in: Mapping[str, bool]
    taken: Mapping[str, str]
    own_visit: str | None = None
    seen: set[str] = field(default_factory=set)


def slot_of(inspector_id: str, day: date, half: Half | str) -> str:
    """An inspector's half day, as it is stored."""
    return visits.slot(inspector_id, day.isoformat(), str(half))


async def load(
    deps: Deps, transaction: Session | None, cycle: OpenCycle, wanted: Sequence[Wanted], own_visit: str | None = None
) -> Facts:
    """Reads what the checks need, in a handful of queries however many visits there are."""
    ids = [each.submission_id for each in wanted if each.submission_id is not None]
    submissions = await visits.submissions_by_id(deps.db, transaction, cycle.id, ids)
    districts = {submission["district"] for submission in submissions.values()}
    people_ids = {member.inspector_id for each in wanted for member in each.team}
    return Facts(
        cycle,
        submissions,
        await visits.live_by_submission(deps.db, ids, transaction),
        await visits.people_by_id(deps.db, transaction, people_ids),
        {district: await list_handed_in(deps, transaction, cycle.id, district) for district in sorted(districts)},
        await visits.taken_slots(deps.db, transaction, {slot for each in wanted for slot in each.slots.values()}),
        own_visit,
    )


def wrong(facts: Facts, wanted: Sequence[Wanted]) -> list[Detail]:
    """Everything that stands against any of the visits, as if they were planned one after the other."""
    return [detail for each in wanted for detail in _wrong(facts, each)]


def check(facts: Facts, wanted: Sequence[Wanted]) -> None:
    """Raises `Invalid` or `Conflict` with everything that stands against any of the visits."""
    details = wrong(facts, wanted)
    if not details:
        return
    kind = Conflict if all(detail.code in _OF_STATE for detail in details) else Invalid
    message = details[0].message if len(details) == 1 else f"有 {len(details)} 处要改，请逐条处理"
    code = details[0].code if kind is Conflict and len(details) == 1 else None
    raise kind(message, code=code, details=details)


def _wrong(facts: Facts, wanted: Wanted) -> list[Detail]:
    details = [] if wanted.submission_id is None else _wrong_submission(facts, wanted.path, wanted.submission_id)
    first, last = visit_days(facts.cycle)
    if not first <= wanted.date <= last:
        message = f"日期应在终评期间：{first.isoformat()} 至 {last.isoformat()}"
        details.append(Detail(f"{wanted.path}/date", "out_of_range", message))
    return [*details, *_wrong_team(facts, wanted), *_wrong_assignments(facts, wanted)]


def visit_days(cycle: OpenCycle) -> tuple[date, date]:
    """The first and the last day of the cycle's visits, in Shanghai."""
    dates = cycle.cycle.dates
    last = dates.visits_close - timedelta(milliseconds=1)
    return dates.visits_open.astimezone(SHANGHAI).date(), last.astimezone(SHANGHAI).date()


def _wrong_submission(facts: Facts, path: str, submission_id: str) -> list[Detail]:
    path += "/submission_id"
    submission = facts.submissions.get(submission_id)
    if submission is None:
        return [Detail(path, "unknown_submission", "本周期没有这份申报材料，请检查")]
    details: list[Detail] = []
    name = submission["school"]["name"]
    if submission_id in facts.seen or submission_id in facts.live:
        details.append(Detail(path, "already_planned", f"{name}已经安排了现场评估，请改动原来的安排"))
    facts.seen.add(submission_id)
    if submission["state"] != State.ENDORSED:
        state = STATE_NAMES[submission["state"]]
        message = f"{name}的当前状态为“{state}”，只有“{STATE_NAMES[State.ENDORSED]}”的学校才能安排"
        details.append(Detail(path, "wrong_state", message))
    elif not facts.handed_in[submission["district"]]:
        message = f"{name}所在市（区）尚未上报推荐名单，上报后才能安排"
        details.append(Detail(path, "list_not_handed_in", message))
    return details


def _wrong_team(facts: Facts, wanted: Wanted) -> Iterable[Detail]:
    details: list[Detail] = []
    if sum(member.lead for member in wanted.team) != 1:
        details.append(Detail(f"{wanted.path}/team", "lead_count", "评估组应恰有一名组长（lead）"))
    submission = facts.submissions.get(wanted.submission_id or "", {})
    school_id = wanted.school_id or submission.get("school_id")
    members: set[str] = set()
    for number, member in enumerate(wanted.team):
        path, person = f"{wanted.path}/team/{number}/inspector_id", facts.people.get(member.inspector_id)
        if member.inspector_id in members:
            details.append(Detail(path, "duplicate", "同一位专家在组里出现了两次，请删去一个"))
            continue
        members.add(member.inspector_id)
        if person is None or all(holding.role is not Role.INSPECTOR for holding in person.holdings):
            details.append(Detail(path, "not_an_inspector", "没有这位市级评估专家，请检查"))
        else:
            details += _wrong_member(facts, wanted, person, school_id, path)
    return details


def _wrong_member(facts: Facts, wanted: Wanted, person: Person, school_id: str | None, path: str) -> Iterable[Detail]:
    if school_id in person.ties:
        yield Detail(path, "tied", f"{person.name}与该校有回避关系，请换一位专家")
    slot = wanted.slots[person.id]
    visit_id = facts.taken.get(slot)
    if slot in facts.seen or visit_id not in (None, facts.own_visit):
        when = f"{wanted.date.isoformat()} {HALF_NAMES[wanted.half]}"
        yield Detail(path, "inspector_busy", f"{person.name}在 {when}已有别的安排，请换人或改时间")
    facts.seen.add(slot)


def _wrong_assignments(facts: Facts, wanted: Wanted) -> Iterable[Detail]:
    members = {member.inspector_id for member in wanted.team}
    for inspector_id, parts in wanted.assignments.items():
        path = wanted.path + pointer("assignments", inspector_id)
        if inspector_id not in members:
            yield Detail(path, "not_in_team", "分工里的专家不在评估组里，请删去或补进组里")
        for part in unknown_parts(facts.cycle.rubric, parts):
            yield Detail(path, "unknown_part", f"细则中没有编号为“{part}”的一级或二级指标，请改正")
