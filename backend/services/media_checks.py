"""WeChat's content check of photos (mediaCheckAsync): asked for when a form or an answer is given, answered by a
push later.

It holds up nobody: the photo is marked for the officer, and stands as it is. What could not be asked for is unmarked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Done
from backend.gateways.wechat_events import Event
from backend.models.people import Actor
from backend.services import files
from backend.services.content_check import SCENE
from backend.services.files import evidence_record
from backend.services.wechat import gateway
from backend.store import evidence, people
from backend.store.photo_records import PhotoRecord

log = structlog.get_logger("wechat")

# Whoever submits waits no longer than this until WeChat was asked about all photos.
SECONDS = 10.0
_AT_ONCE = 4
_FOUND = ("pass", "review", "risky")


async def ask(deps: Deps, actor: Actor, photos: Sequence[Mapping[str, Any]]) -> None:
    """Has WeChat look at photos that a form or an answer was just given with, and that it was not asked about before;
    those that are not checked here yet follow when they are. Raises nothing that WeChat might cause."""
    person = await people.find(deps.db, actor.person_id) if deps.settings.wechat_content_check else None
    if person is None or person.wechat is None or not photos:
        return
    # Before the look at what is there to show: what is checked in between is asked about by its check.
    ids = [photo["_id"] for photo in photos]
    await evidence.want_media_check(deps.db, ids, person.wechat.openid, actor.session_id)
    await _ask_about(deps, await evidence.unasked_photos(deps.db, ids))


async def ask_when_checked(deps: Deps, records: Sequence[PhotoRecord]) -> None:
    """Has WeChat look at those of the records, whose bytes were just checked, that waited for it."""
    waiting = [each.document for each in records if each.document.get("media_wanted")]
    if deps.wechat is not None:
        await _ask_about(deps, [each for each in waiting if each.get("media_check") is None])


async def _ask_about(deps: Deps, photos: Sequence[Mapping[str, Any]]) -> None:
    """Asks about those of the photos that can be shown, a few at a time.

    WeChat fetches each by an address that is signed for the session of the one who gave it.
    """
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask_about(photo: Mapping[str, Any], address: str) -> None:
        async with limit:
            openid = photo["media_wanted"]["openid"]
            answer = await gateway(deps).check_media(openid, SCENE, f"{deps.settings.base_url}{address}")
        if isinstance(answer, Done):
            await evidence.set_media_check(deps.db, photo["_id"], answer.value, deps.clock())
        else:
            log.warning("photo not checked", reason=answer.reason.value)

    sessions = {photo["_id"]: photo["media_wanted"]["session_id"] for photo in photos}
    shown = await files.pictures(deps, [evidence_record(photo) for photo in photos], sessions)
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(ask_about(each, shown[each["_id"]]) for each in photos if each["_id"] in shown))
    except TimeoutError:
        log.warning("asking about photos took too long", photos=len(photos))


async def note(deps: Deps, event: Event) -> None:
    """Marks the photo with what WeChat found; a trace of no photo of ours, or one without a finding, is let pass."""
    result: Any = event.fields.get("result")
    found = result.get("suggest") if isinstance(result, Mapping) else None
    trace_id = event.fields.get("trace_id")
    if found in _FOUND and isinstance(trace_id, str):
        await evidence.note_media_check(deps.db, trace_id, found)
