"""Photos of a visit as records: that they were taken, and with their hash, that they are stored."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid
from backend.models.closing import PhotoBody, PhotoView
from backend.models.files import FileView
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor
from backend.services import files
from backend.services.files import visit_record
from backend.services.submissions import cycle_of
from backend.services.visit_access import visible
from backend.store import visit_photos
from backend.store.mongo import Session, transact


async def add(deps: Deps, actor: Actor, visit_id: str, body: PhotoBody) -> PhotoView:
    """Records a photo that the actor took, or that it has arrived; the same again changes nothing.

    Raises `NotFound`, `Invalid` for an unknown item, and `Conflict` for another photo under the same id or a visit that
    has been closed.
    """

    async def work(transaction: Session) -> PhotoView:
        visit = await visible(deps, actor, visit_id, transaction)
        cycle = await cycle_of(deps, visit, transaction)
        if body.item not in cycle.rubric.items:
            message = f"细则中没有编号为“{body.item}”的指标，请改正"
            raise Invalid(message, details=[Detail("/item", "unknown_item", message)])
        photo = await visit_photos.find(deps.db, body.id, transaction)
        if photo is None:
            photo = await _insert(deps, transaction, actor, visit_id, body)
        else:
            _check_same(photo, actor, visit_id, body)
            if photo["sha256"] is None and body.sha256 is not None:
                await visit_photos.set_stored(deps.db, transaction, body.id, body.sha256, deps.clock())
                photo = {**photo, "sha256": body.sha256}
        return _view(visit, photo)

    return await transact(deps.db, work)


async def _insert(deps: Deps, transaction: Session, actor: Actor, visit_id: str, body: PhotoBody) -> dict[str, Any]:
    if not await visit_photos.hold_visit(deps.db, transaction, visit_id):
        raise Conflict("现场评估已结束，不能再添加照片；如需补充请联系市教育局", code="visit_closed")
    photo = {
        "_id": body.id,
        "visit_id": visit_id,
        "inspector_id": actor.person_id,
        "item": body.item,
        "taken_at": body.taken_at,
        "received_at": deps.clock(),
        "sha256": body.sha256,
    }
    await visit_photos.insert(deps.db, transaction, photo)
    return photo


def _check_same(photo: Mapping[str, Any], actor: Actor, visit_id: str, body: PhotoBody) -> None:
    same = photo["visit_id"] == visit_id and photo["inspector_id"] == actor.person_id and photo["item"] == body.item
    if not same or (body.sha256 not in (None, photo["sha256"]) and photo["sha256"] is not None):
        raise Conflict("这个照片编号（id）已经用在另一张照片上，请用新的编号", code="id_taken")


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
        written_off=reasons.get(photo["_id"]),
        file=file,
    )
