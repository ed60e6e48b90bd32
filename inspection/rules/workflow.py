"""The way of a submission: one table of every transition, who may make it, when, and what it needs.

States: draft → submitted → (returned → submitted)* → endorsed | declined → visiting → scored → decided → published,
and withdrawn. The public notice (公示) is a period of `decided`, not a state of its own: it is one of the needs of
publishing. Calendar: the notice, part 三 (self-assessment, first review until 31 August, visits in September).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from inspection.rules.problems import Problem

SHANGHAI = ZoneInfo("Asia/Shanghai")


class State(StrEnum):
    """Where a submission stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ENDORSED = "endorsed"
    DECLINED = "declined"
    VISITING = "visiting"
    SCORED = "scored"
    DECIDED = "decided"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


STATE_NAMES = {
    State.DRAFT: "填报中",
    State.SUBMITTED: "已提交",
    State.RETURNED: "已退回",
    State.ENDORSED: "已推荐",
    State.DECLINED: "不予推荐",
    State.VISITING: "现场评估中",
    State.SCORED: "评分完成",
    State.DECIDED: "已认定",
    State.PUBLISHED: "已公布",
    State.WITHDRAWN: "已撤回",
}


class Role(StrEnum):
    """Who acts in the workflow."""

    SCHOOL = "school"
    DISTRICT = "district"
    INSPECTOR = "inspector"
    LEAD = "lead"
    CITY = "city"


ROLE_NAMES = {
    Role.SCHOOL: "学校联系人",
    Role.DISTRICT: "市（区）教育局",
    Role.INSPECTOR: "评估专家",
    Role.LEAD: "组长",
    Role.CITY: "市教育局",
}

