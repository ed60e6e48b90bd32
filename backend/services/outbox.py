"""Every message's delivery, in view of the city officer: who could not be reached by WeChat, and why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.deps import Deps
from backend.models.outbox import (
    FINISHED,
    MESSAGE_NAMES,
    RESENDABLE,
    Deliveries,
    Delivery,
    OutboxRow,
    Rendered,
    Resend,
    ResendAll,
    Resent,
)
from backend.models.people import Actor
from backend.services.audit import audit
from backend.services.delivery_words import in_words
from backend.store import deliveries, inbox, outbox
from backend.store.mongo import Session, transact
from backend.store.notices import names_of

MOST_RESENT = 1000


async def listed(deps: Deps, state: Delivery, limit: int) -> list[OutboxRow]:
    """The newest messages in a state, for the command line."""
    rows, _ = await outbox.table(deps.db, {"state": state.value}, descending=True, skip=0, limit=limit)
    view = await views(deps, rows)
    return [view(row) for row in rows]


async def views(deps: Deps, rows: Sequence[Mapping[str, Any]]) -> Callable[[Mapping[str, Any]], OutboxRow]:
    """What shows each of the messages, with the names of people and when they read it."""
    names = await names_of(deps.db, {row["person_id"] for row in rows})
    read_at = await inbox.read_times(deps.db, [row["_id"] for row in rows])
    return lambda row: _view(row, names.get(row["person_id"]), read_at.get(row["_id"]))


async def resend(deps: Deps, actor: Actor | None, body: Resend) -> Resent:
    """Has finished messages delivered again, but for those that were sent."""
    resendable = [state.value for state in RESENDABLE]
    wanted: dict[str, Any] = {"state": body.state} if isinstance(body, ResendAll) else {"_id": {"$in": body.ids}}
    wanted = {"state": {"$in": resendable}} | wanted

    async def work(transaction: Session) -> Resent:
        ids = await deliveries.renew(deps.db, transaction, wanted, deps.clock(), MOST_RESENT)
        if ids:
            after = {"messages": len(ids), **body.model_dump()}
            await audit(deps, transaction, actor, "outbox.resent", "outbox", ids[0], after=after)
        return Resent(resent=list(ids))

    return await transact(deps.db, work)


async def summed(deps: Deps, occasion: str) -> Deliveries:
    """How the messages of an occasion (a publication) stand."""
    counts = dict(await deliveries.counts(deps.db, occasion))
    finished = {state.value: counts.pop(state.value, 0) for state in FINISHED}
    return Deliveries(**finished, waiting=sum(counts.values()))


def _view(row: Mapping[str, Any], name: str | None, read_at: datetime | None) -> OutboxRow:
    target = row["target"]
    return OutboxRow(
        id=row["_id"],
        event=row["event"],
        event_name=MESSAGE_NAMES.get(row["event"], row["event"]),
        person_id=row["person_id"],
        person_name=name,
        state=Delivery(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        last_error_text=in_words(row["last_error"]),
        created_at=row["created_at"],
        due_at=row["due_at"],
        finished_at=row["finished_at"],
        read_at=read_at,
        rendered=target and Rendered(template_id=target["template_id"], page=target["page"], data=target["data"]),
    )
