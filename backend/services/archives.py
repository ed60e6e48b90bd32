"""One archive of the cycle: data, documents and photos, as a stream that is never whole in memory."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from backend.codes import new_code
from backend.deps import Deps
from backend.documents.archive import ArchiveWriter, safe_name
from backend.gateways.photos import REFUSALS
from backend.models.attachments import Stream
from backend.models.documents import DocumentKind
from backend.models.people import Actor
from backend.services import inspection_reports, official_lists, school_forms
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, current
from backend.services.documents import Form, Printed, render
from backend.services.list_view import list_view
from backend.services.publication_lists import snapshot
from backend.services.snapshots import canonical, digest
from backend.store import archives, blobs, countersignatures, documents
from backend.store.gridfs import CorruptFile
from backend.store.mongo import Session, transact
from inspection.rules.workflow import SHANGHAI, State

# Lines of JSON go into members of about this size, so that none has to be in memory as a whole.
_PART_BYTES = 4 * 1024 * 1024
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
}
# A path, and its content: whole, or piece by piece.
Member = tuple[str, bytes | AsyncIterator[bytes]]

_AGREED = (State.SCORED, State.DECIDED, State.PUBLISHED)
_README = """智评 周期归档

cycle/      周期、评估细则、公示、公布、审计记录
districts/  各市（区）的推荐名单（附件4）
schools/    各校：data.json（申报、评分、差异、认定）、documents/（附件2、附件3、评估报告）、photos/（照片和文件原件）

