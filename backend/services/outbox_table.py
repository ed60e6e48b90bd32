"""The table of messages for the city: what goes to whom, and whether WeChat took it there."""

from typing import Any

from backend.deps import Deps
from backend.models.outbox import MESSAGE_NAMES, Delivery, OutboxRow, OutboxTableQuery
from backend.models.people import Actor
from backend.services.outbox import views
from backend.services.tables import Found, Table, TableColumn, between, names_of_events, when
from backend.store import outbox

_STATES = {
    Delivery.PENDING: "等待发送",
    Delivery.CLAIMED: "准备发送",
    Delivery.SENDING: "正在发送",
    Delivery.SENT: "微信已送达",
    Delivery.REFUSED: "被拒收",
    Delivery.NO_QUOTA: "无订阅次数",
    Delivery.DEAD: "发送失败",
    Delivery.INBOX_ONLY: "仅站内",
}


async def find(deps: Deps, actor: Actor, query: OutboxTableQuery, skip: int, limit: int) -> Found[OutboxRow]:
    """The messages that the query asks for."""
    exact = query.model_dump(mode="json", include={"state", "event", "person_id"}, exclude_none=True)
    wanted: dict[str, Any] = exact | between("created_at", query.since, query.until)
    descending = query.sort.startswith("-")
    rows, total = await outbox.table(deps.db, wanted, descending=descending, skip=skip, limit=limit)
    return Found(rows, total, await views(deps, rows))


TABLE = Table(
    name="outbox",
    title="消息投递",
    may="outbox.table",
    summary="All messages with the state of their delivery.",
    filters=OutboxTableQuery,
    row=OutboxRow,
    columns={
        "person_name": TableColumn("收件人", 14, lambda row: row.person_name or "已不在册"),
        "event_name": TableColumn("消息", 22, lambda row: row.event_name),
        "created_at": TableColumn("时间", 18, lambda row: when(row.created_at)),
        "state": TableColumn("投递", 12, lambda row: _STATES[row.state]),
        "attempts": TableColumn("次数", 8, lambda row: row.attempts),
        "last_error": TableColumn("原因", 40, lambda row: row.last_error_text or ""),
        "finished_at": TableColumn("投递结束", 18, lambda row: when(row.finished_at)),
        "read_at": TableColumn("阅读", 18, lambda row: when(row.read_at) or "未读"),
    },
    find=find,
    events=names_of_events(MESSAGE_NAMES),
)
