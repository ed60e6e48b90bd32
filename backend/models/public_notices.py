"""Public notices (公示) of the schools that are to be awarded, and the objections to them."""

from typing import Literal

from pydantic import ConfigDict, Field

from backend.models.base import Day, Id, Instant, Line, Model
from backend.models.submissions import Reason


class OpenNotice(Model):
    """Until the end of which day (Asia/Shanghai) the notice runs, and its words."""

    until: Day
    text: Reason


class AwardedSchool(Model):
    """A school with the grade that it is to be, or was, awarded; `grade` is its Chinese name."""

    school: Line
    district: Line
    awarded: str
    grade: str


class NoticeSummary(Model):
    """A public notice; `ends_at` is the midnight at which it is over. `schools` counts those on its list."""

    id: Id
    until: Day
    ends_at: Instant
    over: bool
    text: str
    opened_at: Instant
    schools: int


class NoticeView(NoticeSummary):
    """A public notice with its list."""

    awarded: list[AwardedSchool]


class RecordObjection(Model):
    """What somebody objects to about a school; `from` is who it came from, seen by city officers only."""

    school_id: Id
    text: Reason
    from_: Line = Field(alias="from", repr=False)


class SettleObjection(Model):
    """Whether the objection is right; if so, the city goes on to reopen the decision."""

    result: Literal["sustained", "dismissed"]
    reason: Reason


class ObjectionView(Model):
    """An objection, and how it was settled."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: Id
    notice_id: Id
    school_id: Id
    school_name: Line
    text: str
    from_: Line = Field(serialization_alias="from")
    state: Literal["open", "sustained", "dismissed"]
    recorded_at: Instant
    recorded_by: Line
    settled_at: Instant | None
    settled_by: Line | None
    reason: str | None
