"""The outbox as the city officer sees it: what goes to whom, and whether it got there. No phone numbers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from backend.models.base import FromJson, Id, Instant, Line, Model
from backend.models.tables import EventKind, TableFilters


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


# What the messages of the outbox tell of, in the words of officers.
MESSAGE_NAMES: Mapping[str, str] = {
    "submission.received": "申报已收到",
    "submission.returned": "申报被退回",
    "submission.endorsed": "获得推荐",
    "submission.declined": "未获推荐",
    "submission.decline_undone": "撤销不予推荐",
    "submission.withdrawn": "撤回申报",
    "deadline.near": "截止提醒",
    "visit.planned": "现场评估安排（学校）",
    "visit.assigned": "现场评估安排（专家）",
    "visit.changed": "现场评估有改动",
    "visit.unassigned": "不再参加现场评估",
    "visit.cancelled": "现场评估取消",
    "visit.all_signed": "评分表已签齐",
    "visit.reopened": "现场评估重开",
    "score_sheet.reopened": "评分表重开",
    "discrepancy.to_answer": "请答复差异",
    "answer.settled": "答复已处理",
    "result.published": "结果公布（学校）",
    "result.corrected": "结果更正（学校）",
    "district_result.published": "结果公布（市、区）",
    "district_result.corrected": "结果更正（市、区）",
    "cycle.extended": "上报延期",
    "recommendation_list.reopened": "推荐名单重开",
}


class OutboxTableQuery(TableFilters):
    """Which messages: in a state of delivery, about an event, to a person; `since` is included, `until` is not."""

    state: FromJson[Delivery] | None = None
    event: EventKind | None = None
    person_id: Id | None = Field(None, description="to whom")
    since: Instant | None = None
    until: Instant | None = None
    sort: Literal["created_at", "-created_at"] = "-created_at"


class Rendered(Model):
    """What was sent to WeChat, or would have been: the template, the page, and the fields by their keys."""

    template_id: str | None
    page: str
    data: dict[str, str]


class OutboxRow(Model):
    """One message to one person; `last_error` says why the last attempt failed, and `last_error_text` says it in words.
    It is in their inbox in any case."""

    id: Id
    event: str
    event_name: str
    person_id: Id
    person_name: Line | None
    state: Delivery
    attempts: int
    last_error: str | None
    last_error_text: str | None
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
