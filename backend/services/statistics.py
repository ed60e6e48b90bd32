"""The city's figures as an answer shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from backend.deps import Deps
from backend.models.people import Actor
from backend.models.statistics import (
    ClosingTimes,
    DaysRange,
    GapCell,
    GradeCount,
    IndicatorName,
    InspectorStatistics,
    ScopeStatistics,
    Statistics,
    TotalRange,
)
from backend.services.city_figures import CityFigures, ScopeFigures, Stands, stands
from backend.services.city_figures import read as read_figures
from backend.services.cycles import OpenCycle, current
from backend.services.outcomes import BELOW
from backend.store import figures
from backend.store.notices import names_of
from inspection.rules.agreement import Comparison
from inspection.rules.distributions import in_ranges, median, totals_in_ranges
from inspection.rules.workflow import SHANGHAI

# On the day of the visit, the day after, within the week, later.
_DAYS = (0, 1, 2, 4, 8)


async def read(deps: Deps, actor: Actor) -> Statistics:
    """All figures of the cycle. Raises `Conflict` where none is open."""
    cycle = await current(deps)
    today = deps.clock().astimezone(SHANGHAI).date().isoformat()
    overdue = await figures.overdue_by_district(deps.db, cycle.id, today)

    async def stand() -> tuple[str, str, Stands, tuple[tuple[str, int], ...]]:
        return cycle.id, cycle.rubric.sha256, await stands(deps, cycle), tuple(sorted(overdue.items()))

    async def make(now: tuple[str, str, Stands, tuple[tuple[str, int], ...]]) -> Statistics:
        sums = await read_figures(deps, cycle, now[2])
        # Sorting thousands of totals, and as many rows checked by the models, take their time.
        return await deps.threads.run(lambda: _view(deps, cycle, sums, overdue))

    found: Statistics = await deps.figures.at(stand, make)
    # A name may change while the figures don't.
    names = await names_of(deps.db, [each.inspector_id for each in found.inspectors])
    named = [each.model_copy(update={"name": names.get(each.inspector_id)}) for each in found.inspectors]
    return found.model_copy(update={"inspectors": sorted(named, key=lambda each: (each.name or "", each.inspector_id))})


def _view(deps: Deps, cycle: OpenCycle, sums: CityFigures, overdue: Mapping[str, int]) -> Statistics:
    scopes = [
        _scope(cycle, each.id, each.name, sums.districts.get(each.id, ScopeFigures()), overdue.get(each.id, 0))
        for each in deps.districts
    ]
    city = _scope(cycle, None, "全市", sums.city, sum(overdue.values()))
    return Statistics(
        cycle=cycle.id,
        scopes=[city, *scopes],
        indicators=[
            IndicatorName(code=each.code, name=each.name, points=each.points)
            for group in cycle.rubric.groups
            for each in group.indicators
        ],
        gaps=_gaps(deps, cycle, sums),
        inspectors=[_inspector(each, *counts) for each, counts in sums.city.inspectors.items()],
    )


def _scope(cycle: OpenCycle, district: str | None, name: str, sums: ScopeFigures, overdue: int) -> ScopeStatistics:
    totals = sums.totals
    return ScopeStatistics(
        district=district,
        name=name,
        schools=len(totals) + sums.undecided,
        undecided=sums.undecided,
        grades=_grades(cycle, sums.grades),
        totals=[
            TotalRange(least=each.least, most=each.most or cycle.rubric.points, count=each.count)
            for each in totals_in_ranges(totals, cycle.rubric.points)
        ],
        mean=_shown(Fraction(sum(totals), len(totals)), 100) if totals else None,
        middle=_shown(median(totals), 100),
        closing=ClosingTimes(
            days=[
                DaysRange(least=each.least, most=None if each.most is None else each.most - 1, count=each.count)
                for each in in_ranges(sums.days, _DAYS)
            ],
            hours=_shown(median(sums.minutes), 60),
            overdue=overdue,
        ),
    )


def _shown(value: Fraction | None, unit: int) -> float | None:
    return None if value is None else round(float(value / unit), 2)


def _grades(cycle: OpenCycle, grades: Mapping[tuple[str, str | None, str | None], int]) -> list[GradeCount]:
    applied, attained, awarded = Counter[str | None](), Counter[str | None](), Counter[str | None]()
    for (wanted, reached, granted), count in grades.items():
        applied[wanted] += count
        attained[reached] += count
        awarded[granted] += count
    titles: list[tuple[str | None, str]] = [(grade.name, grade.title) for grade in cycle.cycle.rules.grades]
    return [
        GradeCount(grade=name, grade_title=title, applied=applied[name], attained=attained[name], awarded=awarded[name])
        for name, title in [*titles, (None, BELOW)]
    ]


def _gaps(deps: Deps, cycle: OpenCycle, sums: CityFigures) -> list[GapCell]:
    """By district and indicator, both in their order; what a later rubric no longer has is left out."""
    codes: Sequence[str] = [each.code for group in cycle.rubric.groups for each in group.indicators]
    return [
        GapCell(district=each.id, indicator=code, rows=gap.rows, critical=gap.critical, overstated=gap.delta)
        for each in deps.districts
        if each.id in sums.districts
        for code in codes
        if (gap := sums.districts[each.id].indicators.get(code))
    ]


def _inspector(inspector_id: str, visits: int, counts: Comparison) -> InspectorStatistics:
    mean = counts.mean_difference
    return InspectorStatistics(
        inspector_id=inspector_id,
        name=None,
        visits=visits,
        items=counts.items,
        pairs=counts.pairs,
        mean_difference=None if mean is None else round(mean / 100, 4),
        severity=_rounded(counts.severity),
        within=_rounded(counts.agreement),
        verdicts=counts.verdicts,
        same_verdicts=_rounded(counts.same_verdicts),
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
