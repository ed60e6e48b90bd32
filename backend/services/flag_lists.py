"""The city's list of photos to look into, and what came out of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, get_args

from backend.deps import Deps
from backend.documents.tables import MOST_ROWS
from backend.errors import Conflict, NotFound
from backend.models.files import FileView
from backend.models.paging import MOST, Page
from backend.models.people import Actor
from backend.models.photo_flags import FlaggedPhoto, FlagSettled, FlagsQuery, SettleFlag, Twin
from backend.services import files
from backend.services.audit import audit
from backend.services.cycles import current
from backend.services.snapshots import district_name
from backend.store import photo_flags, photo_records
from backend.store.discrepancies import states_of
from backend.store.mongo import Session, transact
from backend.store.photo_records import Kind, PhotoRecord


async def read_page(deps: Deps, actor: Actor, query: FlagsQuery) -> Page[FlaggedPhoto]:
    """A page of the cycle's flagged photos, what weighs most first, each with its twins."""
    cycle = await current(deps)
    named = {"state": query.state, "district": query.district, "kinds": query.kind}
    filters = {name: value for name, value in named.items() if value is not None}
    rows, cursor = await photo_flags.list_page(deps.db, cycle.id, filters, query.limit, query.cursor)
    return Page[FlaggedPhoto](items=await _views(deps, actor, rows), next_cursor=cursor)


async def every(deps: Deps, actor: Actor) -> AsyncIterator[FlaggedPhoto]:
    """All of them, open and settled, without pictures; as many as a workbook may have rows."""
    cycle, count = await current(deps), 0
    cursor: str | None = None
    while True:
        rows, cursor = await photo_flags.list_page(deps.db, cycle.id, {}, MOST, cursor)
        for view in await _views(deps, actor, rows, pictures=False):
            yield view
        count += len(rows)
        if cursor is None or count >= MOST_ROWS:
            return


async def settle(deps: Deps, actor: Actor, record_id: str, body: SettleFlag) -> FlaggedPhoto:
    """Notes what came out of looking into a photo, or opens it again.

    Raises `NotFound` where it carries no flag (any more), `Conflict` where somebody was faster.
    """

    async def work(transaction: Session) -> dict[str, Any]:
        found = await photo_flags.find(deps.db, record_id, transaction)
        if found is None:
            raise NotFound("这张照片没有待核的疑点，请刷新后重试")
        settled = None
        if body.note is not None:
            settled = {"by": actor.person_id, "name": actor.name, "at": deps.clock(), "note": body.note}
        before = "settled" if body.note is None else "open"
        if not await photo_flags.settle(deps.db, transaction, record_id, before, settled):
            raise _faster(found)
        event = "photo_flag.reopened" if body.note is None else "photo_flag.settled"
        told = {"kinds": found["kinds"], "state": found["state"]}
        await audit(deps, transaction, actor, event, "photo", record_id, before=told, reason=body.note)
        return {**found, "settled": settled}

    [view] = await _views(deps, actor, [await transact(deps.db, work)])
    return view


def _faster(found: Mapping[str, Any]) -> Conflict:
    if found["settled"] is None:
        return Conflict("这张照片尚未核查，不需要重新打开", code="wrong_state")
    message = f"{found['settled']['name']}已经核查过这张照片，请刷新后查看；需要改动时先重新打开"
    return Conflict(message, code="wrong_state")


async def _views(
    deps: Deps, actor: Actor, rows: Sequence[Mapping[str, Any]], *, pictures: bool = True
) -> list[FlaggedPhoto]:
    own = await _records(deps, {row["_id"]: row["kind"] for row in rows})
    uses = [use for record in own.values() for flag in record.document["flags"] for use in flag.get("elsewhere", ())]
    twins = await _records(deps, {use["record"]: use["kind"] for use in uses}) if pictures else {}
    shown = await files.views(deps, actor, [*own.values(), *twins.values()]) if pictures else {}
    schools = await states_of(deps.db, {row["submission_id"] for row in rows})
    return [
        _view(deps, actor, row, own[row["_id"]], schools[row["submission_id"]][1], shown)
        for row in rows
        if row["_id"] in own
    ]


async def _records(deps: Deps, wanted: Mapping[str, str]) -> dict[str, PhotoRecord]:
    """The records with these ids and kinds that were not removed."""
    found: dict[str, PhotoRecord] = {}
    for kind in get_args(Kind):
        ids = [each for each, of in wanted.items() if of == kind]
        found |= await photo_records.find_many(deps.db, kind, ids)
    return found


def _view(
    deps: Deps,
    actor: Actor,
    row: Mapping[str, Any],
    record: PhotoRecord,
    school: str,
    shown: Mapping[str, FileView],
) -> FlaggedPhoto:
    settled = row["settled"]
    flags = [files.flag_view(actor, flag) for flag in record.document["flags"]]
    twins = {use.record: use for flag in flags for use in flag.elsewhere}
    return FlaggedPhoto(
        id=row["_id"],
        kind=row["kind"],
        submission_id=row["submission_id"],
        visit_id=row["visit_id"],
        school_id=row["school_id"],
        school_name=school,
        district=row["district"],
        district_name=district_name(deps, row["district"]),
        item=row["item"],
        flags=flags,
        file=shown.get(row["_id"]),
        twins=[Twin(**use.model_dump(), file=shown.get(record)) for record, use in twins.items()],
        settled=settled and FlagSettled(by=settled["name"], at=settled["at"], note=settled["note"]),
    )
