"""Uploads of evidence: resumable by the tus protocol (https://tus.io/protocols/resumable-upload), or as a form."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from pydantic import TypeAdapter, ValidationError
from tornado.httputil import format_timestamp

from backend.errors import (
    ChecksumMismatch,
    Conflict,
    Detail,
    Gone,
    InsufficientStorage,
    Invalid,
    Locked,
    Malformed,
    PreconditionFailed,
    Unsupported,
)
from backend.handlers.base import Handler
from backend.handlers.forms import FormSink, boundary_of
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.evidence import MOST_BYTES
from backend.models.messages import details_of
from backend.models.uploads import AppendHeaders, CreationHeaders, Receipt, TusHeaders, UploadMetadata, UploadView
from backend.services import uploads
from backend.services.receiving import Receiver

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
_BYTES = "application/offset+octet-stream"
# Beside the file there are a few short fields.
_MOST_FORM = MOST_BYTES + 64 * 1024
_METADATA: TypeAdapter[UploadMetadata] = TypeAdapter(UploadMetadata)
_REFUSALS = (Conflict, Unsupported, InsufficientStorage)


class TusHandler(Handler):
    """What all requests of the protocol have in common."""

    def initialize(self, route: str = "") -> None:
        """WeChat's `wx.request` has no PATCH: such clients send POST, and here what they mean."""
        meant = self.request.headers.get("X-HTTP-Method-Override", "").upper()
        if self.request.method == "POST" and meant in ("PATCH", "DELETE", "HEAD"):
            self.request.method = meant
        super().initialize(route)

    def set_default_headers(self) -> None:
        """Every answer says which version is spoken."""
        super().set_default_headers()
        self.set_header("Tus-Resumable", VERSION)

    async def admit(self) -> None:
        """Refuses other versions, before anything else is looked at."""
        spoken = self.request.headers.get("Tus-Resumable")
        if self.request.method not in ("GET", "OPTIONS") and spoken != VERSION:
            raise PreconditionFailed(
                f"上传协议的版本（Tus-Resumable）应为 {VERSION}，请升级应用", headers={"Tus-Version": VERSION}
            )
        await super().admit()

    async def options(self, *args: str, **kwargs: str) -> None:
        """What of the protocol is spoken."""
        await super().options(*args, **kwargs)
        self.set_header("Tus-Version", VERSION)
        self.set_header("Tus-Extension", EXTENSIONS)
        self.set_header("Tus-Max-Size", str(MOST_BYTES))
        self.set_header("Tus-Checksum-Algorithm", "sha1,sha256")

    def tell(self, offset: int, expires_at: datetime | None) -> None:
        """Says how far the upload has come, and until when it can be gone on with."""
        self.set_header("Upload-Offset", str(offset))
        if expires_at is not None:
            self.set_header("Upload-Expires", format_timestamp(expires_at))

    def tell_receipt(self, receipt: Receipt | None) -> None:
        """Says the hash of what is stored (RFC 9530)."""
        if receipt is not None:
            digest = base64.b64encode(bytes.fromhex(receipt.sha256)).decode()
            self.set_header("Repr-Digest", f"sha-256=:{digest}:")


class Uploads(TusHandler):
    """/api/uploads"""

    async def open_sink(self) -> Receiver:
        """The first bytes come along with the creation."""
        head: CreationHeaders = self.headers
        said = read_metadata(head.metadata)
        return await uploads.receive_new(self.deps, self.actor, said, head.length, head.metadata, head.checksum)

    @operation(
        "upload.create",
        headers=CreationHeaders,
        body=Media((_BYTES,), limit=MOST_BYTES, streamed=True, optional=True),
        answer=UploadView,
        status=201,
        errors=(*_REFUSALS, PreconditionFailed, ChecksumMismatch, Locked),
    )
    async def post(self) -> UploadView:
        """Begin an upload, with its first bytes or without; Location says where it goes on."""
        head: CreationHeaders = self.headers
        if self.sink is None:
            said = read_metadata(head.metadata)
            view = await uploads.create(self.deps, self.actor, said, head.length, head.metadata)
        else:
            view = await cast(Receiver, self.sink).finish()
        self.set_header("Location", f"/api/uploads/{view.id}")
        self.tell(view.offset, view.expires_at)
        self.tell_receipt(view.receipt)
        return view


