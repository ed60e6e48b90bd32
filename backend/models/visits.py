"""Visits: who goes where when, and who scores what."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.models.base import Day, FromJson, Id, Instant, Line, Model
from backend.models.imports import ImportedRow, ImportProblem
from backend.models.paging import PageQuery
from backend.models.submissions import DistrictId, Reason

MOST_VISITS = 1000
MOST_TEAM = 12


class Half(StrEnum):
    """Half a day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


class VisitState(StrEnum):
    """Where a visit stands: planned, open from its first score on, closed; or cancelled, and then in no list."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


SheetState = Literal["draft", "signed"]

HALF_NAMES = {Half.MORNING: "上午", Half.AFTERNOON: "下午"}
VISIT_STATE_NAMES = {
    VisitState.PLANNED: "已安排",
    VisitState.OPEN: "评估中",
    VisitState.CLOSED: "已结束",
    VisitState.CANCELLED: "已取消",
}

# A group ("1") or an indicator ("1.1") of the rubric.
Part = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?(\.[1-9][0-9]?)?$")]
Assignments = Annotated[
    dict[Id, Annotated[list[Part], Field(max_length=100)]],
    Field(
        max_length=MOST_TEAM,
        json_schema_extra={"additionalProperties": False},
        description="by inspector the groups and indicators that they must score; empty: all score all",
    ),
]


class MemberIn(Model):
    """A place in a team."""

    inspector_id: Id
    lead: bool = False


Team = Annotated[list[MemberIn], Field(min_length=1, max_length=MOST_TEAM)]


class NewVisit(Model):
    """A visit to plan."""

    submission_id: Id
    date: Day
    half: FromJson[Half]
    team: Team
    assignments: Assignments = Field(default_factory=dict)


class VisitPlanIn(Model):
    """Visits to plan together: all of them, or none."""

    visits: Annotated[list[NewVisit], Field(min_length=1, max_length=MOST_VISITS)]


class VisitChange(Model):
    """What to change of a visit; what is left out stays. `version` is the one that the change builds on."""

    version: int
    date: Day | None = None
    half: FromJson[Half] | None = None
    team: Team | None = None
    assignments: Assignments | None = None


class CancelBody(Model):
    """Why a visit doesn't take place."""

    reason: Reason


class VisitsQuery(PageQuery):
    """Which visits: of a day, of a district, in a state, or all that one may see."""

    date: Day | None = None
    district: DistrictId | None = None
    state: FromJson[VisitState] | None = None


class VisitImportReport(Model):
    """What an import of visits did, or, of a dry run, would do. With any problem, nothing is planned."""

    dry_run: bool
    planned: int
    rows: list[ImportedRow]
    problems: list[ImportProblem]
    notes: list[str]


class MemberView(Model):
    """A place in a team; schools see names alone."""

    inspector_id: Id | None
    name: Line
    lead: bool


class SchoolOfVisit(Model):
    """The school that is visited."""

    id: Id
    name: Line


class OwnSheet(Model):
    """An inspector's own sheet of a visit: where its version is not the phone's, there is something to sync."""

    state: SheetState
    version: int
    signed_at: Instant | None


class VisitView(Model):
    """A visit. Districts don't see the team, and only the team and the city see the assignments and the version.

    `own_sheet` is an inspector's own, in lists and where one visit is read."""

    id: Id
    cycle: str
    submission_id: Id
    school: SchoolOfVisit
    district: str
    date: Day
    half: Half
    state: VisitState
    state_name: str
    version: int | None
    team: list[MemberView] | None
    assignments: dict[Id, list[str]] | None
    opened_at: Instant | None
    closed_at: Instant | None
    own_sheet: OwnSheet | None = None


class VisitsPlanned(Model):
    """The visits that were planned together."""

    visits: list[VisitView]


class SuggestionBody(Model):
    """What a suggested plan is made of; days and inspectors that are left out are all there are."""

    team_size: int = Field(3, ge=1, le=MOST_TEAM)
    days: Annotated[list[Day], Field(min_length=1, max_length=92)] | None = None
    inspectors: Annotated[list[Id], Field(min_length=1, max_length=500)] | None = None


class SuggestedVisit(Model):
    """A visit as it can be planned, with the names beside the ids."""

    submission_id: Id
    school_name: Line
    district: str
    date: Day
    half: Half
    team: list[MemberView]


class LeftOut(Model):
    """A school for which the suggestion has no room or no team."""

    submission_id: Id
    school_name: Line
    district: str


class Suggestion(Model):
    """A plan to start from; nothing is saved."""

    visits: list[SuggestedVisit]
    left_out: list[LeftOut]
