"""Records what became of messages that were sent, and stops all processes where no message would fare better.

Everything here may be done again: a change finds the message no longer its holder's, and changes nothing.
"""

import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import structlog

from backend.deps import Deps
from backend.gateways.wechat_answers import Answer, Done, Fault, Misconfigured, Refusal, Refused, RetryLater
from backend.services.deliveries import Attempt
from backend.store import deliveries, quotas
from backend.store.deliveries import Change
from backend.store.mongo import Session, transact
from inspection.rules.workflow import SHANGHAI

MOST_ATTEMPTS = 20
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(hours=1)
_UNTIL_REPAIRED = timedelta(minutes=5)
_A_MINUTE = timedelta(minutes=1)

# The user's own doing; with all other refusals something is wrong with the message.
_OF_THE_USER = {Refusal.NOT_ACCEPTED, Refusal.NO_SUCH_USER, Refusal.BLOCKED}

# An attempt and what WeChat answered.
Ended = tuple[Attempt, Answer[str]]

log = structlog.get_logger("delivery")


async def record(deps: Deps, ended: Sequence[Ended]) -> None:
    """Notes what became of the messages: those that WeChat took all at once, the others one by one."""
    now = deps.clock()
    plain = [(attempt, answer, _plain(attempt, answer, now)) for attempt, answer in ended]
    changes = [change for _, _, change in plain if change is not None]
    if await deliveries.apply(deps.db, changes) != len(changes):
        # WeChat's event was faster with some of them. Their ids must be known all the same.
        taken = [
            deliveries.taken(attempt.row["_id"], attempt.since, answer.value)
            for attempt, answer in ended
            if isinstance(answer, Done) and answer.value
        ]
        await deliveries.apply(deps.db, taken)
    for attempt, answer, change in plain:
        if change is None:
            await _record(deps, attempt, answer)


def _plain(attempt: Attempt, answer: Answer[str], now: datetime) -> Change | None:
    """The change of an outcome that changes nothing else; None for one that does."""
    row_id, holder, sent = attempt.row["_id"], attempt.holder, {"last_error": None}
    match answer:
        case Done(value=message_id):
            return deliveries.finished(row_id, holder, "sent", now, sent, deliveries.settled(attempt.since, message_id))
        case Refused(reason=Refusal.NOT_ACCEPTED) if attempt.row["resend"]:
            return deliveries.finished(row_id, holder, "sent", now, sent, deliveries.settled(attempt.since, None))
        case RetryLater(maybe_done=True):
            return deliveries.left_open(row_id, holder, answer.reason)
        case _:
            return None


async def _record(deps: Deps, attempt: Attempt, answer: Answer[str]) -> None:
    match answer:
        case Refused():
            await _refused(deps, attempt, answer)
        case Misconfigured():
            await pause(deps, deps.clock() + _UNTIL_REPAIRED, answer.reason)
            log.error("wechat_misconfigured", reason=answer.reason, errcode=answer.errcode)
            await _unsent(deps, attempt, answer.reason, deps.clock() + _UNTIL_REPAIRED, counts=False)
        case RetryLater():
            await _again(deps, attempt, answer.reason)


async def _refused(deps: Deps, attempt: Attempt, answer: Refused) -> None:
    state = "refused" if answer.reason in _OF_THE_USER else "dead"
    error = ":".join(str(part) for part in (answer.reason.value, answer.errcode, answer.field) if part is not None)
    known = deliveries.settled(attempt.since, None)
    change = deliveries.finished(attempt.row["_id"], attempt.holder, state, deps.clock(), {"last_error": error}, known)

    async def work(session: Session) -> None:
        if not await deliveries.apply(deps.db, [change], session):
            return
        if answer.reason is Refusal.NOT_ACCEPTED:
            await quotas.empty(deps.db, *attempt.quota, session)
        elif attempt.target["spent"]:
            await quotas.give_back(deps.db, *attempt.quota, session)

    await transact(deps.db, work)


async def _again(deps: Deps, attempt: Attempt, reason: Fault) -> None:
    """Tries again later: when exactly depends on what is the matter."""
    now, attempts = deps.clock(), attempt.row["attempts"]
    if reason is Fault.DAY_LIMIT:
        tomorrow = next_day(now)
        await pause(deps, tomorrow, reason)
        log.warning("wechat_day_limit", until=tomorrow.isoformat())
        await _unsent(deps, attempt, reason, tomorrow, counts=False)
    elif attempts + 1 >= MOST_ATTEMPTS:
        await _unsent(deps, attempt, reason, None)
    else:
        at_least = _A_MINUTE if reason is Fault.TOO_OFTEN else timedelta()
        await _unsent(deps, attempt, reason, now + at_least + backoff(attempts))


async def _unsent(deps: Deps, attempt: Attempt, reason: str, due_at: datetime | None, *, counts: bool = True) -> None:
    """Gives the accept back, as WeChat did not take the message; to be tried again at `due_at`, or (None) no more.

    In a resend the accept may have been used up by the first attempt, and stays with the message. What is no fault of
    the message does not count as an attempt.
    """
    row, target = attempt.row, attempt.target
    back = target["spent"] and not row["resend"]
    kept = {**target, "spent": bool(target["spent"]) and not back}
    fields = {"last_error": str(reason), "target": kept, "attempts": row["attempts"] + counts}
    known = deliveries.settled(attempt.since, None)
    if due_at is None:
        change = deliveries.finished(row["_id"], attempt.holder, "dead", deps.clock(), fields, known)
    else:
        change = deliveries.put_back(row["_id"], attempt.holder, due_at, fields, known)

    async def work(session: Session) -> None:
        if await deliveries.apply(deps.db, [change], session) and back:
            await quotas.give_back(deps.db, *attempt.quota, session)

    await transact(deps.db, work)


async def pause(deps: Deps, until: datetime, reason: str) -> None:
    """Stops the sending of all processes until then."""
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
    await pause(deps, deps.clock() + _A_MINUTE, reason)


def backoff(attempts: int) -> timedelta:
    """A random time up to a bound that doubles with every attempt: full jitter, so that rivals part."""
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(attempts, 30)))
    return bound * random.random()  # noqa: S311 - it only spreads them


def next_day(now: datetime) -> datetime:
    """The next midnight where WeChat counts its days (Asia/Shanghai)."""
    tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), SHANGHAI)
