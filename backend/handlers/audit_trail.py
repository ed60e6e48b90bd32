"""The audit trail."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.audit_trail import AuditQuery, AuditRow, EventNames
from backend.models.paging import Page, page_of
from backend.services import audit_trail


class AuditEvents(Handler):
    """/api/audit-events"""

    @operation("audit_event.read", query=AuditQuery, answer=page_of(AuditRow))
    async def get(self) -> Page[AuditRow]:
        """Who did what, newest first."""
        return await audit_trail.read(self.deps, self.actor, self.query)


class AuditEventNames(Handler):
    """/api/audit-events/names"""

    @operation("audit_event.read", id="audit_event.names", answer=EventNames)
    async def get(self) -> EventNames:
        """What the events are called, to search for them."""
        return audit_trail.event_names()


ROUTES: tuple[Route, ...] = (
    Route("/api/audit-events", AuditEvents),
    Route("/api/audit-events/names", AuditEventNames),
)
