"""Changes made on a phone, sent in batches, and the answer to them. What a batch holds many of are typed dicts: they
are checked like models, at a fraction of the time."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, with_config
from typing_extensions import TypedDict

from backend.models.base import Id, Instant, Model

MOST_OPERATIONS = 500

# What a clock of a phone shows. The service reads it later than the rest: one odd time must not lose a whole batch.
PhoneTime = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
    ),
    Field(json_schema_extra={"format": "date-time"}),
]
# An item of the rubric and a field of it are looked up, and refused one by one; here they are only bounded.
Item = Annotated[str, StringConstraints(min_length=1, max_length=16)]
ItemField = Annotated[
    str, StringConstraints(min_length=1, max_length=40), Field(description="points, note, or clauses/<name>")
]
Value: TypeAlias = bool | int | Decimal | str | None
ValueOut: TypeAlias = bool | int | float | str | None


@with_config(ConfigDict(strict=True, extra="forbid"))
class OperationIn(TypedDict):
    """One change: it sets one field of one item. `seq` counts on the device; `saw` is the last operation on this field
    that the device knew of."""

    id: Id
    seq: int
    at: PhoneTime
    item: Item
    field: ItemField
    value: Value
    saw: NotRequired[Id | None]


class OperationBatch(Model):
    """Changes from one device; `device_now` is its clock at the time of sending."""

    device: Id
    device_now: Instant
    operations: Annotated[list[OperationIn], Field(min_length=1, max_length=MOST_OPERATIONS)]


@with_config(ConfigDict(strict=True, extra="forbid"))
class Refused(TypedDict):
    """A change that was not taken in, and why; the phone keeps it aside."""

    id: Id
    code: str
    message: str


@with_config(ConfigDict(strict=True, extra="forbid"))
class Standing(TypedDict):
    """A value of a field: by which operation, when (corrected), from which device."""

    id: Id
    device: Id
    at: datetime
    value: ValueOut


@with_config(ConfigDict(strict=True, extra="forbid"))
class SheetConflict(TypedDict):
    """A field that two devices set without having seen each other: both values wait for a person's choice."""

    item: Item
    field: ItemField
    current: Standing
    others: list[Standing]


@with_config(ConfigDict(strict=True, extra="forbid"))
class SelfAssessed(TypedDict):
    """What the school says of an item."""

    points: int | float | None
    clauses: dict[str, bool]
    note: str | None
    evidence: Annotated[int, Field(description="how many photos and files are attached")]


@with_config(ConfigDict(strict=True, extra="forbid"))
class Synced(TypedDict):
    """What became of a batch. `revealed` holds the school's own answers on those of its items that have been scored.

    `state` is that of the sheet (draft, signed), `phase` that of its visit (planned, open, closed), and `rubric_sha256`
    names the rubric that it is scored by: a phone that has another one reads it anew."""

    server_now: datetime
    state: Literal["draft", "signed"]
    phase: Literal["planned", "open", "closed"]
    rubric_sha256: str
    version: int
    applied: list[Id]
    known: list[Id]
    conflicts: list[SheetConflict]
    refused: list[Refused]
    revealed: dict[str, SelfAssessed]
