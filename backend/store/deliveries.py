"""The worker's side of the outbox: whose turn it is, and what became of a message.

state: pending → claimed → sending → sent | refused | no_quota | dead | inbox_only. A message that is not finished is
`live`, and `due_at` is when somebody is to look at it next: when it may be sent, when a lease ends (claimed), when
nothing more is to be expected of an attempt that nobody recorded the end of (sending). While `holder` works on it, it
is `held`; an index allows one held message a person. `target` is where it goes: {openid, template_id, page, data,
spent}; `spent` says that it has used up an accept. `resend` marks the one attempt after an attempt of unknown end.

`unsettled` are the attempts that WeChat may have taken under an id that we don't know, [{openid, template_id, since}];
`message_ids` are the ids that we know. Both outlive the message's end: WeChat's event names an id and no message of
ours, and must not be taken for another message's.

What is written of many messages at once is a list of changes for `apply`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from pymongo import ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from backend.store.mongo import Database, Document, Session
from backend.store.outbox import fresh

# A change of one message, as the holder of it may make it; `apply` does it.
Change: TypeAlias = UpdateOne

STATES = ("pending", "claimed", "sending", "sent", "refused", "no_quota", "dead", "inbox_only")
_FREE = {"held": False, "holder": None}
_SECOND = timedelta(seconds=1)
_DUPLICATE_KEY = 11000
# Later than that no event of WeChat's comes.
_REMEMBERED = timedelta(days=1)
# What the token bucket holds, and the longest that it may be in debt (after the server's clock was set back).
_BURST_MS = 200
_MOST_AHEAD_MS = 60_000


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


async def claim(
    db: Database, rows: Sequence[Mapping[str, Any]], holder: str, until: datetime
) -> Sequence[dict[str, Any]]:
    """Takes messages that are due, as they were read; gives those with which nobody was faster, and of whose person
    nobody holds another. One that somebody was sending, and nobody recorded the end of, is a resend from now on."""
    changes = [
        UpdateOne(
            {"_id": row["_id"], "state": row["state"], "due_at": row["due_at"], "holder": row["holder"]},
            {
                "$set": {
                    "state": "claimed",
                    "held": True,
                    "holder": holder,
                    "due_at": until,
                    "resend": row["resend"] or row["state"] == "sending",
                }
            },
        )
        for row in rows
    ]
    try:
        await db.outbox.bulk_write(changes, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        others = [each for each in details.get("writeErrors", []) if each["code"] != _DUPLICATE_KEY]
        if others or details.get("writeConcernErrors"):
            raise
    mine = {"_id": {"$in": [row["_id"] for row in rows]}, "holder": holder, "state": "claimed"}
    return await db.outbox.find(mine).to_list(None)


async def apply(db: Database, changes: Sequence[Change], session: Session | None = None) -> int:
    """Makes the changes whose message is still their holder's; how many that were."""
    if not changes:
        return 0
    return (await db.outbox.bulk_write(list(changes), ordered=False, session=session)).modified_count


def begun(row_id: str, holder: str, target: Mapping[str, Any], now: datetime, until: datetime) -> Change:
    """The message is about to be sent; after `until` nothing more is to be expected of this attempt."""
    change = {
        "$set": {"state": "sending", "target": dict(target), "due_at": until},
        "$push": {"unsettled": {"openid": target["openid"], "template_id": target["template_id"], "since": now}},
        "$inc": {"attempts": 1},
    }
    return UpdateOne({"_id": row_id, "state": "claimed", "holder": holder}, change)


def settled(since: datetime, message_id: str | None) -> dict[str, Any]:
    """What is to be added to a change where the end of the attempt of `since` is known: WeChat took it under this id,
    or (None) did not take it. Where WeChat gave no id, the end is not known well enough."""
    if message_id == "":
        return {}
    known = {"$pull": {"unsettled": {"since": since}}}
    return known if message_id is None else {**known, "$addToSet": {"message_ids": message_id}}


