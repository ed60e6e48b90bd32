"""The outbox as the city officer sees it: what goes to whom, and whether it got there. No phone numbers."""

from enum import StrEnum

from backend.models.base import FromJson, Id, Instant, Line, Model
from backend.models.paging import PageQuery


class Delivery(StrEnum):
    """Where the delivery of a message stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    DEAD = "dead"


class OutboxQuery(PageQuery):
    """All messages, or those in one state of delivery."""

    state: FromJson[Delivery] | None = None


class OutboxRow(Model):
    """One message to one person; `last_error` says why the last attempt failed. It is in their inbox in any case."""

    id: Id
    event: str
    person_id: Id
    person_name: Line | None
    state: Delivery
    attempts: int
    last_error: str | None
    created_at: Instant
    due_at: Instant
    read_at: Instant | None
