"""What an event of the audit trail changed, field by field, in words."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.models.audit_trail import AuditChange
from inspection.rules.workflow import SHANGHAI

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
    "points": "得分（百分之一分）",
    "total": "总分（百分之一分）",
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
}

_VALUES: Mapping[str, str] = {
    "draft": "填报中",
    "submitted": "已提交",
    "returned": "已退回",
    "endorsed": "已推荐",
    "declined": "不予推荐",
    "visiting": "现场评估中",
    "scored": "已评分",
    "decided": "已认定",
    "published": "已公布",
    "withdrawn": "已退出",
    "demonstration": "示范型",
    "excellent": "优秀型",
    "qualified": "合格型",
    "sustained": "异议成立",
    "dismissed": "异议不成立",
}


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[AuditChange]:
    """The fields that differ, or were said for the first time; with what was there before."""
    names = dict.fromkeys([*(before or {}), *(after or {})])
    found = [
        AuditChange(
            name=_FIELDS.get(name, name), before=_told((before or {}).get(name)), after=_told((after or {}).get(name))
        )
        for name in names
    ]
    return [each for each in found if each.before != each.after]


def _told(value: Any) -> str:
    if value is None or value == "":
        return "（空）"
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return _VALUES.get(value, value)
    return json.dumps(value, ensure_ascii=False, default=_told)
