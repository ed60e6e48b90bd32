"""Takes messages and sends them by WeChat, some at a time; `delivery_outcomes` records what becomes of each.

The order of things makes a crash at any step harmless: that it is about to be sent, and the accept that it uses up, are
on record before WeChat is called. Whether WeChat took a message whose end nobody recorded, its own
`subscribe_msg_sent_event` says (`sent_events`); where none came within a minute, it is sent once more, and where WeChat
then answers that no accept is left (43101), the first one had arrived.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Answer, Fault, RetryLater, Subscribe
from backend.store import deliveries, people, quotas
from backend.store.mongo import Session, transact
from backend.store.people import Person

# Whoever calls WeChat gives up before somebody else may take the call for lost: see SEND_SECONDS.
SETTLED_AFTER = timedelta(seconds=60)
CLAIMED_FOR = timedelta(seconds=30)
# Beyond that a thread may be at it for another 11 s (wechat_client), and no longer.
SEND_SECONDS = 40.0

Row = Mapping[str, Any]
# A message with where it goes: {openid, template_id, page, data, spent}.
Aimed = tuple[Row, dict[str, Any]]

log = structlog.get_logger("delivery")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of WeChat for a message, which is on record as begun at `since` by the `holder` of the message."""

    holder: str
    row: Row = field(repr=False)
    target: Mapping[str, Any] = field(repr=False)
    since: datetime

    @property
    def quota(self) -> quotas.Key:
        """The accepts that it takes one of."""
        return self.target["openid"], self.target["template_id"]


class LeaseLostError(Exception):
    """Somebody else took a message, because this process was too slow, or WeChat's event settled it."""


async def claim(deps: Deps, holder: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Those of the messages that the holder is to deliver. Somebody was faster with the others, or they are to be tried
    no more."""
    mine = await deliveries.claim(deps.db, rows, holder, deps.clock() + CLAIMED_FOR)
    # The one resend has met the same fate.
    lost = {row["_id"] for row in rows if row["state"] == "sending" and row["resend"]}
    now = deps.clock()
    dead = [
        deliveries.finished(row["_id"], holder, "dead", now, {"last_error": row["last_error"] or Fault.NO_ANSWER}, {})
        for row in mine
        if row["_id"] in lost
    ]
    await deliveries.apply(deps.db, dead)
    return [row for row in mine if row["_id"] not in lost]


async def release(deps: Deps, holder: str, rows: Sequence[Row]) -> None:
    """Gives back claimed messages: somebody else may deliver them at once."""
    now = deps.clock()
    await deliveries.apply(deps.db, [deliveries.put_back(row["_id"], holder, now, {}, {}) for row in rows])


async def begin(deps: Deps, holder: str, rows: Sequence[Row]) -> Sequence[Attempt]:
    """Puts on record that claimed messages are about to be sent. Those that can't be are finished, with the reason."""
    aimed = await _aimed(deps, holder, rows)
    keys = [(target["openid"], target["template_id"]) for _, target in aimed]
    # Two messages to one WeChat user: a person was unbound from it and another bound, between two attempts.
    parts = [aimed] if len(keys) == len(set(keys)) else [[each] for each in aimed]
    return [attempt for part in parts for attempt in await _begin(deps, holder, part)]


async def _begin(deps: Deps, holder: str, aimed: Sequence[Aimed]) -> Sequence[Attempt]:
    if not aimed:
        return []
    try:
        return await transact(deps.db, lambda session: _note_beginning(deps, session, holder, aimed))
    except LeaseLostError:
        if len(aimed) > 1:
            return [attempt for each in aimed for attempt in await _begin(deps, holder, [each])]
        log.warning("lease_lost", message_id=aimed[0][0]["_id"])
        return []


async def _note_beginning(deps: Deps, session: Session, holder: str, aimed: Sequence[Aimed]) -> Sequence[Attempt]:
    """All of it in one transaction: an accept is used up by a message that is about to be sent, and by no other."""
    now = deps.clock()
    lacking = [
        (target["openid"], target["template_id"])
        for row, target in aimed
        if not target["spent"] and not deps.notices[row["event"]].long_term
    ]
    spent = await quotas.spend_each(deps.db, session, lacking)
    changes, attempts = [], []
    for row, target in aimed:
        key = (target["openid"], target["template_id"])
        # A resend asks WeChat in any case: what it answers says whether the first attempt arrived.
        if key in lacking and key not in spent and not row["resend"]:
            told = {"last_error": None, "target": target}
            changes.append(deliveries.finished(row["_id"], holder, "no_quota", now, told, {}))
            continue
        begun = {**target, "spent": target["spent"] or key in spent}
        changes.append(deliveries.begun(row["_id"], holder, begun, now, now + SETTLED_AFTER))
        attempts.append(Attempt(holder, row, begun, now))
    if await deliveries.apply(deps.db, changes, session) != len(changes):
        # Nothing is spent, for the transaction ends here.
        raise LeaseLostError
    return attempts


async def _aimed(deps: Deps, holder: str, rows: Sequence[Row]) -> Sequence[Aimed]:
    """The messages that can go to WeChat, each with its target. The others stay in the inbox, with the reason."""
    found = await people.find_each(deps.db, {row["person_id"] for row in rows})
    aimed: list[Aimed] = []
    changes, now = [], deps.clock()
    for row in rows:
        target = row["target"] if row["resend"] else _target(deps, row, found.get(row["person_id"]))
        reason = _obstacle(deps, target)
        if reason is None:
            aimed.append((row, target))
        else:
            told = {"last_error": reason, "target": target}
            changes.append(deliveries.finished(row["_id"], holder, "inbox_only", now, told, {}))
    await deliveries.apply(deps.db, changes)
    return aimed


def _target(deps: Deps, row: Row, person: Person | None) -> dict[str, Any]:
    """Where the message goes, and what it says, as far as that is known."""
    notice = deps.notices[row["event"]]
    return {
        "openid": person.wechat.openid if person and person.wechat else None,
        "template_id": notice.template,
        "page": notice.page_of(row["link"]),
        "data": dict(notice.data(row["values"], row["created_at"])),
        "spent": False,
    }


def _obstacle(deps: Deps, target: Mapping[str, Any]) -> str | None:
    """Why the message is not for WeChat; None where it is."""
    if deps.wechat is None:
        return "not_configured"
    if target["template_id"] is None:
        return "no_template"
    return "not_bound" if target["openid"] is None else None


async def send(deps: Deps, attempt: Attempt) -> Answer[str]:
    """Calls WeChat; gives its answer, with the id of the message."""
    target = attempt.target
    message = Subscribe(target["openid"], target["template_id"], target["page"], target["data"])
    if deps.wechat is None:
        raise RuntimeError("nothing begins without WeChat")
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await deps.wechat.send(message)
    except TimeoutError:
        return RetryLater(Fault.NO_ANSWER, maybe_done=True)
    except Exception as error:
        # The token, which is in the database, could not be had: WeChat was not asked, or took no message.
        if deps.translate_error(error) is None:
            raise
        return RetryLater(Fault.NO_TOKEN)


async def turn(deps: Deps, count: int) -> float:
    """Seconds to wait until so many messages may be sent: the rate holds for all processes together."""
    if deps.wechat is None or not count:
        return 0
    return await deliveries.turn(deps.db, deps.wechat.account.app_id, count, deps.settings.wechat_rate)
