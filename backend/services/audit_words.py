"""What an event of the audit trail changed, field by field, in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.models.audit_trail import AuditChange
from backend.models.discrepancies import ROW_STATE_NAMES
from backend.models.documents import KIND_NAMES as DOCUMENT_NAMES
from backend.models.people import ROLE_NAMES, Role
from backend.models.schools import STAGE_NAMES
from backend.models.visits import HALF_NAMES, VISIT_STATE_NAMES
from inspection.rules.points import as_number
from inspection.rules.workflow import SHANGHAI, STATE_NAMES

# What events are about.
KINDS: Mapping[str, str] = {
    "cycle": "周期",
    "decision": "认定",
    "document": "文书",
    "evidence": "佐证",
    "invitation": "邀请码",
    "objection": "异议",
    "outbox": "消息",
    "person": "人员",
    "photo": "照片",
    "photo_flag": "待核照片",
    "public_notice": "公示",
    "publication": "公布",
    "recommendation_list": "推荐名单",
    "rubric": "细则",
    "school": "学校",
    "score_sheet": "评分表",
    "session": "登录",
    "submission": "申报",
    "visit": "现场评估",
}

_FIELDS: Mapping[str, str] = {
    "name": "姓名或名称",
    "phone": "电话",
    "holdings": "身份",
    "holding": "身份",
    "state": "状态",
    "reason": "理由",
    "version": "版本",
    "date": "日期",
    "half": "上下午",
    "team": "评估组",
    "district": "市（区）",
    "school_id": "学校",
    "submission_id": "申报",
    "person_id": "人员",
    "points": "得分",
    "total": "总分",
    "attained": "达到",
    "awarded": "认定",
    "hand_in": "上报截止",
    "closes": "截止",
    "expires_at": "到期",
    "until": "公示截止",
    "schools": "学校数",
    "order": "顺序",
    "contact": "联系人",
    "opinion": "意见",
    "note": "说明",
    "result": "结果",
    "messages": "消息数",
    "sha256": "指纹",
    "dates": "日程",
    "ties": "回避的学校",
    "stages": "学段",
    "past_awards": "历年等级",
    "kind": "种类",
    "session_id": "登录编号",
    "device": "设备",
    "sessions": "登录数",
    "rubric": "细则",
    "rubric_sha256": "细则指纹",
    "location": "位置",
    "cycle": "周期",
    "clauses": "各项要求",
    "code": "编码",
    "document": "文书",
    "evidence_id": "佐证",
    "how": "方式",
    "inspector_id": "评估专家",
    "item": "指标",
    "items": "指标",
    "notice_id": "公示",
    "publication_id": "公布",
    "rank": "由谁裁定",
    "role": "身份",
    "settled": "处理",
    "signed_at": "签字",
    "subject": "关于",
    "submission_closes": "申报截止",
    "submitted": "已提交",
    "visit_id": "现场评估",
}

_NAMES: Sequence[Mapping[Any, str]] = (DOCUMENT_NAMES, STAGE_NAMES, HALF_NAMES, STATE_NAMES, VISIT_STATE_NAMES)
# An answer that is given is open no more: only visits are, in the audit trail.
_VALUES: Mapping[str, str] = {
    **{key.value: name for names in _NAMES for key, name in names.items()},
    **{state: name for state, name in ROW_STATE_NAMES.items() if state != "open"},
    "demonstration": "示范型",
    "excellent": "优秀型",
    "qualified": "合格型",
    "sustained": "异议成立",
    "dismissed": "异议不成立",
    "publication": "公布",
    "correction": "更正",
    "lead": "组长",
    "city": "市教育局",
    "link": "登录链接",
    "password": "密码",
    "switch": "换身份",
    "wechat": "微信",
}


# Scores, which are kept in hundredths.
_POINTS = {"points", "total"}
# Ids, of which people know the name.
_CALLED = {"district", "submission_id"}
# What people wrote, which may happen to be a word of ours.
_WRITTEN = {"name", "reason", "note", "opinion", "device"}
# So much of a hash tells two apart.
_SHOWN_OF_HASH = 12


def changes_of(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, called: Mapping[str, str]
) -> list[AuditChange]:
    """The fields that differ, or were said for the first time; with what was there before.

    `called` are the names of districts, and of the schools of submissions, by their ids.
    """
    names = dict.fromkeys([*(before or {}), *(after or {})])
    found = [
        AuditChange(
            name=_FIELDS.get(name, name),
            before=_told(name, (before or {}).get(name), called),
            after=_told(name, (after or {}).get(name), called),
        )
        for name in names
    ]
    return [each for each in found if each.before != each.after]


def _told(name: str, value: Any, called: Mapping[str, str]) -> str:
    if value is None or value in ("", [], {}, ()):
        return "（空）"
    match value:
        case bool():
            return "是" if value else "否"
        case int() if name in _POINTS:
            return str(as_number(value))
        case datetime():
            return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        case str() if name.endswith("sha256"):
            return value[:_SHOWN_OF_HASH] + "…"
        case str() if name in _CALLED:
            return called.get(value, value)
        case str() if name in _WRITTEN:
            return value
        case str():
            return _VALUES.get(value, value)
        case {"role": role}:
            place = called.get(value.get("district") or "")
            return ROLE_NAMES[Role(role)] + (f"（{place}）" if place else "")
        case Mapping():
            return "；".join(f"{_FIELDS.get(key, key)} {_told(key, each, called)}" for key, each in value.items())
        case list() | tuple():
            return "、".join(_told(name, each, called) for each in value)
    return str(value)
