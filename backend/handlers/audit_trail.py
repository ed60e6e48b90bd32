"""The audit trail."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.audit_trail import AuditQuery, AuditRow
from backend.models.paging import Page, page_of
from backend.services import audit_trail


class AuditEvents(Handler):
    """/api/audit-events"""

    @operation("audit_event.read", query=AuditQuery, answer=page_of(AuditRow))
    async def get(self) -> Page[AuditRow]:
        """Who did what, newest first."""
        return await audit_trail.read(self.deps, self.actor, self.query)


ROUTES: tuple[Route, ...] = (Route("/api/audit-events", AuditEvents),)
