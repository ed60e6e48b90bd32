"""The audit trail: who did what to which object, when, and what it was before."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from backend.models.base import Id, Instant, Line, Model
from backend.models.paging import PageQuery
from backend.models.people import Role


class AuditQuery(PageQuery):
    """Events that match all that is given; `since` is included, `until` is not."""

    person_id: Id | None = Field(None, description="who acted")
    event: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)] | None = None
    object_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._-]+$", max_length=200)] | None = None
    since: Instant | None = None
    until: Instant | None = None


class AuditActor(Model):
    """Who acted, in which role and session; `name` is None for someone no longer registered."""

    person_id: Id
    name: Line | None
    role: Role
    session_id: Id


class AuditObject(Model):
    """What an event is about."""

    kind: str
    id: str


class AuditRow(Model):
    """One event; `actor` is None for the command line, points in `before` and `after` are hundredths as stored."""

    id: Id
    event: str
    at: Instant
    actor: AuditActor | None
    object: AuditObject
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
