"""The receipt: in one transaction the bytes become a blob, and the record says that they are there.

It writes what is left of the bytes too: for most photos all of them, of which the database knew nothing before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Locked
from backend.models.people import Actor
from backend.models.uploads import Receipt
from backend.services import evidence, visit_photos
from backend.services.admission import HOLDS, Admitted
from backend.store import blobs, gridfs, uploads
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS, ChunkTaken
from backend.store.mongo import Document, Outrun, Session, transact

# Conflicts that no repeat mends: what was uploaded is of no use.
FINAL = ("id_taken", "other_content")
# Rivals for one id or one content: the first of them to commit ends the matter.
_MOST_TRIES = 5


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
    """What has come, all of it: its size in bytes, hash and type. `first` chunks of it are stored already, in this
    session if in this request; `rest` are those that follow."""

    size: int
    sha256: str
    content_type: str
    first: int
    rest: Sequence[bytes]
    session: Session | None


async def admit(deps: Deps, actor: Actor, upload: Mapping[str, Any]) -> Admitted:
    """What the upload adds to; raises what stands against that: `NotFound`, `Conflict`, `Invalid`."""
    admit_to = visit_photos.admit if upload["visit_id"] else evidence.admit
    return await admit_to(deps, actor, upload)


async def give(
    deps: Deps, actor: Actor, upload: Document, token: str | None, content: Content, admitted: Admitted | None
) -> Receipt:
    """Makes what has come the bytes of the upload's record, in one transaction; gives the receipt.

    `token` is that of the upload's lease, None where the database does not know the upload yet. An admission that is
    too old is asked for again.

    The same receipt for a content that the record has already. Raises `Conflict` for another one and where nothing may
    be added (any more); `NotFound`; `Locked` for a lost lease.
    """
    if upload["said"]["sha256"] not in (None, content.sha256):
        raise other_content()
    known = None
    for _ in range(_MOST_TRIES):
        if admitted is None or admitted.at + HOLDS < deps.clock():
            admitted = await admit(deps, actor, upload)
        try:
            return await _store(deps, actor, upload, token, content, admitted, known)
        except Outrun:
            known, admitted = await blobs.find_content(deps.db, upload["school_id"], content.sha256), None
        except _BytesLost:
            raise await without_what_was_lost(deps, upload, token or "") from None
    raise locked()


async def _store(
    deps: Deps,
    actor: Actor,
    upload: Document,
    token: str | None,
    content: Content,
    admitted: Admitted,
    known: Document | None,
) -> Receipt:
    """The transaction. `known` is the school's blob with this content, if there is one."""
    db, upload_id, school_id = deps.db, upload["_id"], upload["school_id"]
    note = visit_photos.store if upload["visit_id"] else evidence.store
    new = blobs.new_blob(upload_id, school_id, content.sha256, content.size, content.content_type, deps.clock())

    async def work(transaction: Session) -> Receipt:
        # The bytes come last: what is in the way of them is found out before they are sent.
        if known is None:
            await blobs.insert(db, transaction, new)
        else:
            # A photo that is used once more may be asked about.
            await blobs.look_again(db, transaction, known["_id"])
        receipt = await note(deps, transaction, actor, upload, admitted, known or new)
        await _end(deps, transaction, upload, token, content, receipt)
        if known is None:
            await _put_bytes(deps, transaction, upload_id, content)
        return receipt

    receipt = await transact(db, work, content.session)
    deps.photo_arrived.set()
    if known is not None and content.first:
        await gridfs.delete_chunks(db, ORIGINALS, upload_id)
    return receipt


async def _end(
    deps: Deps, transaction: Session, upload: Document, token: str | None, content: Content, receipt: Receipt
) -> None:
    """The upload is over. Nobody will ask for one without a length, which had one request."""
    if token is not None:
        if not await uploads.finish(deps.db, transaction, upload["_id"], token, content.size, receipt.model_dump()):
            raise locked()
    elif upload["length"] is not None:
        stored = {**upload, **uploads.stored(content.size, receipt.model_dump())}
        await uploads.insert(deps.db, stored, transaction)


async def _put_bytes(deps: Deps, transaction: Session, upload_id: str, content: Content) -> None:
    if content.rest:
        try:
            await gridfs.insert_chunks(deps.db, ORIGINALS, upload_id, content.first, content.rest, transaction)
        except ChunkTaken:
            raise locked() from None
    if content.first:
        chunks = await gridfs.chunks_from(deps.db, ORIGINALS, upload_id, 0, transaction)
        if chunks != -(-content.size // CHUNK_BYTES):
            raise _BytesLost


class _BytesLost(Exception):
    """A failover took chunks away that the primary alone had."""


async def without_what_was_lost(deps: Deps, upload: Mapping[str, Any], token: str) -> Conflict:
    """Goes back to the first chunk that is missing, from where the client is to go on."""
    upload_id, whole = upload["_id"], await gridfs.first_gap(deps.db, ORIGINALS, upload["_id"])
    await gridfs.delete_chunks(deps.db, ORIGINALS, upload_id, whole)
    await uploads.release(deps.db, upload_id, token, whole * CHUNK_BYTES, b"", None, upload["expires_at"])
    return Conflict("数据库切换时丢失了一部分内容，请查询进度后接着上传", code="bytes_lost")