class Upload(TusHandler):
    """/api/uploads/{upload_id}"""

    async def open_sink(self) -> Receiver:
        """More bytes."""
        head: AppendHeaders = self.headers
        upload_id = self.path_kwargs["upload_id"]
        return await uploads.receive_more(self.deps, self.actor, upload_id, head.offset, head.checksum)

    @operation("upload.read", answer=UploadView, errors=(Gone, Conflict, Unsupported, Locked, PreconditionFailed))
    async def get(self, upload_id: str) -> UploadView:
        """How far an upload has come; its receipt, once all of it is stored."""
        view, metadata = await uploads.read(self.deps, self.actor, upload_id)
        self.set_header("Upload-Length", str(view.length))
        self.set_header("Upload-Metadata", metadata)
        self.tell(view.offset, view.expires_at)
        self.tell_receipt(view.receipt)
        return view

    @operation(
        "upload.append",
        headers=AppendHeaders,
        body=Media((_BYTES,), limit=MOST_BYTES, streamed=True),
        errors=(*_REFUSALS, Gone, PreconditionFailed, ChecksumMismatch, Locked),
    )
    async def patch(self, upload_id: str) -> None:
        """Go on with an upload."""
        if self.sink is None:
            self.sink = await self.open_sink()
        view = await cast(Receiver, self.sink).finish()
        self.tell(view.offset, view.expires_at)
        self.tell_receipt(view.receipt)

    @operation("upload.terminate", headers=TusHeaders, errors=(Gone, PreconditionFailed))
    async def delete(self, upload_id: str) -> None:
        """End an upload; what is stored already stays."""
        await uploads.terminate(self.deps, self.actor, upload_id)


class UploadForm(Handler):
    """/api/uploads/form"""

    async def open_sink(self) -> FormSink:
        """The form; its file goes to an upload that this request has all of."""
        # Before a byte is taken.
        await uploads.check_room(self.deps, MOST_BYTES)
        return FormSink(boundary_of(self.request.headers["Content-Type"]), self._begin)

    async def _begin(self, fields: Mapping[str, str], filename: str) -> Receiver:
        data = {**fields, **({} if "name" in fields else {"name": filename[-200:]})}
        try:
            said = _METADATA.validate_strings(data)
        except ValidationError as error:
            raise Invalid("提交的内容有误，请逐条改正", details=details_of(error, data)) from None
        self._receiver = await uploads.receive_new(self.deps, self.actor, said, None, "")
        return self._receiver

    @operation(
        "upload.send_form",
        body=Media(("multipart/form-data",), limit=_MOST_FORM, streamed=True),
        answer=Receipt,
        status=201,
        errors=(*_REFUSALS, Locked),
    )
    async def post(self) -> Receipt:
        """Upload a file in one request, as `wx.uploadFile` does: the metadata as fields, then the file."""
        if self.sink is None:
            raise Malformed("缺少请求内容，请填写后重新发送", code="missing_body")
        cast(FormSink, self.sink).check_whole()
        view = await self._receiver.finish()
        assert view.receipt is not None  # noqa: S101 - an upload without a length ends with its only request
        return view.receipt


def read_metadata(header: str) -> UploadMetadata:
    """The Upload-Metadata header: names, each with a value in Base64. Raises `Malformed`, `Invalid`."""
    data: dict[str, str] = {}
    wrong: list[Detail] = []
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            data[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            wrong.append(Detail("/header/Upload-Metadata", "bad_format", f"“{name[:40]}”的值应为 UTF-8 文字的 Base64"))
    if wrong:
        raise Malformed("请求头 Upload-Metadata 有误，请检查", code="bad_header", details=wrong)
    try:
        return _METADATA.validate_strings(data)
    except ValidationError as error:
        details = details_of(error, data, "/header/Upload-Metadata")
        raise Invalid("对文件的说明（Upload-Metadata）有误，请逐条改正", details=details) from None


ROUTES: tuple[Route, ...] = (
    Route("/api/uploads", Uploads),
    Route("/api/uploads/form", UploadForm),
    Route("/api/uploads/{upload_id}", Upload),
)
