"""The table of submissions for officers: by state and district, with what is late, and how many there are of each."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.people import Actor, Role
from backend.models.schools import STAGE_NAMES, Stage
from backend.models.submission_table import (
    DistrictCounts,
    StateCount,
    SubmissionCounts,
    SubmissionRow,
    SubmissionTableQuery,
)
from backend.services import cycles
from backend.services.cycles import OpenCycle, calendar
from backend.services.list_state import is_handed_in
from backend.services.submission_view import grade_title
from backend.services.tables import Found, Table, TableColumn, when
from backend.store import recommendation_lists, submissions
from backend.store.submissions import Wanted
from inspection.rules.cycle import District
from inspection.rules.lateness import due, late_states
from inspection.rules.points import as_number
from inspection.rules.workflow import STATE_NAMES, State


async def find(deps: Deps, actor: Actor, query: SubmissionTableQuery, skip: int, limit: int) -> Found[SubmissionRow]:
    """The submissions that the query asks for, of those that the actor may see.

    Raises `NotFound` for a district that is not theirs to see, `Conflict` without a cycle.
    """
    cycle = await cycles.current(deps)
    districts = districts_of(deps, actor, query.district)
    handed_in = await lists_handed_in(deps, cycle)
    states = [query.state] if query.state else list(State)
    wanted = []
    for district in districts:
        overdue = late_states(calendar(cycle, district.id), deps.clock(), handed_in=district.id in handed_in)
        among = [state for state in states if not query.late or state in overdue]
        wanted += [(district.id, among)] if among else []
    documents, total = await submissions.table(deps.db, cycle.id, Wanted(wanted, query.name), query.sort, skip, limit)
    names = {each.id: each.name for each in deps.districts}

    def view(submission: Mapping[str, Any]) -> SubmissionRow:
        return _row(deps, cycle, submission, names, handed_in)

    return Found(documents, total, view)


def visible_districts(deps: Deps, actor: Actor) -> list[District]:
    """The districts whose submissions the actor may see."""
    return [each for each in deps.districts if actor.role is Role.CITY or each.id == actor.district]


def districts_of(deps: Deps, actor: Actor, asked: str | None) -> list[District]:
    """Of these the one that is asked for, or all. Raises `NotFound` for one that there is none of, or not to see."""
    districts = [each for each in visible_districts(deps, actor) if asked in (None, each.id)]
    if not districts:
        raise NotFound("没有这个市（区），请检查网址")
    return districts


async def lists_handed_in(deps: Deps, cycle: OpenCycle) -> set[str]:
    """The districts whose recommendation list is handed in."""
    stored = await recommendation_lists.of_districts(deps.db, cycle.id, [each.id for each in deps.districts])
    return {district for district, each in stored.items() if is_handed_in(cycle, district, each)}


def _row(
    deps: Deps,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    names: Mapping[str, str],
    handed_in: set[str],
) -> SubmissionRow:
    state, district = State(submission["state"]), submission["district"]
    due_at = due(state, calendar(cycle, district), handed_in=district in handed_in)
    applied = submission["application"]["applied"]
    return SubmissionRow(
        id=submission["_id"],
        school_id=submission["school_id"],
        school_name=submission["school"]["name"],
        stages=submission["school"]["stages"],
        district=district,
        district_name=names.get(district, district),
        state=state,
        state_name=STATE_NAMES[state],
        applied=applied,
        applied_name=grade_title(cycle, applied),
        self_points=submission["self_points"],
        answered=submission["answered"],
        items=len(cycle.rubric.items),
        submitted_at=submission["submitted_at"],
        since=submission["since"],
        due_at=due_at,
        late=due_at is not None and deps.clock() >= due_at,
        returns=submission["returns"],
    )


async def counts(deps: Deps, actor: Actor) -> SubmissionCounts:
    """The same in figures. Raises `Conflict` where no cycle is open."""
    cycle = await cycles.current(deps)
    found, handed_in = await submissions.count_states(deps.db, cycle.id), await lists_handed_in(deps, cycle)
    items = []
    for district in visible_districts(deps, actor):
        dates = calendar(cycle, district.id)
        overdue = late_states(dates, deps.clock(), handed_in=district.id in handed_in)
        states = [(state, found.get((district.id, state.value), 0)) for state in State]
        items.append(
            DistrictCounts(
                district=district.id,
                district_name=district.name,
                states=[
                    StateCount(
                        state=state, state_name=STATE_NAMES[state], count=count, late=count if state in overdue else 0
                    )
                    for state, count in states
                ],
                handed_in=district.id in handed_in,
                hand_in=dates["hand_in"],
                late=district.id not in handed_in and deps.clock() >= dates["hand_in"],
            )
        )
    return SubmissionCounts(items=items)


TABLE = Table(
    name="submissions",
    title="学校申报情况",
    may="submission.table",
    summary="The submissions of the running cycle as a table: by state, with what is late.",
    filters=SubmissionTableQuery,
    row=SubmissionRow,
    columns={
        "school_name": TableColumn("学校", 32, lambda row: row.school_name),
        "district_name": TableColumn("市（区）", 14, lambda row: row.district_name),
        "stages": TableColumn("学段", 14, lambda row: "、".join(STAGE_NAMES[Stage(each)] for each in row.stages)),
        "state_name": TableColumn("状态", 12, lambda row: row.state_name),
        "applied_name": TableColumn("申报类型", 12, lambda row: row.applied_name or ""),
        "self_points": TableColumn("自评得分", 10, lambda row: as_number(row.self_points)),
        "answered": TableColumn("已填指标", 10, lambda row: row.answered),
        "submitted_at": TableColumn("提交时间", 18, lambda row: when(row.submitted_at)),
        "since": TableColumn("进入状态", 18, lambda row: when(row.since)),
        "due_at": TableColumn("截止", 18, lambda row: when(row.due_at)),
        "late": TableColumn("逾期", 8, lambda row: "逾期" if row.late else ""),
        "returns": TableColumn("退回次数", 10, lambda row: row.returns),
    },
    find=find,
)
