"""The receipt: in one transaction the bytes become a blob, and the record says that they are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Locked
from backend.models.people import Actor
from backend.models.uploads import Receipt
from backend.services import evidence, visit_photos
from backend.store import blobs, gridfs, uploads
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.mongo import Document, Session, transact

# Conflicts that no repeat mends: what was uploaded is of no use.
FINAL = ("id_taken", "other_content")


def other_content() -> Conflict:
    """The refusal of a content that isn't the one announced, or stored, under this id."""
    return Conflict(
        "收到的内容与登记的不是同一个文件（SHA-256 不同）。请重新上传原文件；如已换了照片，请用新的编号",
        code="other_content",
    )


def locked() -> Locked:
    """The refusal of a second request at work on one upload."""
    return Locked("这个文件正由另一个请求上传，请稍候再试")


@dataclass(frozen=True, slots=True)
class Content:
    """What has come, all of it: its size in bytes, hash and type; and the session that its last chunks were written in,
    if it was in this request."""

    size: int
    sha256: str
    content_type: str
    session: Session | None


async def give(deps: Deps, actor: Actor, upload: Mapping[str, Any], token: str, content: Content) -> Receipt:
    """Makes what the holder of the upload's lease has stored the bytes of its record; gives the receipt.

    The same receipt for a content that the record has already. Raises `Conflict` for another one and where nothing may
    be added (any more); `NotFound`; `Locked` for a lost lease.
    """
    if upload["said"]["sha256"] not in (None, content.sha256):
        raise other_content()
    sha256, size = content.sha256, content.size
    new = blobs.new_blob(upload["_id"], upload["school_id"], sha256, size, content.content_type, deps.clock())

    async def work(transaction: Session) -> tuple[Receipt, bool]:
        await _check_bytes(deps, transaction, new)
        known = await blobs.find_content(deps.db, new["school_id"], sha256, transaction)
        if known is None:
            await blobs.insert(deps.db, transaction, new)
        else:
            # A photo that is used once more may be asked about.
            await blobs.look_again(deps.db, transaction, known["_id"])
        owner = visit_photos if upload["visit_id"] else evidence
        receipt = await owner.store(deps, transaction, actor, upload, known or new)
        if not await uploads.finish(deps.db, transaction, upload["_id"], token, size, receipt.model_dump()):
            raise locked()
        return receipt, known is None

    try:
        receipt, is_new = await transact(deps.db, work, content.session)
    except _BytesLost:
        raise await without_what_was_lost(deps, upload, token) from None
    deps.photo_arrived.set()
    if not is_new:
        await gridfs.delete_chunks(deps.db, ORIGINALS, upload["_id"])
    return receipt


class _BytesLost(Exception):
    """A failover took chunks away that the primary alone had."""


async def _check_bytes(deps: Deps, transaction: Session, blob: Document) -> None:
    chunks = await gridfs.chunks_from(deps.db, ORIGINALS, blob["_id"], 0, transaction)
    if chunks != -(-blob["size"] // CHUNK_BYTES):
        raise _BytesLost


async def without_what_was_lost(deps: Deps, upload: Mapping[str, Any], token: str) -> Conflict:
    """Goes back to the first chunk that is missing, from where the client is to go on."""
    upload_id, whole = upload["_id"], await gridfs.first_gap(deps.db, ORIGINALS, upload["_id"])
    await gridfs.delete_chunks(deps.db, ORIGINALS, upload_id, whole)
    await uploads.release(deps.db, upload_id, token, whole * CHUNK_BYTES, b"", None, upload["expires_at"])
    return Conflict("数据库切换时丢失了一部分内容，请查询进度后接着上传", code="bytes_lost")
