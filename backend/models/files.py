"""What has become of the bytes of a record: checked or not, where to see them, what they may be asked about."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.models.applications import ItemCode
from backend.models.base import Day, Id, Instant, Line, Model
from inspection.rules.photo_flags import FlagKind

CheckState = Literal["pending", "checked", "refused"]


class Elsewhere(Model):
    """Another use of a photo: a school's evidence or an inspector's photo, of which school, cycle and item."""

    record: Id
    kind: Literal["evidence", "visit_photo"]
    school_id: Id
    school: Line
    cycle: str
    item: ItemCode | None


class FlagView(Model):
    """Something that a photo may be asked about; a hint, which no grade depends on. `distance` is in metres.

    `elsewhere` has the other uses at schools that the reader may know of, `hidden` counts those at others.
    """

    kind: FlagKind
    name: Line
    distance: int | None
    elsewhere: list[Elsewhere]
    hidden: int


class PlaceView(Model):
    """A place in degrees (WGS 84)."""

    latitude: float
    longitude: float


class SaysView(Model):
    """What a photo says of itself, and where it says nothing, what was said with the upload; pixels as it stands."""

    taken_at: Instant | None
    place: PlaceView | None
    device: str | None
    width: int
    height: int


class FileView(Model):
    """What has become of the bytes. `refusal` says why they were refused, and what to do.

    `small` (320 px) and `large` (2048 px) are addresses of pictures, `document` that of a PDF as a download: for this
    session, for a day or two. `flags` and `says` are for officers, null for all others and until it has been checked.
    """

    check: CheckState
    refusal: str | None
    small: str | None
    large: str | None
    document: str | None
    flags: list[FlagView] | None
    says: SaysView | None


Signature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class FileQuery(Model):
    """The proof that the bearer was shown this address: until when (the beginning of a day, UTC), in which session."""

    expires: Day
    session: Id
    signature: Signature


class InspectorsEvidence(Model):
    """A photo or file that the school attached to an item, as an inspector sees it once they have scored the item."""

    id: Id
    kind: Literal["photo", "file", "scan"]
    name: Line
    file: FileView | None


class ItemEvidence(Model):
    """What the school attached to an item, in its order."""

    item: ItemCode
    evidence: Annotated[list[InspectorsEvidence], Field(max_length=200)]
