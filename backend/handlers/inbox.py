"""What a person was told."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.inbox import InboxMessage, InboxPage
from backend.models.paging import PageQuery
from backend.services import inbox


class Inbox(Handler):
    """/api/inbox"""

    @operation("inbox.read", query=PageQuery, answer=InboxPage)
    async def get(self) -> InboxPage:
        """One's messages, newest first, and how many are unread."""
        return await inbox.read(self.deps, self.actor, self.query)


class InboxMessageRead(Handler):
    """/api/inbox/{message_id}/read"""

    @operation("inbox.mark_read", answer=InboxMessage)
    async def post(self, message_id: str) -> InboxMessage:
        """Mark one of one's messages as read."""
        return await inbox.mark_read(self.deps, self.actor, message_id)


ROUTES: tuple[Route, ...] = (
    Route("/api/inbox", Inbox),
    Route("/api/inbox/{message_id}/read", InboxMessageRead),
)
