"""Uploads of evidence: begun, gone on with, read, ended. Of each only the person who began it may know."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Gone, InsufficientStorage, NotFound
from backend.gateways import photos
from backend.models.people import Actor
from backend.models.uploads import UploadMetadata, UploadView
from backend.services import receipts
from backend.services.admission import Admitted
from backend.services.receiving import LEASE, Receiver, new_checksum
from backend.store import gridfs, uploads
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.mongo import Document
from backend.store.uploads import Lease


async def create(deps: Deps, actor: Actor, said: UploadMetadata, length: int, metadata: str) -> UploadView:
    """Begins an upload of `length` bytes; `metadata` is what the client sent, to be given back.

    Raises what stands against it: `NotFound`, `Conflict`, `TooLarge`, `InsufficientStorage`.
    """
    upload, _ = await _new(deps, actor, said, length, metadata)
    await uploads.insert(deps.db, upload)
    return view(upload, 0)


async def receive_new(
    deps: Deps, actor: Actor, said: UploadMetadata, length: int | None, metadata: str, checksum: str | None = None
) -> Receiver:
    """Begins an upload whose first (or only) bytes come along; without a `length` this request has all of them.

    Raises what `create` raises. Where the request is cut, nobody knows of the upload, and it ends.
    """
    upload, admitted = await _new(deps, actor, said, length, metadata)
    lease = _new_lease(deps, staged=checksum is not None)
    running = deps.running_hashes.take(upload["_id"], 0)
    assert running is not None  # noqa: S101 - the hash of nothing is always known
    return Receiver(deps, actor, upload, lease, running, checksum=new_checksum(checksum), new=admitted)


async def _new(
    deps: Deps, actor: Actor, said: UploadMetadata, length: int | None, metadata: str
) -> tuple[Document, Admitted]:
    """The upload as a document that is in no database yet, and what it adds to."""
    if length is not None and length > photos.MOST_BYTES:
        raise photos.refusal("too_large")
    upload = _document(deps, actor, said, length, metadata)
    admitted = await receipts.admit(deps, actor, upload)
    await check_room(deps, length or photos.MOST_BYTES)
    return {**upload, "school_id": admitted.owner["school_id"]}, admitted


def _document(deps: Deps, actor: Actor, said: UploadMetadata, length: int | None, metadata: str) -> Document:
    now = deps.clock()
    place = None if said.latitude is None else {"latitude": said.latitude, "longitude": said.longitude}
    told = said.model_dump(include={"item", "kind", "name", "sha256", "taken_at", "device"})
    return {
        "_id": deps.new_id(),
        "person_id": actor.person_id,
        "role": actor.role.value,
        "evidence_id": said.evidence_id,
        "submission_id": said.submission_id,
        "visit_id": said.visit_id,
        "said": {**told, "location": place},
        "metadata": metadata,
        "length": length,
        "offset": 0,
        "tail": None,
        "content_type": None,
        "state": "receiving",
        "receipt": None,
        "lease": None,
        "created_at": now,
        "expires_at": now + timedelta(hours=deps.settings.upload_hours),
    }


async def check_room(deps: Deps, size: int) -> None:
    """Raises `InsufficientStorage` where `size` bytes more would go into the reserve of the database's disk."""
    if await deps.disk.free(deps.db) < deps.settings.disk_reserve + size:
        raise InsufficientStorage(
            "服务器存储空间不足，暂时不能上传。照片请保留在手机上，稍后再试；若持续出现，请告诉系统管理员"
        )


async def receive_more(deps: Deps, actor: Actor, upload_id: str, offset: int, checksum: str | None) -> Receiver:
    """Goes on with an upload at `offset`.

    Raises `NotFound`, `Gone`, `Locked` while another request is at work on it, `Conflict` for another offset than the
    one that it has come to, `InsufficientStorage`.
    """
    upload = await _find(deps, actor, upload_id)
    if upload["state"] == "stored":
        raise wrong_offset(upload["length"])
    await check_room(deps, upload["length"] - offset)
    lease = _new_lease(deps, staged=checksum is not None)
    taken = await uploads.take_lease(deps.db, upload_id, lease, deps.clock())
    if taken is None:
        raise receipts.locked()
    reached, tail = await uploads.recover(deps.db, taken, lease)
    upload = {**taken, "offset": reached, "tail": tail}
    if reached != offset:
        await _give_back(deps, upload, lease)
        raise wrong_offset(reached)
    return await _receiver(deps, actor, upload, lease, checksum)


