"""The audit trail: who did what to which object, when, and what it was before."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from backend.models.base import Id, Instant, Line, Model
from backend.models.people import Role
from backend.models.tables import EventKind, TableFilters


class AuditQuery(TableFilters):
    """Events that match all that is given; `since` is included, `until` is not."""

    person_id: Id | None = Field(None, description="who acted")
    event: EventKind | None = None
    object_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._-]+$", max_length=200)] | None = None
    since: Instant | None = None
    until: Instant | None = None
    sort: Literal["at", "-at"] = "-at"


# What has happened, in the words of officers.
EVENT_NAMES: Mapping[str, str] = {
    "answer.given": "答复差异",
    "answer.settled": "处理答复",
    "answer_window.opened": "开放或更改答复时间",
    "archive.begun": "生成周期归档",
    "contact.replaced": "更换学校联系人",
    "cycle.closing_set": "市（区）提前截止",
    "cycle.extended": "上报延期",
    "cycle.opened": "开启周期",
    "decision.made": "认定等级",
    "document.made": "生成文书",
    "documents.made": "生成一批文书",
    "evidence.added": "添加佐证",
    "evidence.original_downloaded": "下载佐证原件",
    "evidence.removed": "删除佐证",
    "evidence.stored": "佐证上传完成",
    "invitation.made": "生成邀请码",
    "invitation.revoked": "作废邀请码",
    "link.made": "生成登录链接",
    "objection.recorded": "登记异议",
    "objection.settled": "处理异议",
    "outbox.resent": "重发消息",
    "password.set": "设置密码",
    "person.added": "添加人员",
    "person.changed": "修改人员",
    "person.role_added": "增加身份",
    "person.session_ended": "让一个设备退出登录",
    "person.sessions_ended": "让人员退出登录",
    "person.ties_set": "申报回避",
    "photo.original_downloaded": "下载现场照片原件",
    "photo.written_off": "核销照片",
    "photo_flag.reopened": "重新核查照片",
    "photo_flag.settled": "核查照片",
    "public_notice.opened": "发布公示",
    "publication.begun": "开始公布结果",
    "publication.corrected": "更正公布结果",
    "publication.published": "公布结果",
    "recommendation_list.handed_in": "上报推荐名单",
    "recommendation_list.reopened": "重开推荐名单",
    "recommendation_list.saved": "保存推荐名单",
    "review.saved": "保存初评意见",
    "reviewer.appointed": "指定市直初评人",
    "rubric.adopted": "采用新细则",
    "rubric.left": "放弃新细则",
    "ruling.made": "裁定",
    "school.changed": "修改学校",
    "school.registered": "登记学校",
    "score_sheet.reopened": "重开评分表",
    "score_sheet.signed": "签署评分表",
    "session.closed": "退出登录",
    "session.opened": "登录",
    "submission.attach_scans": "补交盖章扫描件",
    "submission.close_visit": "结束现场评估",
    "submission.decide": "认定（状态）",
    "submission.decline": "不予推荐",
    "submission.endorse": "推荐",
    "submission.publish": "公布（状态）",
    "submission.reopen_decision": "撤回认定",
    "submission.reopen_visit": "重开现场评估",
    "submission.return": "退回学校",
    "submission.start_visit": "开始现场评估",
    "submission.submit": "提交申报",
    "submission.undo_decline": "撤销不予推荐",
    "submission.withdraw": "撤回申报",
    "visit.cancelled": "取消现场评估",
    "visit.changed": "改动现场评估安排",
    "visit.countersignature_refused": "学校拒签",
    "visit.countersigned": "学校代表签字",
    "visit.planned": "安排现场评估",
    "wechat.bound": "绑定微信",
    "wechat.unbound": "解除微信绑定",
}


class AuditActor(Model):
    """Who acted, in which role and session; `name` is None for someone no longer registered."""

    person_id: Id
    name: Line | None
    role: Role
    session_id: Id


class AuditObject(Model):
    """What an event is about; `name` is that of the person or the school that it is of."""

    kind: str
    kind_name: str
    id: str
    name: str | None


class AuditChange(Model):
    """A field that the event changed or says for the first time, in words."""

    name: str
    before: str
    after: str


class AuditRow(Model):
    """One event; `actor` is None for the command line, points in `before` and `after` are hundredths as stored."""

    id: Id
    event: str
    event_name: str
    at: Instant
    actor: AuditActor | None
    object: AuditObject
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changes: list[AuditChange]
    reason: str | None
