"""The worker's side of the outbox: whose turn it is, and what became of a message.

state: pending → claimed → sending → sent | refused | no_quota | dead | inbox_only. A message that is not finished is
`live`, and `due_at` is when somebody is to look at it next: when it may be sent, when a lease ends (claimed), when
nothing more is to be expected of an attempt that nobody recorded the end of (sending). While `holder` works on it, it
is `held`; an index allows one held message a person. `target` is where it goes: {openid, template_id, page, data,
spent}; `spent` says that it has used up an accept. `resend` marks the one attempt after an attempt of unknown end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from backend.store.mongo import Database, Document, Session
from backend.store.outbox import fresh

STATES = ("pending", "claimed", "sending", "sent", "refused", "no_quota", "dead", "inbox_only")
_FREE = {"held": False, "holder": None}
_SECOND = timedelta(seconds=1)


async def heads(db: Database, now: datetime, limit: int) -> Sequence[Document]:
    """Messages that are due, each the first of its person's: what was written later waits for it.

    Looks at the `limit` that have been due for the longest.
    """
    due = db.outbox.find({"live": True, "due_at": {"$lte": now}}, {"person_id": 1}).sort("due_at", 1).limit(limit)
    people = list(dict.fromkeys([row["person_id"] async for row in due]))
    if not people:
        return []
    pipeline: list[dict[str, Any]] = [
        {"$match": {"person_id": {"$in": people}, "live": True}},
        {"$sort": {"person_id": 1, "created_at": 1, "order": 1}},
        {"$group": {"_id": "$person_id", "row": {"$first": "$$ROOT"}}},
        {"$match": {"row.due_at": {"$lte": now}}},
    ]
    return [found["row"] async for found in db.outbox.aggregate(pipeline)]


async def claim(db: Database, row: Mapping[str, Any], holder: str, until: datetime, *, resend: bool) -> bool:
    """Takes a message that is due, as it was read; whether nobody was faster, or holds another one of its person."""
    as_read = {"_id": row["_id"], "state": row["state"], "due_at": row["due_at"], "holder": row["holder"]}
    change = {"state": "claimed", "held": True, "holder": holder, "due_at": until, "resend": resend}
    try:
        return bool((await db.outbox.update_one(as_read, {"$set": change})).modified_count)
    except DuplicateKeyError:
        return False


async def send(
    db: Database, session: Session, row_id: str, holder: str, target: Mapping[str, Any], now: datetime, until: datetime
) -> bool:
    """Notes that the message is about to be sent, before it is; whether the holder still holds it."""
    held = {"_id": row_id, "state": "claimed", "holder": holder}
    fields = {"state": "sending", "target": dict(target), "due_at": until}
    # The earliest attempt of which the end is not known: an event of WeChat's may be about any since.
    since = {"$cond": ["$resend", {"$ifNull": ["$sending_since", now]}, now]}
    change: list[dict[str, Any]] = [
        {"$set": {name: {"$literal": value} for name, value in fields.items()} | {"sending_since": since}},
        {"$set": {"attempts": {"$add": ["$attempts", 1]}}},
    ]
    return bool((await db.outbox.update_one(held, change, session=session)).modified_count)


async def finish(
    db: Database,
    row_id: str,
    holder: str,
    state: str,
    now: datetime,
    fields: Mapping[str, Any],
    session: Session | None = None,
) -> bool:
    """Notes what became of a message; whether the holder still held it."""
    held = {"_id": row_id, "live": True, "holder": holder}
    change = {"state": state, "live": False, "finished_at": now, **_FREE, **fields}
    return bool((await db.outbox.update_one(held, {"$set": change}, session=session)).modified_count)


async def put_back(
    db: Database, row_id: str, holder: str, due_at: datetime, fields: Mapping[str, Any], session: Session | None = None
) -> bool:
    """Lets a message be tried again from `due_at` on; whether the holder still held it."""
    held = {"_id": row_id, "live": True, "holder": holder}
    change = {"state": "pending", "due_at": due_at, **_FREE, **fields}
    return bool((await db.outbox.update_one(held, {"$set": change}, session=session)).modified_count)


async def leave_open(db: Database, row_id: str, holder: str, error: str) -> None:
    """Lets go of a message that was sent, perhaps: it stays in `sending` until WeChat's event, or until it is due."""
    held = {"_id": row_id, "state": "sending", "holder": holder}
    await db.outbox.update_one(held, {"$set": {**_FREE, "last_error": error}})


async def release(db: Database, holder: str, row_ids: Sequence[str], now: datetime) -> int:
    """Gives back what the holder claimed and did not begin to send; how many there were."""
    claimed = {"_id": {"$in": list(row_ids)}, "state": "claimed", "holder": holder}
    result = await db.outbox.update_many(claimed, {"$set": {"state": "pending", "due_at": now, **_FREE}})
    return result.modified_count


async def by_message_id(db: Database, message_id: str) -> Document | None:
    """The message that WeChat took under this id."""
    return await db.outbox.find_one({"message_id": message_id})


async def under_way(db: Database, openid: str, template_id: str, at: datetime) -> Document | None:
    """The message to this user that was being sent at the time `at` (which WeChat gives in whole seconds)."""
    target = {"target.openid": openid, "target.template_id": template_id, "live": True}
    return await db.outbox.find_one({**target, "state": "sending", "sending_since": {"$lt": at + _SECOND}})


async def settle(db: Database, row: Mapping[str, Any], state: str, now: datetime, fields: Mapping[str, Any]) -> bool:
    """Notes what WeChat's event says of a message, as it was read; whether it still was so."""
    as_read = {"_id": row["_id"], "state": row["state"], "sending_since": row["sending_since"]}
    change = {"state": state, "live": False, "finished_at": now, **_FREE, **fields}
    return bool((await db.outbox.update_one(as_read, {"$set": change})).modified_count)


async def renew(db: Database, session: Session, wanted: Mapping[str, Any], now: datetime, limit: int) -> Sequence[str]:
    """Makes finished messages pending as if they were new, at most `limit`; gives their ids."""
    rows = db.outbox.find({**wanted, "live": False}, {"_id": 1}, session=session).sort("created_at", 1).limit(limit)
    ids = [row["_id"] async for row in rows]
    await db.outbox.update_many({"_id": {"$in": ids}}, {"$set": fresh(now)}, session=session)
    return ids


async def counts(db: Database, occasion: str) -> Mapping[str, int]:
    """How many messages of an occasion are in which state."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"occasion": occasion}},
        {"$group": {"_id": "$state", "count": {"$sum": 1}}},
    ]
    return {found["_id"]: found["count"] async for found in db.outbox.aggregate(pipeline)}


async def pause(db: Database, app_id: str, until: datetime, reason: str) -> None:
    """Stops the sending of all processes until then, or for as long as it is stopped anyway, if that is longer."""
    change = [
        {
            "$set": {
                "schema": 1,
                "reason": {"$cond": [{"$gt": [until, "$until"]}, {"$literal": reason}, "$reason"]},
                "until": {"$max": ["$until", until]},
            }
        }
    ]
    await db.delivery_pauses.update_one({"_id": app_id}, change, upsert=True)


async def paused_until(db: Database, app_id: str) -> datetime | None:
    """Until when nothing is sent; a time that has passed, or None, where it is."""
    found = await db.delivery_pauses.find_one({"_id": app_id})
    return found["until"] if found else None
