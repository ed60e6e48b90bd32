"""A grade with its explanation, as answers show it."""

from backend.models.base import Model, PointsOut


class ClauseName(Model):
    """A clause of an item."""

    item: str
    clause: str


class GapView(Model):
    """What stands between a school and a grade: the points short, the clauses unmet in the rubric's order."""

    grade: str
    grade_title: str
    points_short: PointsOut
    clauses_unmet: list[ClauseName]


class GradeResult(Model):
    """A grade and why. `attained` and `awarded` are null where none is reached; `statement` says it in Chinese.

    `explanation` goes from the next grade upwards; `shortest_path` names the fewest items that would reach it.
    """

    applied: str
    total: PointsOut
    attained: str | None
    awarded: str | None
    statement: str
    explanation: list[GapView]
    shortest_path: list[str]
