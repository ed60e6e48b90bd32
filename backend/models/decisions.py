"""Decisions: the proposed grades, what the city confirms, and what stands."""

from typing import Annotated, Literal

from pydantic import Field

from backend.models.answers import MOST_SUBMISSIONS, NotDone
from backend.models.base import Id, Instant, Line, Model
from backend.models.outcomes import GradeResult
from backend.models.paging import PageQuery
from backend.models.submissions import DistrictId, Reason
from backend.models.tables import Search, TableFilters

DecisionState = Literal["scored", "decided", "published"]
Version = Annotated[int, Field(ge=1, le=2**31)]


class DecisionsQuery(PageQuery):
    """All that may be or was decided; or what is proposed (scored), confirmed (decided), published; in a district."""

    state: DecisionState | None = None
    district: DistrictId | None = None


class DecisionTableQuery(TableFilters):
    """The same as a table; `awarded` is what the school is granted, or would be: a grade, or none."""

    state: DecisionState | None = None
    district: DistrictId | None = None
    name: Search | None = Field(None, description="a part of the school's name")
    awarded: Annotated[str, Field(pattern=r"^[a-z_]+$", max_length=50)] | None = None
    sort: Literal[
        "name",
        "-name",
        "district",
        "-district",
        "applied",
        "-applied",
        "total",
        "-total",
        "discrepancies",
        "-discrepancies",
    ] = "name"


class DecisionPointer(Model):
    """Which decision stands; its number counts from 1."""

    id: Id
    version: int


class DecisionRow(Model):
    """A submission with its grade as it stands: proposed while it is scored, then confirmed.

    `version` is that of the grade: to confirm just what was seen, send it along. `rubric_sha256` is the rubric that it
    follows from.
    """

    submission_id: Id
    school_id: Id
    school_name: Line
    district: str
    state: DecisionState
    version: int
    grade: GradeResult
    rubric_sha256: str
    discrepancies: int
    decision: DecisionPointer | None


class DecisionTableRow(DecisionRow):
    """A row of the table; `id` is the submission's. Names are Chinese: of a district, of grades, of none."""

    id: Id
    district_name: str
    applied_name: str
    attained_name: str
    awarded_name: str


class DecisionMade(Model):
    """One decision that was made: by whom, when, with which 市教育局意见; a correction says why it was made."""

    id: Id
    version: int
    decided_by: Line
    at: Instant
    opinion: str | None
    correction: str | None


class DecisionView(DecisionRow):
    """A submission's grade, and all decisions on it from the first on; what stands is named by `decision`."""

    made: list[DecisionMade]


class Decide(Model):
    """The submissions to decide as proposed, with the city's opinion (市教育局意见) for their forms.

    `seen` may hold the `version` of each proposed grade as it was read: one that has changed since is refused.
    """

    submission_ids: list[Id] = Field(min_length=1, max_length=MOST_SUBMISSIONS)
    opinion: Reason | None = None
    seen: dict[Id, Version] = Field(default_factory=dict, max_length=MOST_SUBMISSIONS)


class Decided(Model):
    """One that was decided."""

    submission_id: Id
    decision: DecisionPointer
    attained: str | None
    awarded: str | None
    statement: str


class DecisionsConfirmed(Model):
    """Which were decided, and which were not and why. Each stands on its own."""

    decided: list[Decided]
    refused: list[NotDone]


class ExportQuery(Model):
    """Cases as `python -m backend decide` reads them, or the outcomes that it should print; all, or a district's."""

    what: Literal["cases", "outcomes"] = "cases"
    district: DistrictId | None = None
