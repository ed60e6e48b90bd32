"""The table of submissions: who stands where on the way, by when they have to go on, and what is late."""

from typing import Literal

from pydantic import Field

from backend.models.applications import StageName
from backend.models.base import FromJson, Id, Instant, Line, Model, PointsOut
from backend.models.submissions import DistrictId
from backend.models.tables import Search, TableFilters
from inspection.rules.workflow import State

Sort = Literal[
    "name",
    "-name",
    "district",
    "-district",
    "submitted_at",
    "-submitted_at",
    "applied",
    "-applied",
    "self_points",
    "-self_points",
]


class SubmissionTableQuery(TableFilters):
    """Which submissions of the running cycle, and in which order."""

    state: FromJson[State] | None = None
    district: DistrictId | None = None
    name: Search | None = Field(None, description="a part of the school's name")
    late: bool | None = Field(None, description="true: only those that are overdue")
    sort: Sort = "name"


class SubmissionRow(Model):
    """A school's submission in the table. `due_at`: by when it has to go on; null where nothing is asked of anybody."""

    id: Id
    school_id: Id
    school_name: Line
    stages: list[StageName]
    district: str
    district_name: str
    state: State
    state_name: str
    applied: str | None
    applied_name: str | None
    self_points: PointsOut
    answered: int = Field(description="items that have points")
    items: int = Field(description="items of the rubric")
    submitted_at: Instant | None
    since: Instant = Field(description="since when it is in its state")
    due_at: Instant | None
    late: bool
    returns: int = Field(description="how often it was returned")


class StateCount(Model):
    """How many submissions are in a state, and how many of them are late."""

    state: State
    state_name: str
    count: int
    late: int


class DistrictCounts(Model):
    """A district's submissions by state, all states in their order; `hand_in`: by when its list has to be handed in."""

    district: str
    district_name: str
    states: list[StateCount]
    handed_in: bool
    hand_in: Instant
    late: bool = Field(description="the list is not handed in, and should be")


class SubmissionCounts(Model):
    """The districts that one may see."""

    items: list[DistrictCounts]
