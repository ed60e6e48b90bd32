"""The inbox: what a person was told, newest first."""

from backend.models.base import Id, Instant, Model
from backend.models.paging import Page


class InboxMessage(Model):
    """A message; `event` is its kind ("submission.returned"), `link` the page of the app that it leads to."""

    id: Id
    event: str
    title: str
    text: str
    link: str | None
    at: Instant
    read_at: Instant | None


class InboxPage(Page[InboxMessage]):
    """A part of the inbox, and how many messages in all of it are unread."""

    unread: int
