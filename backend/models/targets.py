"""Where the city and its districts stand on the targets."""

from pydantic import Field

from backend.models.base import Line, Model


class GradeShare(Model):
    """How many schools hold at least a grade; `share` is for display, rounded to four places."""

    grade: str
    grade_title: Line
    holding: int
    share: float


class TargetProgress(Model):
    """A target (`share` of all registered schools by the end of `year`), and how many schools are still missing."""

    year: int
    grade: str
    grade_title: Line
    share: float
    holding: int
    needed: int
    missing: int
    reached: bool


class ScopeTargets(Model):
    """The standing of a district, or of the whole city (`district` is null). `schools` are all that are registered."""

    district: str | None
    name: Line
    schools: int
    grades: list[GradeShare]
    targets: list[TargetProgress]


class Targets(Model):
    """The standings that the actor may see: the city first, where it may, then the districts."""

    cycle: str
    publication_version: int | None = Field(description="the publication that counts in; null before the first")
    scopes: list[ScopeTargets]
