"""Takes the bytes of one request for an upload: hashed and stored as they come, a few chunks in memory at a time."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from backend.deps import Deps
from backend.errors import AppError, ChecksumMismatch, Conflict, TooLarge
from backend.gateways import photos
from backend.models.people import Actor
from backend.models.uploads import Receipt, UploadView
from backend.services import receipts
from backend.services.admission import Admitted
from backend.store import gridfs, uploads
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS, ChunkTaken
from backend.store.mongo import Document, Session, session_of
from backend.store.uploads import Lease

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

log = structlog.get_logger("uploads")

# Without bytes for so long, another request may go on with the upload.
LEASE = timedelta(seconds=5)
# A file of up to so many chunks is gathered whole, and written by the receipt's transaction: most photos are. Of a
# larger one fewer are gathered before they are written.
_MOST_WHOLE, _BATCH = 8, 4
# Whoever sends slowly loses no more than what came since, if the process is killed.
_KEPT_EVERY = timedelta(seconds=2)


@dataclass(slots=True)
class Checksum:
    """What the client says of the body of a request: `running` is the hash of what has come of it."""

    digest: bytes
    running: "Hash"


class Receiver:
    """The bytes of one request, for the holder of the upload's lease; `upload` says how far it has come.

    `write` takes pieces, and makes the client wait while the database is slow. `finish` ends the request, and gives the
    receipt if all bytes are there. `abort` is for a request that was cut or refused: what came of it is kept, unless it
    had a checksum, or nobody could go on with it because the upload is `new`.

    The database is told of a new one when its first chunks are written, or when it is not over with this request.
    """

    def __init__(
        self,
        deps: Deps,
        actor: Actor,
        upload: Document,
        lease: Lease,
        running: "Hash",
        head: bytes = b"",
        checksum: Checksum | None = None,
        *,
        new: Admitted | None = None,
    ) -> None:
        self._deps, self._actor, self._upload, self._lease = deps, actor, upload, lease
        self._running, self._head, self._checksum, self._admitted = running, head, checksum, new
        self._is_new, self._is_known = new is not None, new is None
        self._start: int = upload["offset"]
        self._offset = self._start
        # Whole chunks that wait to be written, the first of them number `next`; and the beginning of one more.
        self._chunks: list[bytes] = []
        self._tail = bytearray(upload["tail"] or b"")
        # So much of the tail is in the hash.
        self._hashed = len(self._tail)
        self._next = -(-(self._start - len(self._tail)) // CHUNK_BYTES)
        self._content_type: str | None = upload["content_type"]
        self._most = _MOST_WHOLE if (upload["length"] or 0) <= _MOST_WHOLE * CHUNK_BYTES else _BATCH
        self._kept_at = deps.clock()
        # The receipt's transaction must see what is written in it.
        self._session: Session | None = None
        self._turn = asyncio.Lock()
        self._refused = self._failed = self._over = False

    async def write(self, data: bytes) -> None:
        """Takes a piece. Raises `TooLarge` beyond the length, `Unsupported` for what is no photo, `Locked` for a lost
        lease."""
        async with self._turn:
            if self._over:
                return
            self._check_length(len(data))
            self._offset += len(data)
            if self._checksum:
                self._checksum.running.update(data)
            self._head += data[: photos.HEAD_BYTES - len(self._head)]
            # What a checksum is yet to be held against may have been altered on its way.
            if self._checksum is None:
                self._look_at_head()
            self._tail += data
            while len(self._tail) >= CHUNK_BYTES:
                self._hash(CHUNK_BYTES)
                self._chunks.append(bytes(memoryview(self._tail)[:CHUNK_BYTES]))
                del self._tail[:CHUNK_BYTES]
                self._hashed = 0
            if len(self._chunks) >= self._most or self._is_overdue():
                await self._store()

    def _hash(self, to: int) -> None:
        """Takes the tail up to there into the hash: by large pieces, for each lets go of the interpreter's lock."""
        with memoryview(self._tail) as tail:
            self._running.update(tail[self._hashed : to])
        self._hashed = to

    def _is_overdue(self) -> bool:
        return not self._is_new and self._kept_at + _KEPT_EVERY < self._deps.clock()

    def _check_length(self, more: int) -> None:
        length = self._upload["length"]
        if length is None and self._offset + more > photos.MOST_BYTES:
            self._refused = True
            raise photos.refusal("too_large")
        if length is not None and self._offset + more > length:
            raise TooLarge("内容比申报的长度（Upload-Length）长，请检查文件后重新上传", code="longer_than_announced")

    def _look_at_head(self, *, last: bool = False) -> None:
        """Refuses what is no photo as soon as its first bytes are there, not when all have been sent."""
        if self._content_type is not None:
            return
        if len(self._head) == photos.HEAD_BYTES or last:
            size = self._upload["length"] or self._offset
            # Schools bring documents and stamped scans; a photo is a photo.
            pdf_allowed = self._upload["said"]["kind"] != "photo"
            try:
                self._content_type = photos.sniff(self._head, size, pdf_allowed=pdf_allowed)
            except AppError:
                self._refused = True
                raise

    async def _store(self) -> None:
        """Writes the whole chunks."""
        if not self._chunks:
            return
        self._failed = True
        await self._make_known()
        await self._keep_lease()
        try:
            # Each holds its bytes twice.
            async with self._deps.writing:
                if self._session is None:
                    self._session = await session_of(self._deps.db)
                first, upload_id = self._next, self._upload["_id"]
                await gridfs.insert_chunks(self._deps.db, ORIGINALS, upload_id, first, self._chunks, self._session)
        except ChunkTaken:
            raise receipts.locked() from None
        self._failed = False
        self._next += len(self._chunks)
        self._chunks.clear()
        self._kept_at = self._deps.clock()

    async def _make_known(self) -> None:
        if not self._is_known:
            self._lease = replace(self._lease, until=self._deps.clock() + LEASE)
            await uploads.insert(self._deps.db, {**self._upload, "lease": self._lease.to_document()})
            self._is_known = True

    async def _keep_lease(self) -> None:
        now = self._deps.clock()
        if now < self._lease.until - LEASE / 2:
            return
        self._lease = replace(self._lease, until=now + LEASE)
        if not await uploads.renew_lease(self._deps.db, self._upload["_id"], self._lease):
            raise receipts.locked()

    async def finish(self) -> UploadView:
        """Stores what is left. Gives how far the upload has come, with the receipt where all bytes are there.

        Raises `ChecksumMismatch`, `Conflict` for a content that isn't the one announced, and what `write` raises.
        """
        try:
            async with self._turn:
                self._check_checksum()
                length = self._upload["length"] or self._offset
                self._look_at_head(last=self._offset == length)
                if self._offset < length:
                    return self._view(await self._pause(), None)
                receipt = await receipts.give(
                    self._deps,
                    self._actor,
                    self._upload,
                    self._lease.token if self._is_known else None,
                    self._content(length),
                    self._admitted,
                )
                self._over = True
                return self._view(self._upload["expires_at"], receipt)
        except BaseException as error:
            self._refused |= isinstance(error, Conflict) and error.code in receipts.FINAL
            await self.abort()
            raise

    def _content(self, length: int) -> receipts.Content:
        assert self._content_type is not None  # noqa: S101 - the head was looked at
        self._hash(len(self._tail))
        rest = [*self._chunks, bytes(self._tail)] if self._tail else self._chunks
        return receipts.Content(length, self._running.hexdigest(), self._content_type, self._next, rest, self._session)

    def _view(self, expires_at: datetime, receipt: Receipt | None) -> UploadView:
        return UploadView(
            id=self._upload["_id"],
            evidence_id=self._upload["evidence_id"],
            offset=self._offset,
            length=self._upload["length"] or self._offset,
            state="stored" if receipt else "receiving",
            expires_at=expires_at,
            receipt=receipt,
        )

    def _check_checksum(self) -> None:
        if self._checksum and self._checksum.running.digest() != self._checksum.digest:
            raise ChecksumMismatch("收到的内容与校验值（Upload-Checksum）不符，请重新发送这一段")

    async def abort(self) -> None:
        """Ends the request without an answer to give; done once. What can't be done now is made good when the lease has
        lapsed."""
        async with self._turn:
            if self._over:
                return
            self._over = True
            try:
                if self._refused or self._is_new:
                    await self._end()
                elif self._lease.staged:
                    await self._unstage()
                elif not self._failed:
                    await self._pause()
            except Exception as error:
                log.warning("upload_not_released", cause=type(error).__name__)

    async def _pause(self) -> datetime:
        """Keeps what came, for the next request to go on with; gives until when that may come."""
        await self._store()
        await self._make_known()
        self._over = True
        expires_at = self._deps.clock() + timedelta(hours=self._deps.settings.upload_hours)
        upload_id, tail = self._upload["_id"], bytes(self._tail)
        released = await uploads.release(
            self._deps.db, upload_id, self._lease.token, self._offset, tail, self._content_type, expires_at
        )
        if not released:
            raise receipts.locked()
        self._hash(len(self._tail))
        self._deps.running_hashes.keep(upload_id, self._offset, self._running)
        return expires_at

    async def _unstage(self) -> None:
        """Takes back what came."""
        db, upload = self._deps.db, self._upload
        await gridfs.delete_chunks(db, ORIGINALS, upload["_id"], self._start // CHUNK_BYTES)
        tail, known, expires_at = upload["tail"] or b"", upload["content_type"], upload["expires_at"]
        await uploads.release(db, upload["_id"], self._lease.token, self._start, tail, known, expires_at)

    async def _end(self) -> None:
        """Ends the upload: nobody can go on with it."""
        if not self._is_known:
            return
        if await uploads.end(self._deps.db, self._upload["_id"], self._deps.clock(), self._lease.token):
            await gridfs.delete_chunks(self._deps.db, ORIGINALS, self._upload["_id"])


def new_checksum(header: str | None) -> Checksum | None:
    """The checksum of an Upload-Checksum header, as the model has checked it."""
    if header is None:
        return None
    name, _, encoded = header.partition(" ")
    running: Any = hashlib.new(name, usedforsecurity=False)
    return Checksum(base64.b64decode(encoded), running)
