"""Originals, as they came: for city officers. A download is in the audit trail before its first byte goes out."""

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.people import Actor
from backend.services import files
from backend.services.audit import audit
from backend.services.files import Download
from backend.services.submissions import visible
from backend.services.visit_access import visible as visible_visit
from backend.store import photo_records
from backend.store.mongo import transact
from backend.store.photo_records import PhotoRecord


async def of_evidence(deps: Deps, actor: Actor, submission_id: str, evidence_id: str) -> Download:
    """The original of a piece of evidence, what was removed too. Raises `NotFound`, also for what was refused."""
    await visible(deps, actor, submission_id)
    record = await photo_records.find(deps.db, "evidence", evidence_id)
    if record is None or record.document["submission_id"] != submission_id:
        raise NotFound("没有这份材料，请检查网址")
    return await _hand_out(deps, actor, record)


async def of_visit_photo(deps: Deps, actor: Actor, visit_id: str, photo_id: str) -> Download:
    """The original of an inspector's photo. Raises `NotFound`, also for what was refused."""
    await visible_visit(deps, actor, visit_id)
    record = await photo_records.find(deps.db, "visit_photo", photo_id)
    if record is None or record.document["visit_id"] != visit_id:
        raise NotFound("没有这张照片，请检查网址")
    return await _hand_out(deps, actor, record)


async def _hand_out(deps: Deps, actor: Actor, record: PhotoRecord) -> Download:
    download = await files.original(deps, record)
    after = {"sha256": download.etag, "kind": record.kind}
    await transact(
        deps.db,
        lambda transaction: audit(
            deps, transaction, actor, "evidence.original_downloaded", "evidence", record.id, after=after
        ),
    )
    return download
