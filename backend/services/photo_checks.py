"""The check of what has arrived: claimed by lease, decoded in threads, finished by one conditional write.

A receipt is given before it. A process that dies in a check leaves the lease to run out, and another begins anew: all
that a check writes before its last write may be written again. What kills the decoder three times is refused.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from backend.deps import Deps
from backend.errors import AppError
from backend.gateways.photos import PDF, REFUSALS, refusal
from backend.gateways.watermark import Mark
from backend.services import media_checks
from backend.services.photo_flags import look_at, look_at_others, owner_of
from backend.services.photo_marks import mark_of
from backend.store import blobs, perceptual, photo_records
from backend.store.gridfs import CorruptFile
from backend.store.mongo import Document, Session, transact
from backend.store.photo_records import PhotoRecord

if TYPE_CHECKING:
    from backend.gateways.photo_decoding import Examined, Rendition

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 3
# How long a queue that is empty, or whose photos came to another process, is left alone.
_POLL_SECONDS = 2.0
_PAUSE_AFTER_ERROR = 2.0

log = structlog.get_logger("photo_checks")

Renditions = dict[str, dict[str, dict[str, Any]]]


async def run(deps: Deps, stop: asyncio.Event) -> None:
    """Checks what arrives until `stop`; then ends what it began. One more at once than there are threads to decode in:
    while one is read or written, they all have work."""
    # Not `gather`, which does not wait for the others where one is cut off.
    async with asyncio.TaskGroup() as group:
        for _ in range(deps.decoders.count + 1):
            group.create_task(_work(deps, stop))


async def _work(deps: Deps, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            # Before the look, so that what arrives during it is not slept through.
            deps.photo_arrived.clear()
            if not await check_next(deps):
                await _either(stop, deps.photo_arrived, _POLL_SECONDS)
        # Whatever one photo or the database is up to, the others must be checked.
        except Exception as error:
            log.exception("check_failed", exc_info=error)
            await _either(stop, stop, _PAUSE_AFTER_ERROR)


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Waits for one of the events, or so long."""
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def check_next(deps: Deps) -> bool:
    """Checks what has waited longest; whether there was anything.

    A check that is cut off, or that the database fails, gives its lease back, however long that takes. Any other error
    counts as an attempt.
    """
    blob = await _claim(deps)
    if blob is None:
        return False
    try:
        await _check(deps, blob)
    except asyncio.CancelledError:
        await asyncio.shield(blobs.release(deps.db, None, blob, deps.clock()))
        raise
    except Exception as error:
        if deps.translate_error(error) is not None:
            await _give_back(deps, blob)
        raise
    return True


async def _claim(deps: Deps) -> Document | None:
    """What has waited longest, with a lease on it. Cut off, it gives back what it may have claimed already."""
    now = deps.clock()
    claim = asyncio.create_task(blobs.claim_next(deps.db, now, now + LEASE))
    try:
        return await asyncio.shield(claim)
    except asyncio.CancelledError:
        if blob := await claim:
            await blobs.release(deps.db, None, blob, deps.clock())
        raise


async def _give_back(deps: Deps, blob: Document) -> None:
    """Gives the lease back as soon as the database is there to take it: that it was away is not the photo's fault."""
    while True:
        try:
            return await blobs.release(deps.db, None, blob, deps.clock())
        except Exception as error:
            if deps.translate_error(error) is None:
                raise
        await asyncio.sleep(_PAUSE_AFTER_ERROR)


async def _check(deps: Deps, blob: Document) -> None:
    try:
        if blob["check"]["attempts"] > MOST_ATTEMPTS:
            raise refusal("uncheckable")
        records = await photo_records.of_blobs(deps.db, [blob["_id"]])
        facts, plain, marked = await _examined(deps, blob, records)
    except AppError as error:
        if error.code not in REFUSALS:
            raise
        log.info("refused", blob=blob["_id"], reason=error.code)
        await blobs.finish_check(deps.db, None, blob, "refused", reason=error.code)
        return
    except CorruptFile as error:
        # `fsck` tells of it, and a later attempt may find it mended; after the last one it has to be uploaded again.
        log.error("unreadable", blob=blob["_id"], cause=str(error))
        return
    await look_at_others(deps, await _others(deps, blob))
    await _finish(deps, blob, facts, plain, marked)


