"""Reading the audit trail, which `services.audit` writes."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.models.audit_trail import (
    EVENT_NAMES,
    AuditActor,
    AuditObject,
    AuditQuery,
    AuditRow,
    EventName,
    EventNames,
)
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.store import audit
from backend.store.notices import names_of


async def read(deps: Deps, actor: Actor, query: AuditQuery) -> Page[AuditRow]:
    """A page of the events that match the query, newest first."""
    rows, cursor = await audit.page_of_events(deps.db, _wanted(query), query.limit, query.cursor)
    names = await names_of(deps.db, {row["actor"]["person_id"] for row in rows if row["actor"]})
    return Page[AuditRow](items=[_view(row, names) for row in rows], next_cursor=cursor)


def event_names() -> EventNames:
    """All events that there may be, by their names."""
    return EventNames(events=[EventName(event=event, name=name) for event, name in EVENT_NAMES.items()])


def _wanted(query: AuditQuery) -> dict[str, Any]:
    exact = {"actor.person_id": query.person_id, "event": query.event, "object.id": query.object_id}
    wanted: dict[str, Any] = {name: value for name, value in exact.items() if value is not None}
    bounds = {bound: at for bound, at in (("$gte", query.since), ("$lt", query.until)) if at is not None}
    return wanted | {"at": bounds} if bounds else wanted


def _view(row: Mapping[str, Any], names: Mapping[str, str]) -> AuditRow:
    return AuditRow(
        id=row["_id"],
        event=row["event"],
        event_name=EVENT_NAMES.get(row["event"], row["event"]),
        at=row["at"],
        actor=_actor(row["actor"], names),
        object=AuditObject(kind=row["object"]["kind"], id=row["object"]["id"]),
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
    )


def _actor(actor: Mapping[str, Any] | None, names: Mapping[str, str]) -> AuditActor | None:
    if actor is None:
        return None
    return AuditActor(
        person_id=actor["person_id"],
        name=names.get(actor["person_id"]),
        role=Role(actor["role"]),
        session_id=actor["session_id"],
    )
