"""What the demonstration ends with: the results school by school, and the targets, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from backend.demonstration.registration import City, Entrant
from backend.models.discrepancies import KIND_NAMES

GRADE_NAMES: Mapping[str | None, str] = {
    "demonstration": "示范型",
    "excellent": "优秀型",
    "qualified": "合格型",
    None: "未达标",
}


async def show_results(city: City, console: Console) -> None:
    """Every school's result as the city reads it, and the targets of the city and its districts."""
    rows = await city.api.all("/api/decisions", city.officer.token)
    console.print(_results(rows))
    targets = await city.api.call("GET", "/api/targets", city.officer.token)
    console.print(_targets(targets["scopes"]))
    newest = await city.api.call("GET", "/api/public/publications/latest")
    console.print(f"已公布：{newest['title']}，{len(newest['schools'])} 所学校获认定，SHA-256 {newest['sha256']}")


def _results(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("学校", "申报", "总分", "达到", "认定", "差异", title="评估结果")
    for row in sorted(rows, key=lambda row: -row["grade"]["total"]):
        grade = row["grade"]
        names = [GRADE_NAMES[grade[name]] for name in ("applied", "attained", "awarded")]
        table.add_row(row["school_name"], names[0], f"{grade['total']:g}", *names[1:], str(row["discrepancies"]))
    return table


def _targets(scopes: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("市（区）", "学校", "合格型及以上", "优秀型及以上", "示范型", title="目标任务")
    for scope in scopes:
        shares = {each["grade"]: f"{each['holding']}（{each['share']:.1%}）" for each in scope["grades"]}
        table.add_row(scope["name"], str(scope["schools"]), *(shares[name] for name in GRADE_ORDER))
    return table


GRADE_ORDER = ("qualified", "excellent", "demonstration")


async def show_one(city: City, entrant: Entrant, console: Console) -> None:
    """One school's discrepancies, its grade, and what stands between it and the next."""
    path = f"/api/submissions/{entrant.submission_id}"
    found = await city.api.call("GET", f"{path}/discrepancies", city.officer.token)
    grade = (await city.api.call("GET", f"{path}/decision", city.officer.token))["grade"]
    console.print(_discrepancies(entrant, found["items"]))
    console.print(f"总分 {grade['total']:g}，{grade['statement']}")
    for gap in grade["explanation"]:
        unmet = "、".join(clause["item"] for clause in gap["clauses_unmet"]) or "无"
        console.print(f"  距{gap['grade_title']}：差 {gap['points_short']:g} 分，未达要求的指标：{unmet}")
    if grade["shortest_path"]:
        console.print(f"  最短路径：{'、'.join(grade['shortest_path'])}")


def _discrepancies(entrant: Entrant, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("指标", "差异", "自评", "认定", "影响等级", title=f"{entrant.school.name}：自评与现场的差异")
    for row in rows:
        points = [_points(row[side]["points"]) for side in ("self_assessment", "agreed")]
        table.add_row(row["item"], KIND_NAMES[row["kind"]], *points, "是" if row["changes_grade"] else "")
    return table


def _points(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
