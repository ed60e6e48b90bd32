"""Delivers a message by WeChat, once, and records what became of it.

The order of things makes a crash at any step harmless: that it is about to be sent, and the accept that it uses up, are
on record before WeChat is called. Whether WeChat took a message whose end nobody recorded, its own
`subscribe_msg_sent_event` says; where none came within a minute, it is sent once more, and where WeChat then answers
that no accept is left (43101), the first one had arrived.
"""

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Answer, Done, Fault, Misconfigured, Refusal, Refused, RetryLater, Subscribe
from backend.store import deliveries, people, quotas
from backend.store.mongo import Session, transact
from inspection.rules.workflow import SHANGHAI

# Longer than a call can take, with a fetch of the token and a repetition; and WeChat's event comes within it.
SETTLED_AFTER = timedelta(seconds=60)
CLAIMED_FOR = timedelta(seconds=30)
MOST_ATTEMPTS = 20
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(hours=1)
_UNTIL_REPAIRED = timedelta(minutes=5)
_A_MINUTE = timedelta(minutes=1)

# The user's own doing; with all other refusals something is wrong with the message.
_OF_THE_USER = {Refusal.NOT_ACCEPTED, Refusal.NO_SUCH_USER, Refusal.BLOCKED}

log = structlog.get_logger("delivery")


