"""The audit trail: what happened, by whom, to what, before and after. Events are added and never touched again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.models.people import Actor
from backend.store.mongo import Database, Document, Session
from backend.store.numbered import Order, numbered

SCHEMA = 1
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event. `event` is `noun.verb` in the past ("session.opened"); `kind` and `object_id` name what it is about.

    `actor` is None for the command line. `before` and `after` hold what changed, and never a secret.
    """

    id: str
    event: str
    at: datetime
    actor: Actor | None
    kind: str
    object_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None


async def record(db: Database, session: Session, event: AuditEvent) -> None:
    """Adds the event within the transaction that does what it tells of: there is never one without the other."""
    await db.audit_events.insert_one(_document(event), session=session)


async def record_many(db: Database, session: Session, events: Sequence[AuditEvent]) -> None:
    """Adds many events within the transaction; none is no error."""
    for start in range(0, len(events), _BATCH):
        batch = [_document(event) for event in events[start : start + _BATCH]]
        await db.audit_events.insert_many(batch, ordered=False, session=session)


def _document(event: AuditEvent) -> Document:
    return {
        "_id": event.id,
        "schema": SCHEMA,
        "event": event.event,
        "at": event.at,
        "actor": event.actor.to_audit() if event.actor else None,
        "object": {"kind": event.kind, "id": event.object_id},
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
    }


async def last_of(db: Database, object_ids: Sequence[str], session: Session | None = None) -> Document | None:
    """The newest event about any of the objects."""
    wanted = {"object.id": {"$in": list(object_ids)}}
    found = db.audit_events.find(wanted, session=session).sort([("at", -1), ("_id", -1)]).limit(1)
    return next(iter(await found.to_list(1)), None)


# The first index all of whose fields a filter says gives its events by time; those first that fewer events share.
_INDEXES = {
    "object": {"object.id"},
    "person_event": {"actor.person_id", "event"},
    "person": {"actor.person_id"},
    "event": {"event"},
}


async def table(
    db: Database, wanted: Mapping[str, Any], *, descending: bool, skip: int, limit: int
) -> tuple[list[Document], int]:
    """Events by their time, and how many there are in all.

    `wanted` may hold any of "actor.person_id", "event", "object.id" and a range of "at". What an index does not begin
    with it carries behind its times, so that only what fits is read.
    """
    index = next((index for index, fields in _INDEXES.items() if fields <= wanted.keys()), "at")
    return await numbered(db.audit_events, wanted, Order(("at", "_id"), index, descending), skip, limit)
