"""The table of grades for the city: proposed, confirmed, published; by district, by grade, by points."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.models.decisions import DecisionTableQuery, DecisionTableRow
from backend.models.outcomes import GapView
from backend.models.people import Actor
from backend.services import cycles
from backend.services.decision_lists import DECIDABLE, row_fields
from backend.services.outcomes import BELOW
from backend.services.submission_table import districts_of
from backend.services.submission_view import grade_title
from backend.services.tables import Found, Table, TableColumn
from backend.store import decisions, outcomes
from backend.store.submissions import Wanted
from inspection.rules.points import as_number
from inspection.rules.workflow import State

# ★ is asked of every grade, ▲ of demonstration schools (附件1, 注).
_CLAUSES = {"basic": "★ 基本要求", "senior": "★ 高中要求", "demonstration": "▲ 示范要求", "filing": "等级保护备案"}
_STATES = {"scored": "待认定", "decided": "已认定", "published": "已公布"}


async def find(deps: Deps, actor: Actor, query: DecisionTableQuery, skip: int, limit: int) -> Found[DecisionTableRow]:
    """The submissions that the query asks for, with their grades as they stand.

    Raises `NotFound` for a district that there is none of, `Conflict` without a cycle.
    """
    cycle = await cycles.current(deps)
    names = {each.id: each.name for each in districts_of(deps, actor, query.district)}
    states = DECIDABLE if query.state is None else (State(query.state),)
    wanted = Wanted([(district, states) for district in names], query.name)
    rows, total = await decisions.table(deps.db, cycle.id, wanted, query.awarded, query.sort, skip, limit)
    graded = await outcomes.by_submission(deps.db, [row["_id"] for row in rows])

    def view(row: Mapping[str, Any]) -> DecisionTableRow:
        fields = row_fields(cycle, row, graded[row["_id"]])
        grade = fields["grade"]
        applied, attained, awarded = (
            grade_title(cycle, each) or BELOW for each in (grade.applied, grade.attained, grade.awarded)
        )
        return DecisionTableRow(
            **fields,
            id=row["_id"],
            district_name=names[row["district"]],
            applied_name=applied,
            attained_name=attained,
            awarded_name=awarded,
        )

    return Found([row for row in rows if row["_id"] in graded], total, view)


def _gap(gap: GapView) -> str:
    """What stands between a school and a grade: 距优秀型：差 5.5 分；1.1.5 ▲ 示范要求未达到."""
    short = [f"差 {as_number(gap.points_short)} 分"] if gap.points_short > 0 else []
    unmet = [f"{each.item} {_CLAUSES.get(each.clause, each.clause)}未达到" for each in gap.clauses_unmet]
    return f"距{gap.grade_title}：{'；'.join([*short, *unmet])}"


TABLE = Table(
    name="decisions",
    title="等级认定",
    may="decision.table",
    summary="The grades that are proposed, confirmed, published.",
    filters=DecisionTableQuery,
    row=DecisionTableRow,
    columns={
        "school_name": TableColumn("学校", 32, lambda row: row.school_name),
        "district_name": TableColumn("市（区）", 14, lambda row: row.district_name),
        "state": TableColumn("状态", 10, lambda row: _STATES[row.state]),
        "applied": TableColumn("申报类型", 12, lambda row: row.applied_name),
        "total": TableColumn("总分", 10, lambda row: as_number(row.grade.total)),
        "attained": TableColumn("达到", 12, lambda row: row.attained_name),
        "awarded": TableColumn("认定", 12, lambda row: row.awarded_name),
        "statement": TableColumn("结果", 32, lambda row: row.grade.statement),
        "gaps": TableColumn("差距", 40, lambda row: "\n".join(_gap(gap) for gap in row.grade.explanation)),
        "shortest_path": TableColumn("最短路径", 24, lambda row: "、".join(row.grade.shortest_path)),
        "discrepancies": TableColumn("差异", 8, lambda row: row.discrepancies),
    },
    find=find,
)
