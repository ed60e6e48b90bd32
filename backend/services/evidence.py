"""Evidence of a submission as records, before and after its bytes have come.

What is attached to an item is a field of the form (`drafts.save`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.evidence import EvidenceView, NewEvidence, WeChatCheck
from backend.models.files import FileView
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor, Role
from backend.models.uploads import Receipt
from backend.services import files
from backend.services.admission import Admitted, receipt_of, stored_fields
from backend.services.audit import audit
from backend.services.drafts import check_open
from backend.services.files import evidence_record
from backend.services.submissions import cycle_of, visible
from backend.services.workflow import faster
from backend.store import blobs, evidence, photo_flags, submissions
from backend.store.answers import is_open
from backend.store.mongo import Document, Session, transact
from backend.store.submissions import item_code


async def add(deps: Deps, actor: Actor, submission_id: str, body: NewEvidence) -> EvidenceView:
    """Records a piece of evidence that will be uploaded, once for each id: for the form while it may be written (a
    stamped scan also after), for answers to discrepancies while their window is open. Raises `Conflict` where the id
    stands for something else, or neither is the case; `Invalid` for an unknown item."""

    async def work(transaction: Session) -> EvidenceView:
        wanted = body.model_dump(exclude={"id"})
        submission, known = await _find(deps, actor, submission_id, body.id, wanted, transaction)
        if known is None:
            await _check_open(deps, submission, None, wanted["kind"], transaction)
            known = await _insert(deps, transaction, actor, submission, body.id, wanted)
        return _view(known, submission)

    return await transact(deps.db, work)


async def admit(deps: Deps, actor: Actor, upload: Mapping[str, Any]) -> Admitted:
    """What the upload adds to, if the actor may add it; raises what `add` raises."""
    wanted = {"size": upload["length"], **{name: upload["said"][name] for name in ("sha256", "kind", "name", "item")}}
    known = {name: value for name, value in wanted.items() if value is not None}
    submission, record = await _find(deps, actor, upload["submission_id"], upload["evidence_id"], known, None)
    await _check_open(deps, submission, record, wanted["kind"], None)
    return Admitted(submission, record, deps.clock())


async def store(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    upload: Mapping[str, Any],
    admitted: Admitted,
    blob: Mapping[str, Any],
) -> Receipt:
    """Notes that the evidence of an upload is stored, as the blob; records it where it is not known. The receipt.

    Raises `Conflict` for another content than the one that was announced or is stored, and `Outrun` where the record
    is not the one that was admitted any more.
    """
    said, submission, record = upload["said"], admitted.owner, admitted.record
    content = {"sha256": blob["sha256"], "size": blob["size"]}
    if record is not None:
        _check_same(record, submission["_id"], content)
        if record["blob_id"] is not None:
            return receipt_of(record, blob)
    stored = stored_fields(deps, said, blob)
    if record is None:
        fields = {**{name: said[name] for name in ("kind", "name", "item")}, **content, **stored}
        record = await _insert(deps, transaction, actor, submission, upload["evidence_id"], fields)
    else:
        await evidence.set_stored(deps.db, transaction, record["_id"], stored)
        after = {"submission_id": submission["_id"], "sha256": blob["sha256"]}
        await audit(deps, transaction, actor, "evidence.stored", "evidence", record["_id"], after=after)
        record = {**record, **stored}
    return receipt_of(record, blob)


async def _find(
    deps: Deps,
    actor: Actor,
    submission_id: str,
    evidence_id: str,
    wanted: Mapping[str, Any],
    transaction: Session | None,
) -> tuple[Document, Document | None]:
    """The submission, and the record if it is known; raises what stands against its being `wanted`."""
    submission = await visible(deps, actor, submission_id, transaction)
    cycle = await cycle_of(deps, submission, transaction)
    item = wanted.get("item")
    if item is not None and item not in cycle.rubric.items:
        message = f"细则中没有编号为“{item}”的指标，请改正"
        raise Invalid(message, details=[Detail("/item", "unknown_item", message)])
    known = await evidence.find(deps.db, evidence_id, transaction)
    if known is not None:
        _check_same(known, submission_id, wanted)
    return submission, known


def _check_same(record: Mapping[str, Any], submission_id: str, wanted: Mapping[str, Any]) -> None:
    """Raises `Conflict` where the id stands for something else."""
    same = all(record[name] == value for name, value in wanted.items())
    if record["removed_at"] is not None or record["submission_id"] != submission_id or not same:
        raise Conflict("这个编号已经用于另一份材料，请换一个编号重新上传", code="id_taken")


async def _check_open(
    deps: Deps,
    submission: Mapping[str, Any],
    known: Mapping[str, Any] | None,
    kind: str,
    transaction: Session | None,
) -> None:
    """Raises `Conflict` where nothing may be added. The same once more adds nothing."""
    if known is not None and known["blob_id"] is not None:
        return
    # A school that may answer its discrepancies brings new proof, though its form is closed.
    if not is_open(submission.get("answer_window"), deps.clock()):
        cycle = await cycle_of(deps, submission, transaction)
        await check_open(deps, cycle, submission, transaction, scans=kind == "scan")


async def _insert(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    submission: Mapping[str, Any],
    evidence_id: str,
    fields: Mapping[str, Any],
) -> Document:
    document = {
        "_id": evidence_id,
        "submission_id": submission["_id"],
        "school_id": submission["school_id"],
        "added_at": deps.clock(),
        "added_by": actor.person_id,
        "submitted_at": None,
        "removed_at": None,
        "removed_by": None,
        "blob_id": None,
        "stored_at": None,
        "upload": None,
        **fields,
    }
    await evidence.insert(deps.db, document, transaction)
    after = {"submission_id": submission["_id"], **{name: document[name] for name in ("sha256", "kind")}}
    await audit(deps, transaction, actor, "evidence.added", "evidence", evidence_id, after=after)
    return document


async def read(deps: Deps, actor: Actor, submission_id: str, evidence_id: str) -> EvidenceView:
    """One record."""
    submission = await visible(deps, actor, submission_id)
    document = _its_own(submission_id, await evidence.find(deps.db, evidence_id))
    return (await _with_files(deps, actor, submission, [document]))[0]


async def read_page(deps: Deps, actor: Actor, submission_id: str, query: PageQuery) -> Page[EvidenceView]:
    """The submission's evidence, oldest first."""
    submission = await visible(deps, actor, submission_id)
    documents, cursor = await evidence.page_of(deps.db, submission_id, query.limit, query.cursor)
    return Page[EvidenceView](items=await _with_files(deps, actor, submission, documents), next_cursor=cursor)


