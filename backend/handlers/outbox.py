"""The delivery of messages."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.outbox import OutboxQuery, OutboxRow, Resend, Resent
from backend.models.paging import Page, page_of
from backend.services import outbox


class Outbox(Handler):
    """/api/outbox"""

    @operation("outbox.read", query=OutboxQuery, answer=page_of(OutboxRow))
    async def get(self) -> Page[OutboxRow]:
        """All messages with the state of their delivery, newest first."""
        return await outbox.read(self.deps, self.actor, self.query)


class OutboxResend(Handler):
    """/api/outbox/resend"""

    @operation("outbox.resend", body=Resend, answer=Resent)
    async def post(self) -> Resent:
        """Has messages delivered again that could not be: dead letters above all, once their reason is put right."""
        return await outbox.resend(self.deps, self.actor, self.body)


ROUTES: tuple[Route, ...] = (Route("/api/outbox", Outbox), Route("/api/outbox/resend", OutboxResend))
