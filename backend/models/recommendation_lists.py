"""The recommendation list of a district (附件4), and the reviewer of a municipal one."""

from typing import Annotated, Literal

from pydantic import Field

from backend.models.applications import PersonName, Telephone
from backend.models.base import Id, Instant, Line, Model, PointsOut
from backend.models.submissions import DetailView


class ListBody(Model):
    """The list as it shall be: whom to ask, and all endorsed submissions in the district's order."""

    version: Annotated[int, Field(ge=0)]
    contact: PersonName | None
    phone: Telephone | None
    order: Annotated[list[Id], Field(max_length=5000)]


class HandInBody(Model):
    """The version of the list that was looked at and is meant."""

    version: Annotated[int, Field(ge=0)]


class ListRow(Model):
    """A line of 附件4."""

    number: int
    submission_id: Id
    school_name: Line
    contact: str | None
    phone: str | None
    applied: str | None
    applied_name: str | None
    self_points: PointsOut
    highlights: str | None


class HandIn(Model):
    """A list as it was handed in; `sha256` is the hash of what it said."""

    at: Instant
    by_name: str
    sha256: str
    schools: int


class Reopening(Model):
    """The city opened the list again."""

    at: Instant
    by_name: str
    reason: str


class ListView(Model):
    """The list: the frozen one once handed in, else as it would be now, newly endorsed schools at its end.

    `missing` is what stands against handing it in; `closes_at` is when that ends, extensions included; `late`: it
    is over, and the list is still open.
    """

    cycle: str
    district: str
    district_name: str
    version: int
    state: Literal["open", "handed_in"]
    contact: str | None
    phone: str | None
    order: list[Id]
    rows: list[ListRow]
    missing: list[DetailView]
    closes_at: Instant
    late: bool
    handed_in_at: Instant | None
    hand_ins: list[HandIn]
    reopenings: list[Reopening]


class ReviewerBody(Model):
    """The city officer who reviews the municipal district's schools."""

    person_id: Id


class ReviewerView(Model):
    """Who reviews the municipal district's schools; null while nobody was named."""

    district: str
    person_id: Id | None
    name: str | None