def finished(
    row_id: str, holder: str, state: str, now: datetime, fields: Mapping[str, Any], settled: Mapping[str, Any]
) -> Change:
    """What became of the message."""
    change = {"state": state, "live": False, "finished_at": now, **_FREE, **fields}
    return UpdateOne({"_id": row_id, "live": True, "holder": holder}, {"$set": change, **settled})


def put_back(
    row_id: str, holder: str, due_at: datetime, fields: Mapping[str, Any], settled: Mapping[str, Any]
) -> Change:
    """The message is to be tried again from `due_at` on."""
    change = {"state": "pending", "due_at": due_at, **_FREE, **fields}
    return UpdateOne({"_id": row_id, "live": True, "holder": holder}, {"$set": change, **settled})


def left_open(row_id: str, holder: str, error: str) -> Change:
    """The message was sent, perhaps: it stays in `sending` until WeChat's event, or until it is due."""
    return UpdateOne({"_id": row_id, "state": "sending", "holder": holder}, {"$set": {**_FREE, "last_error": error}})


def taken(row_id: str, since: datetime, message_id: str) -> Change:
    """WeChat took it under this id, whoever holds it now, and whatever else became of it."""
    return UpdateOne({"_id": row_id}, settled(since, message_id))


async def by_message_id(db: Database, message_id: str) -> Document | None:
    """The message that WeChat took under this id."""
    return await db.outbox.find_one({"message_ids": message_id})


async def unsettled(db: Database, openid: str, template_id: str, at: datetime) -> Sequence[Document]:
    """The messages of which an attempt to this user may be what WeChat speaks of at the time `at`, by an id that we
    don't know; those attempts alone are in their `unsettled`. WeChat gives its time in whole seconds."""

    def may_be(attempt: Mapping[str, Any]) -> bool:
        to_user = (attempt["openid"], attempt["template_id"]) == (openid, template_id)
        return to_user and at - _REMEMBERED < attempt["since"] < at + _SECOND

    found = db.outbox.find({"unsettled.openid": openid, "unsettled.template_id": template_id})
    rows = [row | {"unsettled": [each for each in row["unsettled"] if may_be(each)]} async for row in found]
    return [row for row in rows if row["unsettled"]]


async def note_event(
    db: Database,
    row: Mapping[str, Any],
    message_id: str,
    state: str | None = None,
    fields: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
) -> bool:
    """Notes what WeChat's event says of a message, as it was read: its id, of which attempt (`since`) it was, and what
    the message comes to by it; whether it still was so."""
    change: dict[str, Any] = {"$addToSet": {"message_ids": message_id}}
    if since is not None:
        change["$pull"] = {"unsettled": {"since": since}}
    if state is not None:
        change["$set"] = {"state": state, "live": False, **_FREE, **(fields or {})}
    as_read = {"_id": row["_id"], "state": row["state"], "due_at": row["due_at"], "holder": row["holder"]}
    return bool((await db.outbox.update_one(as_read, change)).modified_count)


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


async def turn(db: Database, app_id: str, count: int, rate: float) -> float:
    """Seconds to wait until `count` messages may be sent: one token bucket for all processes, of `rate` a second.

    By the clock of MongoDB, which all share. What is lost of it with a server costs a few messages too many: it need
    not wait for a majority.
    """
    turns = db.get_collection("delivery_turns", write_concern=WriteConcern(1))
    earliest, latest = {"$subtract": ["$$NOW", _BURST_MS]}, {"$add": ["$$NOW", _MOST_AHEAD_MS]}
    start = {"$min": [{"$max": ["$next_at", earliest]}, latest]}
    change: list[dict[str, Any]] = [
        {"$set": {"schema": 1, "asked_at": "$$NOW", "starts_at": start}},
        {"$set": {"next_at": {"$add": ["$starts_at", 1000 * count / rate]}}},
    ]
    found = await turns.find_one_and_update({"_id": app_id}, change, upsert=True, return_document=ReturnDocument.AFTER)
    return max(0.0, float((found["starts_at"] - found["asked_at"]).total_seconds()))
