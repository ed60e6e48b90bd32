"""The outbox as the city officer sees it: what goes to whom, and whether it got there. No phone numbers."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from backend.models.base import FromJson, Id, Instant, Line, Model
from backend.models.paging import PageQuery


class Delivery(StrEnum):
    """Where the delivery of a message stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    # The user has not accepted, or WeChat can't or won't reach them.
    REFUSED = "refused"
    NO_QUOTA = "no_quota"
    # Given up, with the reason.
    DEAD = "dead"
    # It was not for WeChat: none is configured, the event has no template, or the person is not bound.
    INBOX_ONLY = "inbox_only"


FINISHED = (Delivery.SENT, Delivery.REFUSED, Delivery.NO_QUOTA, Delivery.DEAD, Delivery.INBOX_ONLY)
RESENDABLE = (Delivery.REFUSED, Delivery.NO_QUOTA, Delivery.DEAD, Delivery.INBOX_ONLY)


class OutboxQuery(PageQuery):
    """All messages, or those in one state of delivery."""

    state: FromJson[Delivery] | None = None


class Rendered(Model):
    """What was sent to WeChat, or would have been: the template, the page, and the fields by their keys."""

    template_id: str | None
    page: str
    data: dict[str, str]


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
    finished_at: Instant | None
    read_at: Instant | None
    rendered: Rendered | None


class ResendSome(Model):
    """Messages that are to be delivered again."""

    ids: list[Id] = Field(min_length=1, max_length=200)


class ResendAll(Model):
    """All messages in a state are to be delivered again, 1000 at a time."""

    state: Literal["refused", "no_quota", "dead", "inbox_only"]


Resend = ResendSome | ResendAll


class Resent(Model):
    """The messages that will be delivered again. Those under way, sent or unknown are left as they are."""

    resent: list[Id]


class Deliveries(Model):
    """How many messages stand where; `waiting` are those that are not finished."""

    sent: int
    refused: int
    no_quota: int
    dead: int
    inbox_only: int
    waiting: int
