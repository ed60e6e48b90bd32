"""From signed sheets to a closed visit: what is agreed, rulings, photos, the countersignature."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from backend.models.applications import ItemCode, PersonName
from backend.models.base import Id, Instant, Line, Model, PointsIn, PointsOut
from backend.models.discrepancies import Values
from backend.models.files import FileView
from backend.models.outcomes import GradeResult
from backend.models.submissions import DetailView, Reason
from backend.models.visits import VisitState
from inspection.rules.discrepancies import Kind, Severity
from inspection.rules.reconciliation import Rule, Source

MOST_SIGNATURE = 64 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"


def _signature(text: str) -> str:
    try:
        image = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("bad_signature", "签名应为 PNG 图片的 Base64 文本") from None
    if not image.startswith(_PNG):
        raise PydanticCustomError("bad_signature", "签名应为 PNG 图片")
    if len(image) > MOST_SIGNATURE:
        raise PydanticCustomError("too_large", "签名图片超过 64 KB，请重新签名")
    return text


Signature = Annotated[
    str,
    AfterValidator(_signature),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}),
]


class SheetScore(Model):
    """What one signed sheet says of an item. `first_points` is what the inspector gave before they saw the school's
    own answer, where they gave something else afterwards."""

    inspector_id: Id
    points: PointsOut | None
    first_points: PointsOut | None
    clauses: dict[str, bool]
    note: str | None


class AgreedClause(Model):
    """The verdict on a clause, null while undecided, and where it comes from."""

    name: str
    verdict: bool | None
    source: Source


class AgreedItem(Model):
    """What is agreed on an item, beside what each says. Points are null while undecided."""

    item: str
    agreed_points: PointsOut | None
    rule: Rule
    clauses: list[AgreedClause]
    sheets: list[SheetScore]
    self_assessment: Values


class Difference(Model):
    """Where the self-assessment and what is agreed part. `delta` is self − agreed."""

    item: str
    kind: Kind
    delta: PointsOut | None
    severity: Severity
    changes_grade: bool


class RulingBody(Model):
    """A decision on an item: points, verdicts, or both."""

    item: ItemCode
    points: PointsIn | None = None
    clauses: dict[str, bool] = Field(default_factory=dict, max_length=10)
    reason: Reason

    @model_validator(mode="after")
    def _check(self) -> "RulingBody":
        if self.points is None and not self.clauses:
            raise PydanticCustomError("empty_ruling", "裁定要写明得分（points）或是否达到要求（clauses），至少一样")
        return self


class RulingView(Model):
    """A ruling that was made. The city's outrank the lead's; among equals the latest stands."""

    id: Id
    item: str
    rank: Literal["lead", "city"]
    points: PointsOut | None
    clauses: dict[str, bool]
    reason: str
    name: Line
    at: Instant


class SheetOwner(Model):
    """Whose sheet it is."""

    inspector_id: Id
    name: Line


class CountersignatureView(Model):
    """The school's representative who countersigned, or the reason why nobody did (拒签)."""

    refused: bool
    name: str | None
    role: str | None
    reason: str | None
    at: Instant


class Reconciliation(Model):
    """The signed sheets of a visit merged. `total` counts what is agreed so far; `decision` is null until all is.

    `missing` is all that closing the visit still needs.
    """

    visit_id: Id
    state: VisitState
    signed: list[SheetOwner]
    unsigned: list[SheetOwner]
    items: list[AgreedItem]
    total: PointsOut
    undecided: list[str]
    differences: list[Difference]
    decision: GradeResult | None
    rulings: list[RulingView]
    countersignature: CountersignatureView | None
    missing: list[DetailView]


class CountersignedBody(Model):
    """The school's representative signs, on the inspector's phone."""

    name: PersonName
    role: PersonName
    signature: Signature


class RefusalBody(Model):
    """The representative doesn't sign (拒签)."""

    refused: Literal[True]
    reason: Reason


CountersignatureBody = CountersignedBody | RefusalBody


class WriteOffBody(Model):
    """A photo that was taken and will never arrive, and why."""

    evidence_id: Id
    reason: Reason


class PhotoBody(Model):
    """A photo taken on a visit, which will be uploaded. With a `sha256` nothing else is taken for it."""

    id: Id
    item: ItemCode
    taken_at: Instant
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class PhotoView(Model):
    """A photo of a visit; `stored_at` and `file` are null until it has been uploaded, `written_off` says why it never
    will be."""

    id: Id
    item: str
    inspector_id: Id
    taken_at: Instant
    received_at: Instant
    sha256: str | None
    stored_at: Instant | None
    written_off: str | None
    file: FileView | None


class VisitClosed(Model):
    """A visit that was closed or opened again."""

    visit_id: Id
    state: VisitState


def plain_detail(detail: Any) -> DetailView:
    """A problem as an answer shows it."""
    return DetailView(path=detail.path, code=detail.code, message=detail.message)
