"""WeChat's content check of photos (mediaCheckAsync): asked for when a form is submitted, answered by a push later.

It holds up nobody: the photo is marked for the officer, and stands as it is. What could not be
asked for stays unmarked.
"""

import asyncio
from collections.abc import Mapping
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

log = structlog.get_logger("wechat")

# Who submits waits no longer than this until WeChat was asked about all photos.
SECONDS = 10.0
_AT_ONCE = 4
_FOUND = ("pass", "review", "risky")


async def ask(deps: Deps, actor: Actor, submission_id: str) -> None:
    """Has WeChat look at the photos of a form that was just submitted, at those that it was not asked about before.

    WeChat fetches each by an address that is signed for the actor's session. Raises nothing that WeChat might cause.
    """
    person = await people.find(deps.db, actor.person_id) if deps.settings.wechat_content_check else None
    if person is None or person.wechat is None:
        return
    openid, limit = person.wechat.openid, asyncio.Semaphore(_AT_ONCE)
    photos = await evidence.unchecked_photos(deps.db, submission_id)
    shown = await files.views(deps, actor, [evidence_record(photo) for photo in photos])

    async def ask_about(photo_id: str, address: str) -> None:
        async with limit:
            answer = await gateway(deps).check_media(openid, SCENE, f"{deps.settings.base_url}{address}")
        if isinstance(answer, Done):
            await evidence.set_media_check(deps.db, photo_id, answer.value, deps.clock())
        else:
            log.warning("photo not checked", reason=answer.reason.value)

    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(ask_about(id_, view.large) for id_, view in shown.items() if view.large is not None))
    except TimeoutError:
        log.warning("asking about photos took too long", photos=len(photos))


async def note(deps: Deps, event: Event) -> None:
    """Marks the photo with what WeChat found; a trace of no photo of ours, or one without a finding, is let pass."""
    result: Any = event.fields.get("result")
    found = result.get("suggest") if isinstance(result, Mapping) else None
    trace_id = event.fields.get("trace_id")
    if found in _FOUND and isinstance(trace_id, str):
        await evidence.note_media_check(deps.db, trace_id, found)
