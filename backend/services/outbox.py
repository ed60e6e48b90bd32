"""Every message's delivery, in view of the city officer: who could not be reached by WeChat, and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.deps import Deps
from backend.models.outbox import Delivery, OutboxQuery, OutboxRow
from backend.models.paging import Page
from backend.models.people import Actor
from backend.store import inbox, outbox
from backend.store.notices import names_of


async def read(deps: Deps, actor: Actor, query: OutboxQuery) -> Page[OutboxRow]:
    """A page of the messages to everybody, newest first."""
    state = query.state and query.state.value
    rows, cursor = await outbox.page_by_state(deps.db, state, query.limit, query.cursor)
    names = await names_of(deps.db, {row["person_id"] for row in rows})
    read_at = await inbox.read_times(deps.db, [row["_id"] for row in rows])
    items = [_view(row, names.get(row["person_id"]), read_at.get(row["_id"])) for row in rows]
    return Page[OutboxRow](items=items, next_cursor=cursor)


def _view(row: Mapping[str, Any], name: str | None, read_at: datetime | None) -> OutboxRow:
    return OutboxRow(
        id=row["_id"],
        event=row["event"],
        person_id=row["person_id"],
        person_name=name,
        state=Delivery(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        read_at=read_at,
    )
