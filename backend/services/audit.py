"""Records an audit event within the transaction of the use case that it tells of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.deps import Deps
from backend.models.people import Actor
from backend.store.audit import AuditEvent, record, record_many
from backend.store.mongo import Session


async def audit(
    deps: Deps,
    transaction: Session,
    actor: Actor | None,
    event: str,
    kind: str,
    object_id: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Records that `actor` (None: the command line) did `event` ("session.opened") to the object, now."""
    await record(
        deps.db,
        transaction,
        AuditEvent(deps.new_id(), event, deps.clock(), actor, kind, object_id, before, after, reason),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one of many objects: its id, and what changed of it."""

    object_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def audit_many(
    deps: Deps,
    transaction: Session,
    actor: Actor | None,
    event: str,
    kind: str,
    changes: Sequence[Change],
    *,
    reason: str | None = None,
) -> None:
    """Records the same event for many objects at once, one event each (see `audit`)."""
    now = deps.clock()
    events = [
        AuditEvent(deps.new_id(), event, now, actor, kind, each.object_id, each.before, each.after, reason)
        for each in changes
    ]
    await record_many(deps.db, transaction, events)
