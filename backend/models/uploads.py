"""Uploads: what a client says of a file before it sends it, and the receipt for what has come."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.models.applications import ItemCode
from backend.models.base import FromJson, Id, Instant, Line, Model
from backend.models.evidence import Kind, Sha256

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
Device = Annotated[Line, StringConstraints(max_length=100)]


def _degrees(value: Any) -> Any:
    if isinstance(value, str) and _DEGREES.fullmatch(value):
        return float(value)
    raise PydanticCustomError("bad_format", "应为十进制度数，如 32.4578")


Degrees = Annotated[float, BeforeValidator(_degrees)]


class UploadMetadata(Model):
    """What a file is, all of it as text: the client makes `evidence_id`; `submission_id` is a school's submission,
    `visit_id` an inspector's visit. `taken_at`, place (degrees, WGS 84) and `device` are the camera's."""

    evidence_id: Id
    submission_id: Id | None = None
    visit_id: Id | None = None
    item: ItemCode | None = None
    kind: Kind = "photo"
    name: Line | None = None
    sha256: Sha256 | None = None
    taken_at: Instant | None = None
    latitude: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    device: Device | None = None

    @model_validator(mode="after")
    def _check(self) -> "UploadMetadata":
        if (self.submission_id is None) == (self.visit_id is None):
            raise PydanticCustomError("one_owner", "submission_id 和 visit_id 应给出一个，也只能给出一个")
        if self.visit_id is not None and (self.item is None or self.taken_at is None or self.kind != "photo"):
            raise PydanticCustomError("incomplete", "现场照片须给出 item 和 taken_at，kind 只能是 photo")
        if self.submission_id is not None and self.name is None:
            raise PydanticCustomError("incomplete", "学校的材料须给出文件名 name")
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("incomplete", "latitude 和 longitude 应同时给出")
        return self


class Receipt(Model):
    """All bytes are stored, durably, and this is their hash. The same for every repeat."""

    evidence_id: Id
    sha256: Sha256
    size: int
    stored_at: Instant


class UploadView(Model):
    """An upload of the actor's: how many bytes have come; the receipt, once all have."""

    id: Id
    evidence_id: Id
    offset: int
    length: int
    state: Literal["receiving", "stored"]
    expires_at: Instant
    receipt: Receipt | None


_TEXT = ConfigDict(strict=True, extra="ignore", frozen=True, populate_by_name=True)
Count = Annotated[int, FromJson[int]]
Resumable = Annotated[Literal["1.0.0"], Field(alias="Tus-Resumable")]
# RFC 4648 base64, behind the name of an algorithm.
Checksum = Annotated[
    str | None,
    StringConstraints(pattern=r"^(sha1 [A-Za-z0-9+/]{27}|sha256 [A-Za-z0-9+/]{43})=$"),
    Field(alias="Upload-Checksum"),
]


class TusHeaders(Model):
    """What every request of the tus protocol carries."""

    model_config = _TEXT

    resumable: Resumable


class CreationHeaders(TusHeaders):
    """Of a request that begins an upload."""

    length: Annotated[int, Field(alias="Upload-Length", ge=1)]
    metadata: Annotated[str, StringConstraints(max_length=8000), Field(alias="Upload-Metadata")]
    checksum: Checksum = None


class AppendHeaders(TusHeaders):
    """Of a request that goes on with one."""

    offset: Annotated[int, Field(alias="Upload-Offset", ge=0)]
    checksum: Checksum = None