# Every need of the table, and the sentence for the person where it is not there.
NEEDS = {
    "answers_complete": "自评尚未填写完整",
    "figures_present": "申报表的数据尚未填写完整",
    "evidence_present": "必须附佐证材料的指标缺少佐证",
    "evidence_stored": "所附材料还没有上传完",
    "reason": "请填写理由",
    "opinion": "请填写市（区）教育局意见",
    "list_open": "本市（区）的推荐名单已上报，不能再改动；如需改动请联系市教育局延期",
    "list_handed_in": "本市（区）尚未上报推荐名单",
    "visit_planned": "尚未安排评估组和日期",
    "all_agreed": "还有指标或要求未达成一致",
    "photos_stored": "还有照片未上传；请上传，或由组长注明理由后核销",
    "countersigned": "学校代表尚未签字，也没有拒签记录",
    "answers_settled": "学校对差异的答复尚未处理完",
    "second_person": "初评该校的人不能独自认定，请由另一位市教育局人员认定",
    "notice_over": "公示期尚未结束",
    "objections_settled": "公示期间的异议尚未处理完",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    `roles` may make it from any state of `sources`, from the date called `opens` until just before the one called
    `closes` (names of the cycle's calendar; None: no bound), where all of `needs` are there.
    """

    name: str
    sources: frozenset[State]
    target: State
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    opens: str | None = None
    closes: str | None = None


def _row(
    name: str,
    sources: Sequence[State],
    target: State,
    role: Role,
    *needs: str,
    opens: str | None = None,
    closes: str | None = None,
) -> Transition:
    return Transition(name, frozenset(sources), target, frozenset({role}), needs, opens, closes)


COMPLETE = ("answers_complete", "figures_present", "evidence_present", "evidence_stored")
BEFORE_LIST = (State.DRAFT, State.SUBMITTED, State.RETURNED, State.ENDORSED, State.DECLINED)
BEFORE_DECIDED = (*BEFORE_LIST, State.VISITING, State.SCORED)

# A name may stand in several rows: they are tried by state and role, so that one action has one name for people.
TRANSITIONS: tuple[Transition, ...] = (
    _row("submit", [State.DRAFT], State.SUBMITTED, Role.SCHOOL, *COMPLETE, "list_open",
         opens="submission_opens", closes="submission_closes"),
    _row("submit", [State.RETURNED], State.SUBMITTED, Role.SCHOOL, *COMPLETE, "list_open",
         opens="submission_opens", closes="hand_in"),
    # The form is printed once it is submitted; what was stamped is attached to it as it stands.
    _row("attach_scans", [State.SUBMITTED], State.SUBMITTED, Role.SCHOOL, "list_open", closes="hand_in"),
    _row("attach_scans", [State.ENDORSED], State.ENDORSED, Role.SCHOOL, "list_open", closes="hand_in"),
    _row("return", [State.SUBMITTED], State.RETURNED, Role.DISTRICT, "reason", "list_open",
         opens="review_opens", closes="hand_in"),
    _row("endorse", [State.SUBMITTED], State.ENDORSED, Role.DISTRICT, "opinion", "list_open",
         opens="review_opens", closes="hand_in"),
    _row("decline", [State.SUBMITTED], State.DECLINED, Role.DISTRICT, "reason", "list_open",
         opens="review_opens", closes="hand_in"),
    _row("undo_decline", [State.DECLINED], State.SUBMITTED, Role.DISTRICT, "reason", "list_open",
         opens="review_opens", closes="hand_in"),
    _row("return", [State.ENDORSED], State.RETURNED, Role.CITY, "reason"),
    _row("start_visit", [State.ENDORSED], State.VISITING, Role.INSPECTOR, "list_handed_in", "visit_planned",
         opens="visits_open", closes="visits_close"),
    _row("start_visit", [State.ENDORSED], State.VISITING, Role.LEAD, "list_handed_in", "visit_planned",
         opens="visits_open", closes="visits_close"),
    _row("close_visit", [State.VISITING], State.SCORED, Role.LEAD, "all_agreed", "photos_stored", "countersigned"),
    _row("reopen_visit", [State.SCORED], State.VISITING, Role.CITY, "reason"),
    _row("decide", [State.SCORED], State.DECIDED, Role.CITY, "answers_settled", "second_person"),
    _row("reopen_decision", [State.DECIDED], State.SCORED, Role.CITY, "reason"),
    _row("publish", [State.DECIDED], State.PUBLISHED, Role.CITY, "notice_over", "objections_settled"),
    _row("withdraw", BEFORE_LIST, State.WITHDRAWN, Role.SCHOOL, "reason", "list_open"),
    _row("withdraw", BEFORE_DECIDED, State.WITHDRAWN, Role.CITY, "reason", "list_handed_in"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """The answer to "may this be?": the next state, or every reason why not."""

    target: State | None
    reasons: tuple[Problem, ...] = ()


def step(
    name: str,
    state: State,
    role: Role,
    now: datetime,
    calendar: Mapping[str, datetime],
    missing: Mapping[str, Sequence[Problem]],
) -> Step:
    """Whether `role` may make the transition `name` from `state` at `now`.

    `calendar` holds the cycle's dates by name, extensions already applied; a bound includes its opening and excludes
    its closing instant. `missing` holds the needs that are not there, each with its details (possibly none); a need
    of the row that it does not mention is there. All reasons are named at once.
    """
    rows = [row for row in TRANSITIONS if row.name == name]
    if not rows:
        raise KeyError(name)
    own = [row for row in rows if role in row.roles]
    if not own:
        return Step(None, (_wrong_role(rows, role),))
    mine = [row for row in own if state in row.sources]
    if not mine:
        return Step(None, (_wrong_state(own, state),))
    row = mine[0]
    reasons = (*_too_early_or_late(row, now, calendar), *_unmet(row, missing))
    return Step(None, reasons) if reasons else Step(row.target)


def actions(state: State, role: Role) -> tuple[str, ...]:
    """The names of what `role` may do in `state`, dates and needs aside; each once, in the table's order."""
    return tuple(dict.fromkeys(row.name for row in TRANSITIONS if state in row.sources and role in row.roles))


def _wrong_state(rows: Sequence[Transition], state: State) -> Problem:
    sources = [each for each in State if any(each in row.sources for row in rows)]
    names = "、".join(STATE_NAMES[each] for each in sources)
    return Problem("", "wrong_state", f"当前状态为“{STATE_NAMES[state]}”，只有“{names}”状态才能进行此操作")


def _wrong_role(rows: Sequence[Transition], role: Role) -> Problem:
    who = "、".join(ROLE_NAMES[each] for each in Role if any(each in row.roles for row in rows))
    return Problem("", "wrong_role", f"此操作只能由{who}进行，您的身份是{ROLE_NAMES[role]}")


def _too_early_or_late(row: Transition, now: datetime, calendar: Mapping[str, datetime]) -> list[Problem]:
    reasons = []
    if row.opens and now < calendar[row.opens]:
        reasons.append(Problem("", "too_early", f"尚未到时间，{moment_text(calendar[row.opens])}起方可进行"))
    if row.closes and now >= calendar[row.closes]:
        message = f"已于{until_text(calendar[row.closes])}截止；如需延期请联系市教育局"
        reasons.append(Problem("", "too_late", message))
    return reasons


def _unmet(row: Transition, missing: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    reasons: list[Problem] = []
    for need in row.needs:
        if need in missing:
            reasons.extend(missing[need] or [Problem("", need, NEEDS[need])])
    return reasons


def moment_text(moment: datetime) -> str:
    """A moment as people here write it, in Asia/Shanghai: 2022年9月5日18:00."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"


def until_text(moment: datetime) -> str:
    """A closing moment; midnight ends the day before it, as the notice has it: 2022年8月31日24:00."""
    text = moment_text(moment)
    if not text.endswith("日00:00"):
        return text
    return moment_text(moment - timedelta(minutes=1)).replace("23:59", "24:00")