async def _examined(
    deps: Deps, blob: Document, records: Sequence[PhotoRecord]
) -> tuple[Mapping[str, Any], Renditions, Mapping[str, Renditions]]:
    """The facts of a blob, its plain renditions, and the marked ones by record: those that there are, and new ones.

    Raises the `refusal` of what is no photo.
    """
    plain: Renditions = blob["renditions"]
    photos = [each for each in records if each.kind == "visit_photo" and not each.document.get("renditions")]
    marks = {each.id: await mark_of(deps, each, await owner_of(deps, None, each)) for each in photos}
    wanted: list[Mark | None] = list(dict.fromkeys(marks.values()))
    if not plain and (not records or any(each.kind == "evidence" for each in records)):
        wanted.append(None)
    if blob["facts"] is not None and (not wanted or blob["content_type"] == PDF):
        return blob["facts"], plain, {}
    data = await blobs.read_original(deps.db, blob)
    if blob["content_type"] == PDF:
        await deps.decoders.run(lambda: _check_pdf(data))
        return {}, {}, {}
    found = await deps.decoders.run(lambda: _examine(deps, data, blob["content_type"], wanted))
    await _remember(deps, blob, found)
    stored = {mark: await _stored(deps, made) for mark, made in found.renditions.items()}
    return _facts(found), stored.get(None, plain), {record: stored[mark] for record, mark in marks.items()}


def _examine(deps: Deps, data: bytes, content_type: str, marks: Sequence[Mark | None]) -> "Examined":
    # NumPy and the codecs take a third of a second to load: not at the start of a service, and not on its loop.
    from backend.gateways.photo_decoding import examine

    return examine(data, content_type, marks, deps.font)


def _check_pdf(data: bytes) -> None:
    from backend.gateways.photo_decoding import check_pdf

    check_pdf(data)


def _facts(found: "Examined") -> dict[str, Any]:
    facts = found.facts
    place = {"latitude": facts.place[0], "longitude": facts.place[1]} if facts.place else None
    return {
        "width": facts.width,
        "height": facts.height,
        "taken_at": facts.taken_at,
        "place": place,
        "device": facts.device,
    }


async def _remember(deps: Deps, blob: Document, found: "Examined") -> None:
    """Adds the photo to the perceptual index, and links it with those of other schools that look the same.

    It is added before it looks: of two that come at once, the later one sees the other.
    """
    seen = found.facts.fingerprint
    if not seen.telling:
        return
    await perceptual.put(deps.db, blob["_id"], blob["school_id"], seen.whole, seen.middle)
    near = await perceptual.near(deps.db, blob["school_id"], seen.turned, seen.middles)
    await perceptual.link(deps.db, blob["_id"], [each.blob_id for each in near])


async def _others(deps: Deps, blob: Document) -> list[str]:
    """The blobs at other schools whose records may be flagged, or no longer, because of this one."""
    twins = await perceptual.twins_of(deps.db, blob["_id"])
    return list(dict.fromkeys([*twins, *await blobs.same_content(deps.db, blob)]))


async def _stored(deps: Deps, made: Sequence["Rendition"]) -> Renditions:
    """Stores the renditions, each once."""
    puts = [blobs.put_rendition(deps.db, each.data, deps.clock(), each.content_type) for each in made]
    result: Renditions = {}
    for each, file_id in zip(made, await asyncio.gather(*puts), strict=True):
        described = {"file_id": file_id, "size": len(each.data), "width": each.width, "height": each.height}
        result.setdefault(str(each.size), {})[each.content_type] = described
    return result


async def _finish(
    deps: Deps, blob: Document, facts: Mapping[str, Any], plain: Renditions, marked: Mapping[str, Renditions]
) -> None:
    """In one transaction: the blob is checked, and every record of it has its flags.

    Where somebody asked for another look meanwhile, or the lease has gone to another, nothing is kept.
    """

    async def work(transaction: Session) -> bool:
        if not await blobs.finish_check(deps.db, transaction, blob, "checked", facts=facts, renditions=plain):
            return False
        for record in await photo_records.of_blobs(deps.db, [blob["_id"]], transaction):
            await look_at(deps, transaction, record, facts, marked.get(record.id))
        return True

    if await transact(deps.db, work):
        await media_checks.ask_when_checked(deps, await photo_records.of_blobs(deps.db, [blob["_id"]]))
    else:
        await blobs.release(deps.db, None, blob, deps.clock())
