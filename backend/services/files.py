"""What answers say of the bytes of records, with addresses to see them; and what such an address leads to.

An address is signed for one session, and good until the beginning of a day, so that it stays the same for a day and a
browser need not fetch a picture twice. Only answers that show a record hold its addresses: whoever may see the record
has them.
"""

import base64
import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from backend.deps import Deps
from backend.errors import Forbidden, NotFound
from backend.gateways.photos import PDF, REFUSALS
from backend.models.files import Elsewhere, FileQuery, FileView, FlagView, PlaceView, SaysView
from backend.models.people import Actor, Role
from backend.services.photo_flags import taken
from backend.services.sessions import has_ended
from backend.store import blobs, photo_records, sessions
from backend.store.photo_records import Kind, PhotoRecord
from inspection.rules.photo_flags import FLAG_NAMES

Part = Literal["320", "2048", "document"]
_JPEG, _WEBP = "image/jpeg", "image/webp"
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    _JPEG: ("jpg", "jpeg"),
    "image/png": ("png",),
    _WEBP: ("webp",),
    "image/heic": ("heic", "heif"),
    PDF: ("pdf",),
}
_OFFICERS = (Role.DISTRICT, Role.CITY)
# In addresses, words are set apart by hyphens.
_KINDS: Mapping[str, Kind] = {"evidence": "evidence", "visit-photo": "visit_photo"}
_WORDS = {kind: word for word, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Download:
    """Bytes to send: `read(start, stop)` gives them, `etag` (without quotes) names them for ever, `max_age` is in
    seconds (None: not to be kept by anybody); `name` is the file's in a download, None for what is shown in place."""

    content_type: str
    size: int
    etag: str
    name: str | None
    max_age: int | None
    read: Callable[[int, int], AsyncIterator[bytes]]


async def views(deps: Deps, actor: Actor, records: Iterable[PhotoRecord]) -> dict[str, FileView]:
    """What the actor, who may see these records, is shown of their bytes, by record; nothing of those without any."""
    stored = [record for record in records if record.document.get("blob_id")]
    if not stored:
        return {}
    known = await blobs.find_many(deps.db, {record.document["blob_id"] for record in stored})
    signer = _Signer(await deps.picture_key.read(deps.db), actor.session_id, _good_until(deps.clock()))
    return {record.id: _view(actor, record, known[record.document["blob_id"]], signer) for record in stored}


async def pictures(deps: Deps, records: Iterable[PhotoRecord], sessions: Mapping[str, str]) -> dict[str, str]:
    """The addresses of the large pictures that there are of the records, by record, each for the session that it has in
    `sessions`."""
    stored = [record for record in records if record.document.get("blob_id")]
    known = await blobs.find_many(deps.db, {record.document["blob_id"] for record in stored})
    key, until = await deps.picture_key.read(deps.db), _good_until(deps.clock())
    return {
        record.id: _Signer(key, sessions[record.id], until).address(record, "2048")
        for record in stored
        for blob in [known[record.document["blob_id"]]]
        if blob["check"]["state"] != "refused" and _renditions(record, blob)
    }


def evidence_record(document: Mapping[str, Any]) -> PhotoRecord:
    """Stored evidence as a record."""
    return PhotoRecord("evidence", document)


def visit_record(document: Mapping[str, Any]) -> PhotoRecord:
    """A stored photo of a visit as a record."""
    return PhotoRecord("visit_photo", document)


def _view(actor: Actor, record: PhotoRecord, blob: Mapping[str, Any], signer: "_Signer") -> FileView:
    state, reason = blob["check"]["state"], blob["check"]["reason"]
    good = state != "refused"
    pictures = good and _renditions(record, blob)
    for_officer = good and actor.role in _OFFICERS and record.document.get("looked_at") is not None
    is_document = good and blob["content_type"] == PDF and blob["facts"] is not None
    return FileView(
        check=state if state == "refused" or record.document.get("looked_at") is None else "checked",
        refusal=None if good else REFUSALS[reason],
        small=signer.address(record, "320") if pictures else None,
        large=signer.address(record, "2048") if pictures else None,
        document=signer.address(record, "document") if is_document else None,
        flags=[flag_view(actor, flag) for flag in record.document["flags"]] if for_officer else None,
        says=_says(record, blob["facts"]) if for_officer and blob["facts"] else None,
    )


def _renditions(record: PhotoRecord, blob: Mapping[str, Any]) -> Mapping[str, Any]:
    """A photo of an inspector's is only ever shown with its mark."""
    return record.document.get("renditions") or {} if record.kind == "visit_photo" else blob["renditions"]


def flag_view(actor: Actor, flag: Mapping[str, Any]) -> FlagView:
    """How an officer is shown a flag of a record: the uses at schools that they may know of, and how many others."""
    uses = flag.get("elsewhere", ())
    known = [use for use in uses if actor.role is Role.CITY or use["district"] == actor.district]
    return FlagView(
        kind=flag["kind"],
        name=FLAG_NAMES[flag["kind"]],
        distance=flag.get("distance"),
        elsewhere=[Elsewhere(**{name: use[name] for name in Elsewhere.model_fields}) for use in known],
        hidden=len(uses) - len(known),
    )


def _says(record: PhotoRecord, facts: Mapping[str, Any]) -> SaysView:
    taken_at, place = taken(record.document, facts)
    said = record.document.get("upload") or {}
    return SaysView(
        taken_at=taken_at,
        place=PlaceView(latitude=place[0], longitude=place[1]) if place else None,
        device=facts["device"] or said.get("device"),
        width=facts["width"],
        height=facts["height"],
    )


def _good_until(now: datetime) -> date:
    """An address that is made now is good until the beginning of this day: for a day at least, and two at most."""
    return (now + timedelta(days=2)).date()


@dataclass(frozen=True, slots=True)
class _Signer:
    key: bytes
    session_id: str
    expires: date

    def address(self, record: PhotoRecord, part: Part) -> str:
        """The address of a picture or document of the record."""
        word = _WORDS[record.kind]
        return (
            f"/api/files/{word}/{record.id}/{part}?expires={self.expires}&session={self.session_id}"
            f"&signature={self.signature(word, record.id, part)}"
        )

    def signature(self, word: str, record_id: str, part: str) -> str:
        """What proves that this service made the address."""
        text = f"{word}/{record_id}/{part}/{self.expires}/{self.session_id}"
        return base64.urlsafe_b64encode(hmac.digest(self.key, text.encode(), "sha256")).rstrip(b"=").decode()


async def open_signed(
    deps: Deps, word: str, record_id: str, part: str, query: FileQuery, *, takes_webp: bool
) -> Download:
    """What an address of `views` leads to.

    Raises `Forbidden` for one that is not ours, has expired, or whose session has ended; `NotFound` for what is no
    longer there.
    """
    now = deps.clock()
    signer = _Signer(await deps.picture_key.read(deps.db), query.session, query.expires)
    expires = datetime.combine(query.expires, time(), UTC)
    genuine = hmac.compare_digest(signer.signature(word, record_id, part), query.signature)
    session = await sessions.find_by_id(deps.db, query.session) if genuine and now < expires else None
    if session is None or has_ended(deps, session, now):
        raise Forbidden("这个图片地址已失效，请刷新页面后重试", code="address_expired")
    record = await photo_records.find(deps.db, _KINDS[word], record_id)
    if record is None or record.document.get("removed_at") is not None:
        raise NotFound("没有这份材料，可能已被删除")
    max_age = int((expires - now).total_seconds())
    if part == "document":
        return await original(deps, record, max_age=max_age)
    return await _picture(deps, record, part, max_age, takes_webp=takes_webp)


async def _picture(deps: Deps, record: PhotoRecord, part: str, max_age: int, *, takes_webp: bool) -> Download:
    blob = await blobs.find(deps.db, record.document["blob_id"])
    found = _renditions(record, blob).get(part) if blob and blob["check"]["state"] != "refused" else None
    if not found:
        raise NotFound("照片还没有检查完，请稍后再看")
    content_type = _WEBP if takes_webp else _JPEG
    file_id = found[content_type]["file_id"]
    return Download(
        content_type=content_type,
        size=found[content_type]["size"],
        etag=file_id,
        name=None,
        max_age=max_age,
        read=lambda start, stop: blobs.read_rendition_range(deps.db, file_id, start, stop),
    )


async def original(deps: Deps, record: PhotoRecord, *, max_age: int | None = None) -> Download:
    """The bytes as they came, as a download. Raises `NotFound` for what has not come, or was refused."""
    blob = await blobs.find(deps.db, record.document["blob_id"]) if record.document.get("blob_id") else None
    if blob is None or blob["facts"] is None or blob["check"]["state"] == "refused":
        raise NotFound("没有可以下载的文件：尚未上传、尚未检查完，或没有通过检查")
    return Download(
        content_type=blob["content_type"],
        size=blob["size"],
        etag=blob["sha256"],
        name=_file_name(record, blob["content_type"]),
        max_age=max_age,
        read=lambda start, stop: blobs.read_original_range(deps.db, blob, start, stop),
    )


def _file_name(record: PhotoRecord, content_type: str) -> str:
    """The name that the school gave it, with the ending of what it is."""
    stem = str(record.document.get("name") or record.id).rpartition("/")[2]
    for ending in _ENDINGS[content_type]:
        if stem.lower().endswith(f".{ending}"):
            return stem
    return f"{stem}.{_ENDINGS[content_type][0]}"
