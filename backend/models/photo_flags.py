"""Photos that a person should look into: their flags, and the twins beside them."""

from typing import Literal

from backend.models.applications import ItemCode
from backend.models.base import Id, Instant, Line, Model, Note
from backend.models.files import Elsewhere, FileView, FlagView
from backend.models.paging import PageQuery
from backend.models.submissions import DistrictId, Reason
from inspection.rules.photo_flags import FlagKind


class FlagsQuery(PageQuery):
    """Those that wait to be looked into, or were; of one district, with one kind of flag."""

    state: Literal["open", "settled"] = "open"
    district: DistrictId | None = None
    kind: FlagKind | None = None


class Twin(Elsewhere):
    """Another use of the photo or of one that looks the same, with its picture; null: it was removed."""

    file: FileView | None


class FlagSettled(Model):
    """What came out of looking into it."""

    by: Line
    at: Instant
    note: Note


class FlaggedPhoto(Model):
    """A photo with its flags, what weighs most first, and its twins. `visit_id` is null for a school's evidence."""

    id: Id
    kind: Literal["evidence", "visit_photo"]
    submission_id: Id
    visit_id: Id | None
    school_id: Id
    school_name: Line
    district: str
    district_name: Line
    item: ItemCode | None
    flags: list[FlagView]
    file: FileView | None
    twins: list[Twin]
    settled: FlagSettled | None


class SettleFlag(Model):
    """What came out of looking into a photo; null opens it again."""

    note: Reason | None
