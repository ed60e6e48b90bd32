"""The table behind each of the city's figures, as a workbook."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from backend.deps import Deps
from backend.documents.tables import Sheet, Value
from backend.models.attachments import Attachment
from backend.models.people import Actor
from backend.models.statistics import Figure, ScopeStatistics, Statistics
from backend.services import flag_lists, statistics, targets
from backend.services.cycles import current
from backend.services.workbooks import Content
from inspection.rules.points import as_number
from inspection.rules.workflow import SHANGHAI

TITLES: Mapping[Figure, str] = {
    "grades": "等级分布",
    "totals": "总分分布",
    "gaps": "差异分布（二级指标 × 市（区））",
    "inspectors": "专家评分尺度与一致性",
    "closing": "现场评估用时",
    "targets": "目标完成情况",
    "flags": "待核照片",
}
_PLACE = ("市（区）", 16)


async def table(deps: Deps, actor: Actor, figure: Figure) -> Attachment:
    """The table of a figure as xlsx. Raises `Conflict` where no cycle is open."""
    cycle = await current(deps)
    columns, rows = await _TABLES[figure](deps, actor)
    now = deps.clock().astimezone(SHANGHAI)
    head = (cycle.cycle.title, TITLES[figure], f"截至 {now:%Y年%m月%d日 %H:%M}")
    sheet = Sheet(TITLES[figure][:4], head, columns, rows, landscape=True)

    def make() -> bytes:
        from backend.documents.sheets import workbook  # Loads openpyxl (see backend.documents.tables).

        return workbook(sheet, None)

    return Attachment(f"{TITLES[figure]}-{now:%Y%m%d}.xlsx", await deps.threads.run(make))


def _of_statistics(make: Callable[[Statistics], Content]) -> Callable[[Deps, Actor], Awaitable[Content]]:
    async def read(deps: Deps, actor: Actor) -> Content:
        return make(await statistics.read(deps, actor))

    return read


def _grades(found: Statistics) -> Content:
    columns = [_PLACE, ("已评学校", 10), ("等级", 10), ("申报", 8), ("达到", 8), ("认定", 8), ("认定占比（%）", 14)]
    rows = [
        (
            scope.name,
            scope.schools,
            each.grade_title,
            each.applied if each.grade else None,
            each.attained,
            each.awarded,
            _percent(each.awarded, scope.schools - scope.undecided),
        )
        for scope in found.scopes
        for each in scope.grades
    ]
    return columns, rows


def _totals(found: Statistics) -> Content:
    names = [f"{as_number(each.least)}–{as_number(each.most)}" for each in found.scopes[0].totals]
    columns = [_PLACE, ("已评学校", 10), ("平均分", 9), ("中位数", 9), *((name, 9) for name in names)]
    rows = [
        (scope.name, scope.schools, scope.mean, scope.middle, *(each.count for each in scope.totals))
        for scope in found.scopes
    ]
    return columns, rows


def _gaps(found: Statistics) -> Content:
    columns = [
        ("二级指标", 26),
        ("满分", 7),
        _PLACE,
        ("已评学校", 10),
        ("差异条数", 10),
        ("其中严重", 10),
        ("每校条数", 10),
        ("自评高出（分，每校）", 20),
    ]
    schools = {scope.district: scope for scope in found.scopes}
    names = {each.code: each for each in found.indicators}
    rows = [
        (
            f"{each.indicator} {names[each.indicator].name}",
            as_number(names[each.indicator].points),
            schools[each.district].name,
            schools[each.district].schools,
            each.rows,
            each.critical,
            round(each.rows / schools[each.district].schools, 2),
            round(each.overstated / 100 / schools[each.district].schools, 2),
        )
        for each in sorted(found.gaps, key=lambda each: [int(part) for part in each.indicator.split(".")])
    ]
    return columns, rows


def _inspectors(found: Statistics) -> Content:
    columns = [
        ("专家", 14),
        ("评估学校", 10),
        ("可比指标", 10),
        ("比较次数", 10),
        ("平均差（本人−同组，分）", 22),
        ("偏严（占满分 %）", 16),
        ("得分一致（%）", 14),
        ("可比要求", 10),
        ("要求一致（%）", 14),
    ]
    rows = [
        (
            each.name or "（已离开）",
            each.visits,
            each.items,
            each.pairs,
            each.mean_difference,
            _hundred(each.severity),
            _hundred(each.within),
            each.verdicts,
            _hundred(each.same_verdicts),
        )
        for each in found.inspectors
    ]
    return columns, rows


def _closing(found: Statistics) -> Content:
    def title(least: int, most: int | None) -> str:
        if most is None:
            return f"{least} 天以上"
        return "当天" if most == 0 else "次日" if least == 1 == most else f"{least}–{most} 天"

    days = [title(each.least, each.most) for each in found.scopes[0].closing.days]
    columns = [
        _PLACE,
        ("已结束", 9),
        *((each, 10) for each in days),
        ("用时（小时，中位数）", 28),
        ("逾期未结束", 12),
    ]
    return columns, [_closing_row(scope) for scope in found.scopes]


def _closing_row(scope: ScopeStatistics) -> Sequence[Value]:
    times = scope.closing
    return scope.name, scope.schools, *(each.count for each in times.days), times.hours, times.overdue


async def _targets(deps: Deps, actor: Actor) -> Content:
    columns = [
        _PLACE,
        ("在册学校", 10),
        ("年度", 8),
        ("等级", 10),
        ("目标（%）", 10),
        ("应有学校", 10),
        ("现有学校", 10),
        ("还差", 8),
        ("是否完成", 10),
    ]
    rows = [
        (
            scope.name,
            scope.schools,
            each.year,
            f"{each.grade_title}及以上",
            _hundred(each.share),
            each.needed,
            each.holding,
            each.missing,
            "已完成" if each.reached else "未完成",
        )
        for scope in (await targets.read(deps, actor)).scopes
        for each in scope.targets
    ]
    return columns, rows


async def _flags(deps: Deps, actor: Actor) -> Content:
    columns = [
        _PLACE,
        ("学校", 30),
        ("指标", 9),
        ("来源", 10),
        ("疑点", 36),
        ("另见", 44),
        ("核查", 10),
        ("核查意见", 40),
    ]
    rows = [
        (
            each.district_name,
            each.school_name,
            each.item,
            "学校佐证" if each.kind == "evidence" else "现场照片",
            "；".join(flag.name for flag in each.flags),
            "；".join(f"{twin.school}（{twin.cycle}）" for flag in each.flags for twin in flag.elsewhere),
            "已核" if each.settled else "待核",
            each.settled.note if each.settled else None,
        )
        async for each in flag_lists.every(deps, actor)
    ]
    return columns, rows


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _hundred(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


_TABLES: Mapping[Figure, Callable[[Deps, Actor], Awaitable[Content]]] = {
    "grades": _of_statistics(_grades),
    "totals": _of_statistics(_totals),
    "gaps": _of_statistics(_gaps),
    "inspectors": _of_statistics(_inspectors),
    "closing": _of_statistics(_closing),
    "targets": _targets,
    "flags": _flags,
}
