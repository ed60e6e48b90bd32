"""Publications of the results, their corrections, and one's own result."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from backend.models.answers import SOMETHING
from backend.models.base import Id, Instant, Line, Model, PointsIn
from backend.models.outbox import Deliveries
from backend.models.outcomes import GradeResult
from backend.models.paging import Page
from backend.models.public_notices import AwardedSchool
from backend.models.submissions import Reason

Kind = Literal["publication", "correction"]


class Publish(Model):
    """The title of the publication; the cycle's own, where it is left out."""

    title: Line | None = None


class PublicationSummary(Model):
    """A publication: its number within the cycle, and the SHA-256 of all of it and of its public list.

    A correction says why it was made.
    """

    id: Id
    cycle: str
    version: int
    kind: Kind
    title: Line
    reason: str | None
    published_at: Instant | None
    sha256: str
    public_sha256: str
    schools: int = Field(description="awarded schools")


class PublicationView(PublicationSummary):
    """A publication with its public list: the awarded schools. The city officer who reads it sees whom it reached."""

    awarded: list[AwardedSchool]
    deliveries: Deliveries | None = None


class PreviewedMessage(Model):
    """A message that a publication would send: to whom, in which words; by WeChat too where they are bound."""

    event: str
    person_id: Id
    person_name: Line
    role: Literal["school", "district"]
    wechat: bool
    title: Line
    text: str


class PreviewedEntry(Model):
    """What a publication would say of a school; `statement` is what the school reads, `public` whether everybody does.

    A school without a contact is told nothing: `messages` is empty.
    """

    submission_id: Id
    school_id: Id
    school: Line
    district: str
    district_name: Line
    grade: GradeResult
    public: bool
    messages: list[PreviewedMessage]


class AwardCount(Model):
    """So many schools would be granted the grade; null: 未达标."""

    grade: str | None
    grade_title: Line
    count: int


class PreviewSummary(Model):
    """What a publication would come to. `obstacles` say why it can't be made yet; `without_contact` counts the schools
    that nobody could be told for; `before` those of the publication before, which the next one holds too."""

    title: Line
    obstacles: list[str]
    schools: int
    awards: list[AwardCount]
    without_contact: int
    before: int


class PublicationPreview(Page[PreviewedEntry]):
    """A page of what would be published now, by the schools' names; the first one with the `summary`."""

    summary: PreviewSummary | None


class EntryView(Model):
    """A school's result as published; `content` is what is hashed, canonical JSON."""

    submission_id: Id
    school_id: Id
    district: str
    awarded: str | None
    content: str


class Verified(Model):
    """Whether what is stored still is what was published: the hashes then, and those of what is there now."""

    intact: bool
    sha256: str
    found_sha256: str
    public_sha256: str
    found_public_sha256: str


class PublicPublication(Model):
    """The newest publication for everybody. `public_sha256` is the SHA-256 of this as canonical JSON:

    {"cycle", "kind", "reason", "schools", "title", "version"}, keys sorted, no white space, UTF-8.
    """

    cycle: str
    version: int
    kind: Kind
    title: Line
    reason: str | None
    published_at: Instant
    public_sha256: str
    sha256: str
    schools: list[AwardedSchool]


class ResultView(Model):
    """A school's published result, with what stands between it and the next grades."""

    publication_id: Id
    version: int
    published_at: Instant
    school_id: Id
    school: Line
    district: str
    grade: GradeResult


class CorrectedItem(Model):
    """A ruling of the city officer on an item of a published school."""

    model_config = ConfigDict(json_schema_extra=SOMETHING)

    item: str = Field(pattern=r"^[1-9][0-9]?\.[1-9][0-9]?\.[1-9][0-9]?$")
    points: PointsIn | None = None
    clauses: dict[str, bool] = Field(default_factory=dict, max_length=10)

    @model_validator(mode="after")
    def _check(self) -> "CorrectedItem":
        if self.points is None and not self.clauses:
            raise PydanticCustomError("nothing_ruled", "更正须写出分数（points）或要求（clauses）")
        return self


class Correct(Model):
    """What is ruled otherwise on a published school, and why; the reason is published."""

    submission_id: Id
    reason: Reason
    rulings: list[CorrectedItem] = Field(min_length=1, max_length=200)