data.json 里的分数以百分之一分为单位（200 即 2 分），时间为 UTC。
manifest.json 列出每个文件的大小和 SHA-256。校验：python -m backend verify-archive 文件
复核认定：schools/…/data.json 的 decisions 里，case 即 python -m backend decide 的输入，outcome 即它的输出。
"""


async def archive(deps: Deps, actor: Actor) -> Stream:
    """The archive of the cycle that runs. Raises `Conflict` where none is open. That it was begun is audited."""
    cycle, now = await current(deps), deps.clock()
    code = new_code()

    async def begin(transaction: Session) -> None:
        await audit(deps, transaction, actor, "archive.begun", "cycle", cycle.id, after={"code": code})

    await transact(deps.db, begin)
    day = now.astimezone(SHANGHAI).strftime("%Y%m%d")
    return Stream(f"智评归档-{safe_name(cycle.cycle.title)}-{day}.zip", _pieces(deps, actor, cycle, code, now))


async def _pieces(deps: Deps, actor: Actor, cycle: OpenCycle, code: str, now: datetime) -> AsyncGenerator[bytes]:
    about = {"cycle": cycle.id, "cycle_title": cycle.cycle.title, "made_at": now.isoformat(), "code": code}
    writer = ArchiveWriter(about)
    try:
        async for path, content in _members(deps, actor, cycle):
            if isinstance(content, bytes):
                yield await asyncio.to_thread(writer.add, path, content)
                continue
            yield writer.begin(path)
            async for piece in content:
                yield await asyncio.to_thread(writer.write, piece)
            yield writer.end()
        count = writer.count
        rest, manifest_sha256 = await asyncio.to_thread(writer.close)
        # Before the last bytes: whoever has the whole archive can look it up.
        await _record(deps, actor, cycle, code, now, {"files": count, "manifest_sha256": manifest_sha256})
        yield rest
    finally:
        writer.discard()


async def _record(
    deps: Deps, actor: Actor, cycle: OpenCycle, code: str, now: datetime, content: Mapping[str, Any]
) -> None:
    text = canonical(content)
    document = {
        "_id": code,
        "kind": DocumentKind.ARCHIVE.value,
        "subject": cycle.id,
        "cycle": cycle.id,
        "cycle_title": cycle.cycle.title,
        "school": None,
        "district": None,
        "made_at": now,
        "made_by": actor.person_id,
        # What verify-archive says, rather than the hash of the content.
        "sha256": content["manifest_sha256"],
        "basis_sha256": digest(text),
        "content": text,
    }

    async def work(transaction: Session) -> None:
        await documents.insert(deps.db, transaction, document)
        after = {"kind": document["kind"], "subject": cycle.id, "sha256": document["sha256"]}
        await audit(deps, transaction, actor, "document.made", "document", code, after=after)

    await transact(deps.db, work)


async def _members(deps: Deps, actor: Actor, cycle: OpenCycle) -> AsyncIterator[Member]:
    yield "README.txt", _README.encode()
    async for member in _of_cycle(deps, actor, cycle):
        yield member
    for district in deps.districts:
        view = await list_view(deps, cycle, district.id, district.name, None)
        folder = f"districts/{safe_name(district.name)}"
        yield f"{folder}/recommendation-list.json", view.model_dump_json().encode()
        if view.rows:
            printed = official_lists.print_recommendation_list(cycle, view)
            for form in _FORMS:
                yield f"{folder}/附件4.{form}", await render(deps, actor, printed, form)
    async for submission in archives.submissions_of(deps.db, cycle.id):
        async for member in _of_school(deps, actor, submission):
            yield member


_FORMS: tuple[Form, ...] = ("docx", "xlsx")


async def _of_cycle(deps: Deps, actor: Actor, cycle: OpenCycle) -> AsyncIterator[Member]:
    data = await archives.of_cycle(deps.db, cycle.id)
    yield "cycle/data.json", _json(data)
    yield "cycle/附件1.docx", await render(deps, actor, official_lists.print_rubric(cycle))
    for publication in (each for each in data["publications"] if each["state"] == "published"):
        folder = f"cycle/publications/{publication['version']}"
        yield f"{folder}/snapshot.json", await snapshot(deps, actor, publication["_id"])
        printed = await official_lists.print_publication(deps, publication)
        for form in _FORMS:
            yield f"{folder}/公布名单.{form}", await render(deps, actor, printed, form)
    async for number, part in _parts(archives.people(deps.db)):
        yield f"cycle/people-{number:04}.jsonl", part
    async for number, part in _parts(archives.audit_events(deps.db, cycle.opened_at)):
        yield f"cycle/audit-events-{number:04}.jsonl", part


async def _of_school(deps: Deps, actor: Actor, submission: dict[str, Any]) -> AsyncIterator[Member]:
    # Two schools may have one name, and a short part of the id sets them apart.
    name, short = safe_name(submission["school"]["name"]), submission["_id"][:8]
    folder = f"schools/{submission['district']}/{name}-{short}"
    data = await archives.of_submission(deps.db, submission)
    yield f"{folder}/data.json", _json(data)
    if submission["submitted_at"] is not None:
        async for kind, content in _documents(deps, actor, submission, data["visit"] is not None):
            yield f"{folder}/documents/{kind}.docx", content
    if data["visit"] is not None:
        signature = await countersignatures.find(deps.db, data["visit"]["_id"])
        if signature is not None:
            yield f"{folder}/countersignature.png", signature
    for record in (*data["evidence"], *data["visit_photos"]):
        if record.get("blob_id"):
            async for path, content in _original(deps, record):
                yield f"{folder}/photos/{path}", content


async def _documents(deps: Deps, actor: Actor, submission: Mapping[str, Any], visited: bool) -> AsyncIterator[Member]:
    printed: Printed
    for printed in (
        await school_forms.print_application_form(deps, submission),
        await school_forms.print_self_assessment_form(deps, submission),
    ):
        yield printed.kind.value, await render(deps, actor, printed)
    if visited and State(submission["state"]) in _AGREED:
        printed, pictures = await inspection_reports.print_report(deps, DocumentKind.INSPECTION_REPORT, submission)
        yield printed.kind.value, await render(deps, actor, printed, pictures=pictures)


async def _original(deps: Deps, record: Mapping[str, Any]) -> AsyncIterator[Member]:
    """The bytes as they came, piece by piece; and where they can't all be read, or the check has refused them or not
    looked at them yet, a note that says so."""
    blob, problem = await blobs.find(deps.db, record["blob_id"]), ""

    async def pieces(found: Mapping[str, Any]) -> AsyncIterator[bytes]:
        nonlocal problem
        try:
            async for piece in blobs.read_original_range(deps.db, found, 0, found["size"]):
                yield piece
        except CorruptFile as error:
            problem = f"原件无法完整读取：{error}"

    if blob is None:
        problem = "原件无法完整读取：没有内容"
    elif blob["check"]["state"] == "refused":
        problem = f"没有通过检查，原件不提供：{REFUSALS[blob['check']['reason']]}"
    elif blob["facts"] is None:
        problem = "尚未检查完，原件不提供，请稍后重新归档"
    else:
        yield f"{record['_id']}.{_ENDINGS.get(blob['content_type'], 'bin')}", pieces(blob)
    if problem:
        yield f"{record['_id']}.missing.txt", f"{problem}\n".encode()


async def _parts(found: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[tuple[int, bytes]]:
    """The documents as lines of JSON, in numbered parts."""
    part, number = bytearray(), 1
    async for document in found:
        part += _json(document)
        if len(part) >= _PART_BYTES:
            yield number, bytes(part)
            part, number = bytearray(), number + 1
    if part:
        yield number, bytes(part)


def _json(data: Any) -> bytes:
    """A line of JSON, times in ISO 8601."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, default=_plain).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
