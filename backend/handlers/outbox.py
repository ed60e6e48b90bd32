"""The delivery of messages."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.outbox import Resend, Resent
from backend.services import outbox


class OutboxResend(Handler):
    """/api/outbox/resend"""

    @operation("outbox.resend", body=Resend, answer=Resent)
    async def post(self) -> Resent:
        """Has messages delivered again that could not be: dead letters above all, once their reason is put right."""
        return await outbox.resend(self.deps, self.actor, self.body)


ROUTES: tuple[Route, ...] = (Route("/api/outbox/resend", OutboxResend),)
