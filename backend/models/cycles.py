"""The cycle that runs: how it is opened, what everybody may see of it, and its rubric."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer, StringConstraints, WithJsonSchema

from backend.models.base import Instant, Model, PointsOut
from backend.models.evidence import Sha256
from backend.models.submissions import Reason

# A cycle's file in config/, and a district's id.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Share = Annotated[Decimal, PlainSerializer(float), WithJsonSchema({"type": "number"})]


class CycleDates(Model):
    """The calendar. What opens at a moment includes it, what closes at one does not; whole seconds."""

    submission_opens: Instant
    submission_closes: Instant
    review_opens: Instant
    hand_in: Instant
    visits_open: Instant
    visits_close: Instant


class CycleOpening(Model):
    """Which cycle of config/ to open; `dates` take the place of the configured ones."""

    name: Name
    dates: CycleDates | None = None


class ConfiguredCycle(Model):
    """A cycle of config/: what its file says, and whether it is open. A file that is wrong has `problems` alone.

    `chosen` is the one that the service is set to (ZHIPING_CYCLE): no other can be opened.
    """

    name: Name
    title: str | None = None
    year: int | None = None
    rubric: str | None = None
    dates: CycleDates | None = None
    problems: list[str] = Field(default_factory=list)
    chosen: bool
    opened_at: Instant | None


class ConfiguredCycles(Model):
    """The cycles of config/, by name."""

    cycles: list[ConfiguredCycle]


class GradeView(Model):
    """A grade: at least `min_total` points, and every clause of these requirements met."""

    grade: str
    title: str
    min_total: PointsOut
    clauses: list[str]


class TargetView(Model):
    """By the end of `year`, this share of all registered schools holds at least `grade`."""

    year: int
    grade: str
    share: Share


class DistrictDates(Model):
    """When the submissions of a district close, and until when its recommendation list is to be handed in."""

    district: str
    name: str
    submission_closes: Instant
    hand_in: Instant


class CycleView(Model):
    """The cycle that runs. `districts` are those that concern the reader: all for the city, one's own else."""

    name: str
    title: str
    year: int
    rubric: str
    rubric_sha256: str
    opened_at: Instant
    dates: CycleDates
    districts: list[DistrictDates]
    grades: list[GradeView]
    targets: list[TargetView]
    score_step: PointsOut
    spread_tolerance: PointsOut
    evidence_required: str


class Closing(Model):
    """When a district's submissions close: not later than the cycle's."""

    closes: Instant


class Extension(Model):
    """Until when a district may hand in its recommendation list after all, and why."""

    hand_in: Instant
    reason: Reason


class FiguresView(Model):
    """The declared numbers that decide a clause; `at_most` are students that may share a device, by stage."""

    kind: str
    at_most: dict[str, int]


class ClauseView(Model):
    """A requirement that is met or not, apart from the points; no `stages` means every school."""

    name: str
    requirement: str
    text: str
    stages: list[str]
    figures: FiguresView | None


class ItemView(Model):
    """A 评估内容: what is scored, from 0 to `points`."""

    code: str
    points: PointsOut
    text: str
    starred: bool
    clauses: list[ClauseView]


class IndicatorView(Model):
    """A 二级指标."""

    code: str
    name: str
    points: PointsOut
    items: list[ItemView]


class GroupView(Model):
    """A 一级指标."""

    code: str
    name: str
    points: PointsOut
    indicators: list[IndicatorView]


class RubricQuery(Model):
    """Which rubric: by its hash, or the one of the cycle that runs."""

    sha256: Sha256 | None = None


class RubricView(Model):
    """A rubric, whole; its sha256 names this very version."""

    name: str
    title: str
    sha256: str
    points: PointsOut
    note: str
    groups: list[GroupView]
