"""WeChat's `subscribe_msg_sent_event`: what became of a message, by WeChat's own word.

It names WeChat's id of the message. Where we have that id, all is clear. Where we have not, it is of an attempt whose
answer nobody recorded. Only if one message alone has such an attempt do we know whose it is; else we would take the
event of one for another's, and that one would be lost. What is not settled by it is sent again, by the rule.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from backend.deps import Deps
from backend.store import deliveries

log = structlog.get_logger("delivery")

_DELIVERED = "0"


async def note(deps: Deps, *, openid: str, template_id: str, msg_id: str, error_code: str, at: datetime) -> None:
    """Settles the message that the event of the time `at` is about, if we can tell: it was delivered, or it could not
    be. An event without an id says nothing that could be relied on."""
    if not msg_id:
        return
    # In this order: an id that becomes known in between is found, and the event not taken for another message's.
    may_be = await deliveries.unsettled(deps.db, openid, template_id, at)
    known = await deliveries.by_message_id(deps.db, msg_id)
    error = None if error_code == _DELIVERED else f"not_delivered:{error_code[:16]}"
    if known is not None:
        if error is not None and known["state"] == "sent":
            await _come_to(deps, known, msg_id, "refused", error)
    elif len(may_be) == 1:
        await _settle(deps, may_be[0], msg_id, error)
    elif may_be:
        log.info("sent_event_ambiguous", messages=[row["_id"] for row in may_be])


async def _settle(deps: Deps, row: Mapping[str, Any], msg_id: str, error: str | None) -> None:
    """The event is of the message's attempt of unknown end, or of one of them."""
    since = row["unsettled"][0]["since"]
    if error is None and row["state"] != "sent":
        await _come_to(deps, row, msg_id, "sent", None, since)
    elif error is not None and not row["message_ids"]:
        await _come_to(deps, row, msg_id, "refused", error, since)
    else:
        # It has arrived by another attempt already, or what we know of it is better.
        await deliveries.note_event(deps.db, row, msg_id, since=since)


async def _come_to(
    deps: Deps, row: Mapping[str, Any], msg_id: str, state: str, error: str | None, since: datetime | None = None
) -> None:
    fields = {"last_error": error, "finished_at": deps.clock()}
    await deliveries.note_event(deps.db, row, msg_id, state, fields, since=since)