async def remove(deps: Deps, actor: Actor, submission_id: str, evidence_id: str) -> None:
    """Removes a piece of evidence that is attached to nothing; its record stays for the audit."""

    async def work(transaction: Session) -> None:
        submission = await visible(deps, actor, submission_id, transaction)
        document = _its_own(submission_id, await evidence.find(deps.db, evidence_id, transaction))
        cycle = await cycle_of(deps, submission, transaction)
        await check_open(deps, cycle, submission, transaction, scans=document["kind"] == "scan")
        if attached_to(submission, evidence_id) or evidence_id in (submission.get("scans") or ()):
            raise Conflict("这份材料还附在表中，请先取下再删除", code="still_attached")
        # The write to the submission keeps a draft that attaches it at this moment from being saved unseen.
        if not await submissions.save(deps.db, submission, {}, (), transaction):
            raise faster()
        await evidence.remove(deps.db, transaction, evidence_id, deps.clock(), actor.person_id)
        await photo_flags.remove(deps.db, transaction, evidence_id)
        if document.get("blob_id"):
            # Twins elsewhere may have been flagged because of it.
            await blobs.look_again(deps.db, transaction, document["blob_id"])
        before = {"sha256": document["sha256"], "submitted": document["submitted_at"] is not None}
        await audit(deps, transaction, actor, "evidence.removed", "evidence", evidence_id, before=before)

    await transact(deps.db, work)


def attached_to(submission: Mapping[str, Any], evidence_id: str) -> list[str]:
    """The codes of the items that it is attached to."""
    return [item_code(key) for key, item in submission["items"].items() if evidence_id in item.get("evidence", ())]


def _its_own(submission_id: str, document: Document | None) -> Document:
    if document is None or document["submission_id"] != submission_id or document["removed_at"] is not None:
        raise NotFound("没有这份材料，请检查网址")
    return document


async def _with_files(
    deps: Deps, actor: Actor, submission: Mapping[str, Any], documents: Sequence[Document]
) -> list[EvidenceView]:
    shown = await files.views(deps, actor, map(evidence_record, documents))
    officer = actor.role is not Role.SCHOOL
    return [_view(document, submission, shown.get(document["_id"]), for_officer=officer) for document in documents]


def _view(
    document: Mapping[str, Any],
    submission: Mapping[str, Any],
    file: FileView | None = None,
    *,
    for_officer: bool = False,
) -> EvidenceView:
    return EvidenceView(
        id=document["_id"],
        sha256=document["sha256"],
        kind=document["kind"],
        name=document["name"],
        size=document["size"],
        item=document["item"],
        added_at=document["added_at"],
        stored_at=document["stored_at"],
        attached_to=attached_to(submission, document["_id"]),
        file=file,
        wechat_check=_wechat_check(document) if for_officer else None,
    )


def _wechat_check(document: Mapping[str, Any]) -> WeChatCheck | None:
    asked = document.get("media_check")
    return None if asked is None else asked["found"] or "waiting"