async def _receiver(deps: Deps, actor: Actor, upload: Document, lease: Lease, checksum: str | None) -> Receiver:
    """Takes the hash up where it stood; reads again what is stored, if another process has it."""
    upload_id, offset = upload["_id"], upload["offset"]
    running, head = deps.running_hashes.take(upload_id, offset), b""
    if running is None or (offset and upload["content_type"] is None):
        running = deps.running_hashes.take(upload_id, 0)
        assert running is not None  # noqa: S101 - the hash of nothing is always known
        found = 0
        # All but the tail are chunks; of an upload that has come to its end the last one is short.
        last = -(-(offset - len(upload["tail"])) // CHUNK_BYTES) - 1
        async for chunk in gridfs.read_chunks(deps.db, ORIGINALS, upload_id, 0, last):
            running.update(chunk)
            found += len(chunk)
            head = head or chunk[: photos.HEAD_BYTES]
        running.update(upload["tail"])
        if found + len(upload["tail"]) != offset:
            raise await receipts.without_what_was_lost(deps, upload, lease.token)
        head = head or upload["tail"][: photos.HEAD_BYTES]
    return Receiver(deps, actor, upload, lease, running, head, new_checksum(checksum))


async def _give_back(deps: Deps, upload: Mapping[str, Any], lease: Lease) -> None:
    tail, known = upload["tail"], upload["content_type"]
    await uploads.release(deps.db, upload["_id"], lease.token, upload["offset"], tail, known, upload["expires_at"])


def wrong_offset(reached: int) -> Conflict:
    """The refusal of bytes that don't go on where those before ended."""
    return Conflict(f"应从第 {reached} 字节接着上传，请查询进度后重试", code="wrong_offset")


async def read(deps: Deps, actor: Actor, upload_id: str) -> tuple[UploadView, str]:
    """How far the upload has come, and the metadata as the client sent it. Raises `NotFound`, `Gone`, and `Locked`
    while a request is at work on it: what that one still writes would make bytes sent on from here come in vain.

    Where all bytes are there, and the process that had them was killed before its receipt, the receipt is given now.
    """
    upload = await _find(deps, actor, upload_id)
    if upload["lease"] is not None and upload["lease"]["until"] > deps.clock():
        raise receipts.locked()
    offset, _ = await uploads.progress(deps.db, upload)
    if upload["state"] == "receiving" and offset == upload["length"]:
        lease = _new_lease(deps)
        taken = await uploads.take_lease(deps.db, upload_id, lease, deps.clock())
        if taken is None:
            raise receipts.locked()
        offset, tail = await uploads.recover(deps.db, taken, lease)
        receiver = await _receiver(deps, actor, {**taken, "offset": offset, "tail": tail}, lease, None)
        await receiver.finish()
        upload = await _find(deps, actor, upload_id)
    return view(upload, offset), upload["metadata"]


async def terminate(deps: Deps, actor: Actor, upload_id: str) -> None:
    """Ends an upload and drops its bytes; of one that is stored only the upload is forgotten. Raises `NotFound`,
    `Gone`."""
    upload = await _find(deps, actor, upload_id)
    if await uploads.end(deps.db, upload["_id"], deps.clock()):
        await gridfs.delete_chunks(deps.db, ORIGINALS, upload_id)
    else:
        await uploads.expire(deps.db, upload_id, deps.clock())


async def _find(deps: Deps, actor: Actor, upload_id: str) -> Document:
    upload = await uploads.find(deps.db, upload_id)
    if upload is None or upload["person_id"] != actor.person_id or upload["role"] != actor.role.value:
        raise NotFound("没有这次上传，请重新开始")
    if upload["state"] == "ended" or upload["length"] is None or upload["expires_at"] <= deps.clock():
        raise Gone("这次上传已过期或已取消，请重新开始", code="upload_over")
    return upload


def _new_lease(deps: Deps, *, staged: bool = False) -> Lease:
    return Lease(deps.new_id(), deps.clock() + LEASE, staged)


def view(upload: Mapping[str, Any], offset: int) -> UploadView:
    """How an answer shows an upload that has come to `offset`."""
    return UploadView(
        id=upload["_id"],
        evidence_id=upload["evidence_id"],
        offset=offset,
        length=upload["length"],
        state=upload["state"],
        expires_at=upload["expires_at"],
        receipt=upload["receipt"],
    )
