"""Evidence as records: what a photo, file or stamped scan is, before and after its bytes arrive."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.models.applications import ItemCode
from backend.models.base import Id, Instant, Line, Model
from backend.models.files import FileView

MOST_BYTES = 20 * 1024 * 1024

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Kind = Literal["photo", "file", "scan"]
WeChatCheck = Literal["waiting", "pass", "review", "risky"]


class NewEvidence(Model):
    """A photo, a file, or a stamped scan of the form. The client makes the id; `item` is what it was taken for."""

    id: Id
    sha256: Sha256
    kind: Kind
    name: Line
    size: Annotated[int, Field(ge=1, le=MOST_BYTES, description="bytes")]
    item: ItemCode | None = None


class EvidenceView(Model):
    """A record of evidence, the items that it is attached to, and what became of its bytes (`stored_at` and `file` are
    null until they come)."""

    id: Id
    sha256: Sha256
    kind: Kind
    name: Line
    size: int
    item: ItemCode | None
    added_at: Instant
    stored_at: Instant | None
    attached_to: list[ItemCode]
    file: FileView | None
    wechat_check: WeChatCheck | None = Field(description="for officers only; null: WeChat was not asked about it")
