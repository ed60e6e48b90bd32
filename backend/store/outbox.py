"""Messages to people: one row for WeChat's delivery (the outbox) and one for the in-app inbox, written together.

A message is written in the transaction of the use case that it tells of. The worker delivers it later; the inbox shows
it at once, so that nobody goes uninformed for want of a quota.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.store.mongo import Database, Session
from backend.store.numbered import Order, numbered

SCHEMA = 3
_INBOX_SCHEMA = 1

# Of two messages to a person written in the same millisecond, the first goes first. Counted in each process: whoever
# writes from two at once has no first.
_order = itertools.count()


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person about one event; `dedupe_key` is the same for the same message written twice.

    `event` names the template ("submission.returned"), `values` what it is filled with, `title` and `text` are the
    Chinese words of the inbox, `link` the page of the app that it leads to. `occasion` is what many messages have in
    common (a publication).
    """

    id: str
    dedupe_key: str
    person_id: str
    event: str
    at: datetime
    title: str
    text: str
    values: Mapping[str, Any]
    link: str | None = None
    occasion: str | None = None


async def enqueue(db: Database, session: Session, messages: Sequence[Message]) -> None:
    """Adds the messages to outbox and inbox within the transaction; none is no error."""
    if messages:
        await db.outbox.insert_many([_outbox(message) for message in messages], session=session)
        await db.inbox.insert_many([_inbox(message) for message in messages], session=session)


async def known_keys(db: Database, session: Session, keys: Iterable[str]) -> frozenset[str]:
    """Those of the dedupe keys that are in the outbox already."""
    known = db.outbox.find({"dedupe_key": {"$in": list(keys)}}, {"_id": 0, "dedupe_key": 1}, session=session)
    return frozenset([row["dedupe_key"] async for row in known])


async def about(db: Database, session: Session, message_ids: list[str], object_id: str) -> list[str]:
    """Those of the messages that are about the object."""
    rows = db.outbox.find({"_id": {"$in": message_ids}}, {"dedupe_key": 1}, session=session)
    return [row["_id"] async for row in rows if row["dedupe_key"].split(":")[1] == object_id]


async def hand_over(db: Database, session: Session, message_ids: list[str], person_id: str) -> None:
    """Readdresses those of the messages that wait, but for those that may have been sent already."""
    wanted = {"_id": {"$in": message_ids}, "state": "pending", "resend": False}
    await db.outbox.update_many(wanted, {"$set": {"person_id": person_id}}, session=session)


# The index for a filter that says one of these fields; each has the others behind its sort keys.
_INDEXES = {"person_id": "recipient", "event": "event", "state": "state"}


async def table(
    db: Database, wanted: Mapping[str, Any], *, descending: bool, skip: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Messages by their time, and how many there are in all; `wanted` may hold state, event, person_id, and a range of
    created_at."""
    index = next((index for field, index in _INDEXES.items() if field in wanted), "created")
    order = Order(("created_at", "_id"), index, descending)
    return await numbered(db.outbox, wanted, order, skip, limit)


def _outbox(message: Message) -> dict[str, Any]:
    return {
        "_id": message.id,
        "schema": SCHEMA,
        "dedupe_key": message.dedupe_key,
        "person_id": message.person_id,
        "event": message.event,
        "values": dict(message.values),
        "link": message.link,
        "occasion": message.occasion,
        "created_at": message.at,
        "order": next(_order),
        "unsettled": [],
        "message_ids": [],
        **fresh(message.at),
    }


def fresh(due_at: datetime) -> dict[str, Any]:
    """The fields of a message that nobody has tried to deliver yet; `store.deliveries` explains and changes them. What
    is known of earlier attempts stays beside them."""
    return {
        "state": "pending",
        "live": True,
        "held": False,
        "holder": None,
        "due_at": due_at,
        "attempts": 0,
        "last_error": None,
        "target": None,
        "resend": False,
        "finished_at": None,
    }


def _inbox(message: Message) -> dict[str, Any]:
    return {
        "_id": message.id,
        "schema": _INBOX_SCHEMA,
        "person_id": message.person_id,
        "event": message.event,
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "at": message.at,
        "read_at": None,
        # Said twice, because an index can't count what is null without reading it.
        "unread": True,
    }
