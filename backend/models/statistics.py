"""What the city wants to see of the schools that have been visited: grades, gaps, inspectors, times."""

from typing import Literal

from pydantic import Field

from backend.models.base import Id, Line, Model, PointsOut

Figure = Literal["grades", "totals", "gaps", "inspectors", "closing", "targets", "flags"]


class GradeCount(Model):
    """So many schools reached a grade, were granted it, and had applied for it; `grade` null: 未达标."""

    grade: str | None
    grade_title: Line
    applied: int
    attained: int
    awarded: int


class TotalRange(Model):
    """So many totals are from `least` to before `most`; full points are in the last range."""

    least: PointsOut
    most: PointsOut
    count: int


class DaysRange(Model):
    """So many visits were closed `least` to `most` days after the day of the visit (null: or more)."""

    least: int
    most: int | None
    count: int


class ClosingTimes(Model):
    """From the visit to its closing. `hours` is the time in the middle from the first score to the closing.

    `overdue` visits are not closed though their day is past.
    """

    days: list[DaysRange]
    hours: float | None
    overdue: int


class ScopeStatistics(Model):
    """A district, or the whole city (`district` is null). `schools` are those whose visit is closed; of `undecided`
    ones the total is not known yet. `mean` and `middle` (median) are of the totals, in points, for display."""

    district: str | None
    name: Line
    schools: int
    undecided: int
    grades: list[GradeCount]
    totals: list[TotalRange]
    mean: float | None
    middle: float | None
    closing: ClosingTimes


class IndicatorName(Model):
    """A 二级指标 and its points."""

    code: str
    name: Line
    points: PointsOut


class GapCell(Model):
    """An indicator at the schools of a district: discrepancies, the critical ones among them, and by how many points
    the self-assessments are above what was agreed, all schools together (below 0: they are under it)."""

    district: str
    indicator: str
    rows: int
    critical: int
    overstated: PointsOut


class InspectorStatistics(Model):
    """An inspector against teammates on the same items.

    `items` are those that a teammate scored too, `pairs` counts them once a teammate. `severity` is the share of the
    points at stake that the inspector gives less than teammates (below 0: more), `mean_difference` own − theirs on an
    item, in points; `within` and `same_verdicts` are the shares of pairs within the cycle's tolerance, and of verdicts
    that are alike. Null: there is nothing to compare. All are for display, rounded to four places.
    """

    inspector_id: Id
    name: Line | None
    visits: int
    items: int
    pairs: int
    mean_difference: float | None
    severity: float | None
    within: float | None
    verdicts: int
    same_verdicts: float | None


class Statistics(Model):
    """The figures as they stand: the city first, then the districts in the city's order."""

    cycle: str
    scopes: list[ScopeStatistics]
    indicators: list[IndicatorName]
    gaps: list[GapCell] = Field(description="those of the indicators on which something parts")
    inspectors: list[InspectorStatistics] = Field(description="by name")


class FigureQuery(Model):
    """Which figure's table is wanted."""

    figure: Figure
