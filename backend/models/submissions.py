"""Submissions in lists and whole, and the words of their transitions."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from backend.models.applications import ApplicationView, ItemCode, StageName
from backend.models.base import SAID, FromJson, Id, Instant, Line, Model, Note, PointsOut
from backend.models.drafts import FieldConflict
from backend.models.paging import PageQuery
from inspection.rules.workflow import State

Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=SAID)]

DistrictId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class SubmissionsQuery(PageQuery):
    """Which submissions: those of a state, of a district, or all that one may see."""

    state: FromJson[State] | None = None
    district: DistrictId | None = None


class DetailView(Model):
    """One thing that is missing or stands against an action: where in the submission, a code, what to do."""

    path: str
    code: str
    message: str


class SchoolOfSubmission(Model):
    """The school that the submission is of."""

    id: Id
    name: Line
    stages: list[StageName]


class SubmissionSummary(Model):
    """A submission as a list shows it; `self_points` is the total of the self-assessment so far."""

    id: Id
    cycle: str
    school: SchoolOfSubmission
    district: str
    state: State
    state_name: str
    version: int
    applied: str | None
    self_points: PointsOut
    answered: int = Field(description="items that have points")
    submitted_at: Instant | None


class ItemAnswer(Model):
    """What the school says of an item (附件3)."""

    points: PointsOut | None
    clauses: dict[str, bool]
    note: str | None
    evidence: list[Id]


class Sums(Model):
    """The derived sums of the self-assessment: in all, by group ("1") and by indicator ("1.1")."""

    total: PointsOut
    groups: dict[str, PointsOut]
    indicators: dict[str, PointsOut]


class ActionView(Model):
    """What the reader could do with the submission; where it may not be now, every reason why."""

    name: str
    possible: bool
    reasons: list[DetailView]


class StepView(Model):
    """Something that happened: submitted, returned, endorsed, declined, …; `remarks` are the district's, by item."""

    event: str
    round: int
    at: Instant
    by_role: str
    by_name: str | None = Field(description="for officers only")
    reason: str | None
    opinion: str | None
    remarks: dict[str, str]


class ContentCheckView(Model):
    """WeChat's check of the texts, when they were submitted: fields to be looked at, and fields that WeChat did not
    check. What it found risky was not submitted."""

    at: Instant
    review: list[str]
    unchecked: list[str]


class SubmissionView(Model):
    """A submission whole. `versions` has the version of every field written so far; all others are at 0.

    `rubric_sha256` is the rubric that it is assessed by: a published one keeps that which it was published by.
    """

    id: Id
    cycle: str
    rubric_sha256: str
    school: SchoolOfSubmission
    district: str
    state: State
    state_name: str
    version: int
    application: ApplicationView
    items: dict[str, ItemAnswer]
    indicator_notes: dict[str, str]
    scans: list[Id]
    versions: dict[str, int]
    conflicts: list[FieldConflict]
    sums: Sums
    missing: list[DetailView]
    actions: list[ActionView]
    history: list[StepView]
    content_check: ContentCheckView | None = Field(description="for officers only; null: no check was made")
    created_at: Instant
    submitted_at: Instant | None


class StateChanged(Model):
    """Where the submission stands after a transition."""

    id: Id
    state: State
    state_name: str
    version: int


class ReasonBody(Model):
    """Why."""

    reason: Reason


# A round keeps the remarks on all items: they are short.
Remark = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=SAID)]
# By item code; additional keys have no pattern to match, which pydantic's schema doesn't say.
ONLY_ITEMS: JsonDict = {"additionalProperties": False}


_RETURN_EXAMPLE: JsonDict = {"reason": "佐证不全，请补充后重新提交", "remarks": {"1.1.1": "缺网络拓扑图"}}


class ReturnBody(Model):
    """Why it is returned, and what to mend item by item; these remarks are added to those of the review."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RETURN_EXAMPLE]})

    reason: Reason
    remarks: Annotated[dict[ItemCode, Remark], Field(max_length=200, json_schema_extra=ONLY_ITEMS)] = Field(
        default_factory=dict
    )


class EndorseBody(Model):
    """The district's opinion (市（区）教育局意见) for the form; left out where the review has it already."""

    opinion: Note | None = None
