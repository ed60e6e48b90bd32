"""Takes the bytes of one request for an upload: hashed and stored as they come, a few chunks in memory at a time."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from contextlib import suppress
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
from backend.store import gridfs, uploads
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS, ChunkTaken
from backend.store.mongo import Document, Session, session_of
from backend.store.uploads import Lease

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

log = structlog.get_logger("uploads")

# Without bytes for so long, another request may go on with the upload.
LEASE = timedelta(seconds=10)
# So much is gathered before it is written, while as much is being written.
_BATCH = 4 * CHUNK_BYTES


@dataclass(slots=True)
class Checksum:
    """What the client says of the body of a request: `running` is the hash of what has come of it."""

    digest: bytes
    running: "Hash"


class Receiver:
    """The bytes of one request, for the holder of the upload's lease; `upload` says how far it has come.

    `write` takes pieces, and makes the client wait while the database is slow. `finish` ends the request, and gives the
    receipt if all bytes are there. `abort` is for a request that was cut or refused: what came of it is kept, unless it
    had a checksum, or (`single`) nobody could go on with it.
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
        single: bool = False,
    ) -> None:
        self._deps, self._actor, self._upload, self._lease = deps, actor, upload, lease
        self._running, self._head, self._checksum, self._single = running, head, checksum, single
        self._start: int = upload["offset"]
        self._offset = self._start
        self._buffer = bytearray(upload["tail"] or b"")
        self._next = self._start // CHUNK_BYTES
        self._content_type: str | None = upload["content_type"]
        self._writing: asyncio.Task[None] | None = None
        # The receipt's transaction must see what is written in it.
        self._session: Session | None = None
        self._turn = asyncio.Lock()
        self._refused = self._over = False

    async def write(self, data: bytes) -> None:
        """Takes a piece. Raises `TooLarge` beyond the length, `Unsupported` for what is no photo, `Locked` for a lost
        lease."""
        async with self._turn:
            if self._over:
                return
            self._check_length(len(data))
            self._offset += len(data)
            self._running.update(data)
            if self._checksum:
                self._checksum.running.update(data)
            self._buffer += data
            self._look_at_head(data)
            if len(self._buffer) >= _BATCH:
                await self._store(last=False)

    def _check_length(self, more: int) -> None:
        length = self._upload["length"]
        if length is None and self._offset + more > photos.MOST_BYTES:
            self._refused = True
            raise photos.refusal("too_large")
        if length is not None and self._offset + more > length:
            raise TooLarge("内容比申报的长度（Upload-Length）长，请检查文件后重新上传", code="longer_than_announced")

    def _look_at_head(self, data: bytes, *, last: bool = False) -> None:
        """Refuses what is no photo as soon as its first bytes are there, not when all have been sent."""
        if self._content_type is not None:
            return
        self._head += data[: photos.HEAD_BYTES - len(self._head)]
        if len(self._head) == photos.HEAD_BYTES or last:
            size = self._upload["length"] or self._offset
            # Schools bring documents and stamped scans; a photo is a photo.
            pdf_allowed = self._upload["said"]["kind"] != "photo"
            try:
                self._content_type = photos.sniff(self._head, size, pdf_allowed=pdf_allowed)
            except AppError:
                self._refused = True
                raise

    async def _store(self, *, last: bool) -> None:
        """Begins to write the whole chunks, and the rest too where it is the last one, when those before are there."""
        whole = len(self._buffer) if last else len(self._buffer) // CHUNK_BYTES * CHUNK_BYTES
        if not whole:
            return
        chunks = [
            bytes(self._buffer[start : min(start + CHUNK_BYTES, whole)]) for start in range(0, whole, CHUNK_BYTES)
        ]
        del self._buffer[:whole]
        await self._written()
        await self._keep_lease()
        self._writing = asyncio.create_task(self._insert(self._next, chunks))
        self._next += len(chunks)

    async def _insert(self, first: int, chunks: Sequence[bytes]) -> None:
        try:
            if self._session is None:
                self._session = await session_of(self._deps.db)
            await gridfs.insert_chunks(self._deps.db, ORIGINALS, self._upload["_id"], first, chunks, self._session)
        except ChunkTaken:
            raise receipts.locked() from None

    async def _written(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

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
                if self._offset < length:
                    return self._view(await self._pause(), None)
                self._look_at_head(b"", last=True)
                await self._store(last=True)
                await self._written()
                assert self._content_type is not None  # noqa: S101 - the head was looked at
                content = receipts.Content(length, self._running.hexdigest(), self._content_type, self._session)
                receipt = await receipts.give(self._deps, self._actor, self._upload, self._lease.token, content)
                self._over = True
                return self._view(self._upload["expires_at"], receipt)
        except BaseException as error:
            self._refused |= isinstance(error, Conflict) and error.code in receipts.FINAL
            await self.abort()
            raise

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
                if self._refused or self._single:
                    await self._end()
                elif self._lease.staged:
                    await self._unstage()
                else:
                    await self._pause()
            except Exception as error:
                log.warning("upload_not_released", cause=type(error).__name__)

    async def _pause(self) -> datetime:
        """Keeps what came, for the next request to go on with; gives until when that may come."""
        await self._store(last=False)
        await self._written()
        self._over = True
        expires_at = self._deps.clock() + timedelta(hours=self._deps.settings.upload_hours)
        upload_id, tail = self._upload["_id"], bytes(self._buffer)
        released = await uploads.release(
            self._deps.db, upload_id, self._lease.token, self._offset, tail, self._content_type, expires_at
        )
        if not released:
            raise receipts.locked()
        self._deps.running_hashes.keep(upload_id, self._offset, self._running)
        return expires_at

    async def _unstage(self) -> None:
        """Takes back what came."""
        await self._settled()
        db, upload = self._deps.db, self._upload
        await gridfs.delete_chunks(db, ORIGINALS, upload["_id"], self._start // CHUNK_BYTES)
        tail, known, expires_at = upload["tail"] or b"", upload["content_type"], upload["expires_at"]
        await uploads.release(db, upload["_id"], self._lease.token, self._start, tail, known, expires_at)

    async def _end(self) -> None:
        """Ends the upload: nobody can go on with it."""
        await self._settled()
        if await uploads.end(self._deps.db, self._upload["_id"], self._deps.clock(), self._lease.token):
            await gridfs.delete_chunks(self._deps.db, ORIGINALS, self._upload["_id"])

    async def _settled(self) -> None:
        with suppress(Exception):
            await self._written()


def new_checksum(header: str | None) -> Checksum | None:
    """The checksum of an Upload-Checksum header, as the model has checked it."""
    if header is None:
        return None
    name, _, encoded = header.partition(" ")
    running: Any = hashlib.new(name, usedforsecurity=False)
    return Checksum(base64.b64decode(encoded), running)
