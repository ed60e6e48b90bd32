"""What a person was told: their own messages, and that they have read them."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.inbox import InboxMessage, InboxPage
from backend.models.paging import PageQuery
from backend.models.people import Actor
from backend.store import inbox


async def read(deps: Deps, actor: Actor, query: PageQuery) -> InboxPage:
    """A page of the actor's own messages, newest first, whichever of their roles they are in."""
    rows, cursor = await inbox.page_of_person(deps.db, actor.person_id, query.limit, query.cursor)
    unread = await inbox.count_unread(deps.db, actor.person_id)
    return InboxPage(items=[_view(row) for row in rows], next_cursor=cursor, unread=unread)


async def mark_read(deps: Deps, actor: Actor, message_id: str) -> InboxMessage:
    """Notes that the actor has read a message; the first time stands. Raises `NotFound` for another's."""
    row = await inbox.mark_read(deps.db, actor.person_id, message_id, deps.clock())
    if row is None:
        raise NotFound("没有这条消息，请刷新后重试")
    return _view(row)


def _view(row: Mapping[str, Any]) -> InboxMessage:
    return InboxMessage(
        id=row["_id"],
        event=row["event"],
        title=row["title"],
        text=row["text"],
        link=row["link"],
        at=row["at"],
        read_at=row["read_at"],
    )
