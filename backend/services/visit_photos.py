"""Photos of a visit as records: that they were taken, and when they have been uploaded, that they are stored."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid
from backend.models.closing import PhotoBody, PhotoView
from backend.models.files import FileView
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor
from backend.models.uploads import Receipt
from backend.models.visits import VisitState
from backend.services import files
from backend.services.admission import Admitted, receipt_of, stored_fields
from backend.services.files import visit_record
from backend.services.submissions import cycle_of_visit
from backend.services.visit_access import visible
from backend.store import visit_photos
from backend.store.mongo import Session, transact


async def add(deps: Deps, actor: Actor, visit_id: str, body: PhotoBody) -> PhotoView:
    """Records a photo that the actor took and will upload; the same again changes nothing.

    Raises `NotFound`, `Invalid` for an unknown item, and `Conflict` for another photo under the same id or a visit that
    has been closed.
    """

    async def work(transaction: Session) -> PhotoView:
        visit, photo = await _find(deps, actor, visit_id, body.id, body.item, body.sha256, transaction)
        if photo is None:
            if not await visit_photos.hold_visit(deps.db, transaction, visit["_id"]):
                raise _closed()
            taken = {"taken_at": body.taken_at, "sha256": body.sha256}
            photo = await _insert(deps, transaction, actor, visit, body.id, body.item, taken)
        elif photo["sha256"] is None and body.sha256 is not None:
            await visit_photos.set_hash(deps.db, transaction, body.id, body.sha256)
            photo = {**photo, "sha256": body.sha256}
        return _view(visit, photo)

    return await transact(deps.db, work)


async def admit(deps: Deps, actor: Actor, upload: Mapping[str, Any]) -> Admitted:
    """The visit that the upload adds to, if the actor may add it; raises what `add` raises."""
    said = upload["said"]
    wanted = (upload["visit_id"], upload["evidence_id"], said["item"], said["sha256"])
    visit, photo = await _find(deps, actor, *wanted, None)
    if visit["state"] == VisitState.CLOSED and (photo is None or photo["blob_id"] is None):
        raise _closed()
    return Admitted(visit, photo, deps.clock())


async def store(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    upload: Mapping[str, Any],
    admitted: Admitted,
    blob: Mapping[str, Any],
) -> Receipt:
    """Notes that the photo of an upload is stored, as the blob; records it where it is not known. The receipt.

    Raises `Conflict` for another content than the one that was announced or is stored, and `Outrun` where the record
    is not the one that was admitted any more. The visit is not held against its being closed, as it is for a photo that
    is only announced: what has arrived keeps no visit open, and may as well have come a moment earlier.
    """
    said, photo = upload["said"], admitted.record
    if photo is not None:
        _check_same(photo, actor, upload["visit_id"], said["item"], blob["sha256"])
        if photo["blob_id"] is not None:
            return receipt_of(photo, blob)
    stored = stored_fields(deps, said, blob)
    if photo is None:
        fields = {**stored, "taken_at": said["taken_at"]}
        photo = await _insert(deps, transaction, actor, admitted.owner, upload["evidence_id"], said["item"], fields)
    else:
        await visit_photos.set_stored(deps.db, transaction, photo["_id"], stored)
        photo = {**photo, **stored}
    return receipt_of(photo, blob)


async def _find(
    deps: Deps,
    actor: Actor,
    visit_id: str,
    photo_id: str,
    item: str,
    sha256: str | None,
    transaction: Session | None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The visit, and the photo if it is known; raises what stands against its being this one."""
    visit = await visible(deps, actor, visit_id, transaction)
    cycle = await cycle_of_visit(deps, visit, transaction)
    if item not in cycle.rubric.items:
        message = f"细则中没有编号为“{item}”的指标，请改正"
        raise Invalid(message, details=[Detail("/item", "unknown_item", message)])
    photo = await visit_photos.find(deps.db, photo_id, transaction)
    if photo is not None:
        _check_same(photo, actor, visit_id, item, sha256)
    return visit, photo


def _check_same(photo: Mapping[str, Any], actor: Actor, visit_id: str, item: str, sha256: str | None) -> None:
    """Raises `Conflict` where the id stands for something else."""
    mine = (photo["visit_id"], photo["inspector_id"], photo["item"]) == (visit_id, actor.person_id, item)
    if not mine or (sha256 is not None and photo["sha256"] not in (None, sha256)):
        raise Conflict("这个照片编号（id）已经用在另一张照片上，请用新的编号", code="id_taken")


async def _insert(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    visit: Mapping[str, Any],
    photo_id: str,
    item: str,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    photo = {
        "_id": photo_id,
        "visit_id": visit["_id"],
        "school_id": visit["school_id"],
        "inspector_id": actor.person_id,
        "item": item,
        "received_at": deps.clock(),
        "blob_id": None,
        "stored_at": None,
        "upload": None,
        **fields,
    }
    await visit_photos.insert(deps.db, transaction, photo)
    return photo


def _closed() -> Conflict:
    return Conflict("现场评估已结束，不能再添加照片；如需补充请联系市教育局", code="visit_closed")


async def read_page(deps: Deps, actor: Actor, visit_id: str, query: PageQuery) -> Page[PhotoView]:
    """The photos of the visit, for its team and the city, in the order in which they were taken."""
    visit = await visible(deps, actor, visit_id)
    photos, cursor = await visit_photos.page_of(deps.db, visit_id, query.limit, query.cursor)
    shown = await files.views(deps, actor, map(visit_record, photos))
    return Page[PhotoView](items=[_view(visit, photo, shown.get(photo["_id"])) for photo in photos], next_cursor=cursor)


def _view(visit: Mapping[str, Any], photo: Mapping[str, Any], file: FileView | None = None) -> PhotoView:
    reasons = {each["evidence_id"]: each["reason"] for each in visit["written_off"]}
    return PhotoView(
        id=photo["_id"],
        item=photo["item"],
        inspector_id=photo["inspector_id"],
        taken_at=photo["taken_at"],
        received_at=photo["received_at"],
        sha256=photo["sha256"],
        stored_at=photo["stored_at"],
        written_off=reasons.get(photo["_id"]),
        file=file,
    )