async def claim(deps: Deps, holder: str, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The message, for the holder to deliver; None where somebody was faster, or it is to be tried no more."""
    lost = row["state"] == "sending"
    if not await deliveries.claim(deps.db, row, holder, deps.clock() + CLAIMED_FOR, resend=bool(lost or row["resend"])):
        return None
    if lost and row["resend"]:
        # The one resend has met the same fate.
        await _finish(deps, row, holder, "dead", row["last_error"] or Fault.NO_ANSWER)
        return None
    return {**row, "resend": lost or row["resend"]}


async def deliver(deps: Deps, holder: str, row: Mapping[str, Any]) -> Answer[str] | None:
    """Sends a claimed message and records the outcome; gives WeChat's answer, None where it was not asked."""
    chosen = row["target"] if row["resend"] else await _target(deps, holder, row)
    if chosen is None or deps.wechat is None:
        return None
    target = await transact(deps.db, lambda session: _begin(deps, session, holder, row, chosen))
    if target is None:
        return None
    message = Subscribe(target["openid"], target["template_id"], target["page"], target["data"])
    answer = await deps.wechat.send(message)
    await _record(deps, holder, row, target, answer)
    return answer


async def _target(deps: Deps, holder: str, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the message goes, and what it says; None where it stays in the inbox, which is recorded with the reason."""
    notice = deps.notices[row["event"]]
    person = await people.find(deps.db, row["person_id"])
    target = {
        "openid": person.wechat.openid if person and person.wechat else None,
        "template_id": notice.template,
        "page": notice.page_of(row["link"]),
        "data": dict(notice.data(row["values"], row["created_at"])),
        "spent": False,
    }
    if deps.wechat is None:
        reason = "not_configured"
    elif notice.template is None:
        reason = "no_template"
    elif target["openid"] is None:
        reason = "not_bound"
    else:
        return target
    await _finish(deps, row, holder, "inbox_only", reason, target=target)
    return None


async def _begin(
    deps: Deps, session: Session, holder: str, row: Mapping[str, Any], target: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Puts on record that it is about to be sent, with the accept that this takes; None where that can't be."""
    now, spent = deps.clock(), bool(target["spent"])
    if not spent and not deps.notices[row["event"]].long_term:
        spent = await quotas.spend(deps.db, target["openid"], target["template_id"], session)
        # A resend asks WeChat in any case: what it answers says whether the first attempt arrived.
        if not spent and not row["resend"]:
            fields = {"last_error": None, "target": dict(target)}
            if not await deliveries.finish(deps.db, row["_id"], holder, "no_quota", now, fields, session):
                raise LeaseLostError
            return None
    begun = {**target, "spent": spent}
    held = await deliveries.send(deps.db, session, row["_id"], holder, begun, now, now + SETTLED_AFTER)
    if not held:
        # Nothing is spent, for the transaction ends here.
        raise LeaseLostError
    return begun


class LeaseLostError(Exception):
    """Somebody else took the message, because this process was too slow."""


async def _record(
    deps: Deps, holder: str, row: Mapping[str, Any], target: Mapping[str, Any], answer: Answer[str]
) -> None:
    match answer:
        case Done(value=message_id):
            await _finish(deps, row, holder, "sent", None, message_id=message_id or None)
        case Refused(reason=Refusal.NOT_ACCEPTED) if row["resend"]:
            await _finish(deps, row, holder, "sent", None)
        case Refused():
            await _refused(deps, holder, row, target, answer)
        case RetryLater(maybe_done=True):
            await deliveries.leave_open(deps.db, row["_id"], holder, answer.reason)
        case RetryLater():
            await _again(deps, holder, row, target, answer.reason)
        case Misconfigured():
            await _pause(deps, deps.clock() + _UNTIL_REPAIRED, answer.reason)
            log.error("wechat_misconfigured", reason=answer.reason, errcode=answer.errcode)
            await _unsent(deps, holder, row, target, answer.reason, deps.clock() + _UNTIL_REPAIRED, counts=False)


async def _refused(deps: Deps, holder: str, row: Mapping[str, Any], target: Mapping[str, Any], answer: Refused) -> None:
    state = "refused" if answer.reason in _OF_THE_USER else "dead"
    error = ":".join(str(part) for part in (answer.reason.value, answer.errcode, answer.field) if part is not None)

    async def work(session: Session) -> None:
        fields = {"last_error": error}
        if not await deliveries.finish(deps.db, row["_id"], holder, state, deps.clock(), fields, session):
            return
        if answer.reason is Refusal.NOT_ACCEPTED:
            await quotas.empty(deps.db, target["openid"], target["template_id"], session)
        elif target["spent"]:
            await quotas.give_back(deps.db, target["openid"], target["template_id"], session)

    await transact(deps.db, work)


async def _again(deps: Deps, holder: str, row: Mapping[str, Any], target: Mapping[str, Any], reason: Fault) -> None:
    """Tries again later: when exactly depends on what is the matter."""
    now = deps.clock()
    if reason is Fault.DAY_LIMIT:
        tomorrow = next_day(now)
        await _pause(deps, tomorrow, reason)
        log.warning("wechat_day_limit", until=tomorrow.isoformat())
        await _unsent(deps, holder, row, target, reason, tomorrow, counts=False)
    elif row["attempts"] + 1 >= MOST_ATTEMPTS:
        await _unsent(deps, holder, row, target, reason, None)
    else:
        at_least = _A_MINUTE if reason is Fault.TOO_OFTEN else timedelta()
        await _unsent(deps, holder, row, target, reason, now + at_least + backoff(row["attempts"]))


async def _unsent(
    deps: Deps,
    holder: str,
    row: Mapping[str, Any],
    target: Mapping[str, Any],
    reason: str,
    due_at: datetime | None,
    *,
    counts: bool = True,
) -> None:
    """Gives the accept back, as WeChat did not take the message; to be tried again at `due_at`, or (None) no more.

    In a resend the accept may have been used up by the first attempt, and stays with the message. What is no fault of
    the message does not count as an attempt.
    """
    back = target["spent"] and not row["resend"]
    kept = {**target, "spent": bool(target["spent"]) and not back}

    async def work(session: Session) -> None:
        fields = {"last_error": str(reason), "target": kept, "attempts": row["attempts"] + counts}
        if due_at is None:
            mine = await deliveries.finish(deps.db, row["_id"], holder, "dead", deps.clock(), fields, session)
        else:
            mine = await deliveries.put_back(deps.db, row["_id"], holder, due_at, fields, session)
        if mine and back:
            await quotas.give_back(deps.db, target["openid"], target["template_id"], session)

    await transact(deps.db, work)


async def _finish(
    deps: Deps, row: Mapping[str, Any], holder: str, state: str, error: str | None, **fields: Any
) -> None:
    await deliveries.finish(deps.db, row["_id"], holder, state, deps.clock(), {"last_error": error, **fields})


async def _pause(deps: Deps, until: datetime, reason: str) -> None:
    if deps.wechat is not None:
        await deliveries.pause(deps.db, deps.wechat.account.app_id, until, reason)


async def paused_until(deps: Deps) -> datetime | None:
    """Until when no process is to send; None where they may."""
    if deps.wechat is None:
        return None
    until = await deliveries.paused_until(deps.db, deps.wechat.account.app_id)
    return until if until is not None and until > deps.clock() else None


async def hold_on(deps: Deps, reason: str) -> None:
    """Stops all processes for a minute: WeChat seems to be away, and each message is tried but once more."""
    await _pause(deps, deps.clock() + _A_MINUTE, reason)


def backoff(attempts: int) -> timedelta:
    """A random time up to a bound that doubles with every attempt: full jitter, so that rivals part."""
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(attempts, 30)))
    return bound * random.random()  # noqa: S311 - it only spreads them


def next_day(now: datetime) -> datetime:
    """The next midnight where WeChat counts its days (Asia/Shanghai)."""
    tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), SHANGHAI)


async def note_sent_event(
    deps: Deps, *, openid: str, template_id: str, msg_id: str, error_code: str, at: datetime
) -> None:
    """What WeChat's subscribe_msg_sent_event of the time `at` says: it settles a message whose end nobody recorded, and
    corrects one that WeChat took and then could not deliver."""
    row = await deliveries.by_message_id(deps.db, msg_id) if msg_id else None
    row = row or await deliveries.under_way(deps.db, openid, template_id, at)
    if row is None:
        return
    fields: dict[str, Any] = {"message_id": msg_id or None}
    if error_code == "0":
        if row["state"] == "sending":
            await deliveries.settle(deps.db, row, "sent", deps.clock(), {**fields, "last_error": None})
    elif row["state"] in ("sending", "sent"):
        error = f"not_delivered:{error_code[:16]}"
        await deliveries.settle(deps.db, row, "refused", deps.clock(), {**fields, "last_error": error})
