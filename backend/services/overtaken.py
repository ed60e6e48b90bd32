"""The error for a stale version, where the actor may know who was faster and what they changed."""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail
from backend.models.visits import HALF_NAMES, VISIT_STATE_NAMES
from backend.services.workflow import faster
from backend.store import audit
from backend.store.mongo import Session
from backend.store.notices import names_of
from inspection.rules.problems import pointer
from inspection.rules.workflow import STATE_NAMES, moment_text

_WORDS: Mapping[str, str] = {
    "date": "日期",
    "half": "时段",
    "team": "评估组",
    "assignments": "分工",
    "name": "姓名",
    "phone": "手机号",
    "holdings": "身份",
    "ties": "回避关系",
    "state": "状态",
    "items": "逐条意见",
    "opinion": "意见",
    "stages": "学段",
    "location": "位置",
    "past_awards": "历年等级",
}
_VALUES: Mapping[Any, str] = ChainMap[Any, str]({None: "（空）"}, STATE_NAMES, HALF_NAMES, VISIT_STATE_NAMES)
_PLAIN = (str, int, float, type(None))


async def overtaken(deps: Deps, transaction: Session | None, *object_ids: str) -> Conflict:
    """What to raise for what was read in another version: who changed one of these objects last, when, and what.

    For officers alone: whoever gets it learns of the change.
    """
    event = await audit.last_of(deps.db, object_ids, transaction)
    if event is None or event["actor"] is None:
        return faster()
    names = await names_of(deps.db, [event["actor"]["person_id"]])
    name = names.get(event["actor"]["person_id"], "其他人")
    changes = list(_changes(event["before"] or {}, event["after"] or {}))
    what = f"（{'、'.join(_WORDS[each.path[1:]] for each in changes)}）" if changes else ""
    message = f"{name}在{moment_text(event['at'])}刚刚改动过{what}，请看过现在的内容再改；您填写的内容没有丢失"
    return Conflict(message, code="version_conflict", details=changes)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Detail]:
    for name, word in _WORDS.items():
        old, new = before.get(name), after.get(name)
        if name in after and old != new:
            told = f"{word}已改动"
            if name in before and isinstance(old, _PLAIN) and isinstance(new, _PLAIN):
                told = f"{word}由“{_VALUES.get(old, old)}”改为“{_VALUES.get(new, new)}”"
            yield Detail(pointer(name), "changed", told)
