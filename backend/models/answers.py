"""The school's answers to discrepancies, the window in which it may give them, and how the city settles each."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from backend.models.base import Id, Instant, Line, Model, PointsIn
from backend.models.submissions import Reason

MOST_SUBMISSIONS = 1000

# What WeChat's check of the text left for an officer to look at: it is doubtful, or could not be checked.
AnswerCheck = Literal["review", "unchecked"]
AnswerState = Literal["answered", "upheld", "revised"]
Version = Annotated[int, Field(ge=1, le=2**31)]


class OpenWindow(Model):
    """Until when the school may answer."""

    closes: Instant


class OpenSomeWindows(Model):
    """Until when these schools may answer."""

    submission_ids: list[Id] = Field(min_length=1, max_length=MOST_SUBMISSIONS)
    closes: Instant


class OpenAllWindows(Model):
    """Until when all schools that are scored and have something to answer may do so."""

    all: Literal[True]
    closes: Instant


def _which(data: Any) -> str:
    return "all" if isinstance(data, dict) and "all" in data else "some"


OpenWindows = Annotated[
    Annotated[OpenSomeWindows, Tag("some")] | Annotated[OpenAllWindows, Tag("all")], Discriminator(_which)
]


class WindowView(Model):
    """The window; `round` counts how often it was opened anew."""

    opened_at: Instant
    closes: Instant
    round: int
    open: bool


class NotDone(Model):
    """One of many that was not done: the code of its error, the message, and all the reasons."""

    submission_id: Id
    code: str
    message: str
    reasons: list[str]


class WindowsOpened(Model):
    """Which windows were opened, and which were not."""

    opened: list[Id]
    refused: list[NotDone]


class GiveAnswer(Model):
    """What the school says on an item; `version` is that of its answer as it was read, left out for the first."""

    text: Reason
    evidence: list[Id] = Field(default_factory=list, max_length=20)
    version: Version | None = None


class Uphold(Model):
    """What is agreed stands. `version` is that of the answer as it was read, so that none is settled unread."""

    result: Literal["upheld"]
    reason: Reason
    version: Version | None = None


# A ruling is on points, on clauses, or on both.
SOMETHING: dict[str, Any] = {
    "anyOf": [
        {"required": ["points"], "properties": {"points": {"type": "number"}}},
        {"required": ["clauses"], "properties": {"clauses": {"minProperties": 1}}},
    ]
}


class Revise(Model):
    """The city officer rules otherwise, on points, clauses or both."""

    model_config = ConfigDict(json_schema_extra=SOMETHING)

    result: Literal["revised"]
    points: PointsIn | None = None
    clauses: dict[str, bool] = Field(default_factory=dict, max_length=10)
    reason: Reason
    version: Version | None = None

    @model_validator(mode="after")
    def _check(self) -> "Revise":
        if self.points is None and not self.clauses:
            raise PydanticCustomError("nothing_ruled", "改判须写出分数（points）或要求（clauses）")
        return self


SettleAnswer = Annotated[Uphold | Revise, Field(discriminator="result")]


class AnswerView(Model):
    """The school's answer on an item, and how it was settled."""

    submission_id: Id
    item: str
    text: str
    evidence: list[Id]
    state: AnswerState
    version: int
    answered_at: Instant
    settled_at: Instant | None
    settled_by: Line | None
    reason: str | None
    content_check: AnswerCheck | None = Field(description="for officers only; null: nothing to look at")
