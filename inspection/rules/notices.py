"""The events that people are told of, and the mapping of each to a WeChat template (config/notices.yaml).

Whether a mapping can fit is checked when it is read: which values an event carries, and which fields those fit. What
fits never fails when it is filled in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inspection.rules.fields import Field
from inspection.rules.message_fields import FITTING, LITERALS, Kind, fit, shown
from inspection.rules.problems import ProblemsError

_SCHOOL = {"school": Kind.TEXT}
_REASON = {"reason": Kind.TEXT}
_STEP = {**_SCHOOL, **_REASON, "state": Kind.WORD}
_VISIT = {**_SCHOOL, "when": Kind.TEXT, "date": Kind.DATE, "half": Kind.WORD}
_RESULT = {**_SCHOOL, "result": Kind.TEXT, "grade": Kind.WORD, "title": Kind.TEXT}

# Every event with the values that it carries. All carry `at` beside: when it happened.
EVENTS: Mapping[str, Mapping[str, Kind]] = {
    "submission.received": _STEP,
    "submission.returned": _STEP,
    "submission.endorsed": _STEP,
    "submission.declined": _STEP,
    "submission.decline_undone": _STEP,
    "submission.withdrawn": _STEP,
    "deadline.near": {"name": Kind.TEXT, "what": Kind.TEXT, "until": Kind.TIME},
    "visit.planned": _VISIT,
    "visit.assigned": _VISIT,
    "visit.changed": _VISIT,
    "visit.unassigned": _VISIT,
    "visit.cancelled": _VISIT,
    "visit.all_signed": _SCHOOL,
    "visit.reopened": {**_SCHOOL, **_REASON},
    "score_sheet.reopened": {**_SCHOOL, **_REASON},
    "discrepancy.to_answer": {**_SCHOOL, "closes": Kind.TIME},
    "answer.settled": {**_SCHOOL, "item": Kind.CODE, "result": Kind.TEXT},
    "result.published": _RESULT,
    "result.corrected": _RESULT,
    "district_result.published": _RESULT,
    "district_result.corrected": _RESULT,
    "cycle.extended": {"district": Kind.TEXT, "hand_in": Kind.TIME, **_REASON},
    "recommendation_list.reopened": {"district": Kind.TEXT, **_REASON},
}
_ALWAYS = {"at": Kind.TIME}

_PLACE = re.compile(r"\{([^{}]*)\}")
_KEY = re.compile(r"([a-z_]+?)([1-9][0-9]?)")
_PAGE = re.compile(r"pages/[A-Za-z0-9_/-]+(?:\?[!-~]*)?")


class NoticesError(ProblemsError):
    """A mapping that can't be used."""


@dataclass(frozen=True, slots=True)
class NoticeField:
    """A field of a template: its key ("thing1"), its kind ("thing"), and its text with {values} in it."""

    key: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """How an event is told in WeChat. No template: it stays in the app. `long_term` ones need no accept."""

    event: str
    template: str | None
    page: str
    fields: tuple[NoticeField, ...]
    long_term: bool

    def page_of(self, link: str | None) -> str:
        """The page that the message opens; `{link}` in it is the page of the app ("/submissions/…")."""
        return self.page.replace("{link}", _quoted(link or "/"))

    def data(self, values: Mapping[str, object], at: datetime) -> dict[str, str]:
        """The fields filled with the values of an event that happened at `at`, as WeChat takes them."""
        told = {**values, "at": at}
        return {
            field.key: fit(field.kind, _PLACE.sub(lambda match: shown(told.get(match[1])), field.text))
            for field in self.fields
        }


def _quoted(text: str) -> str:
    """The text as a value in a query (RFC 3986)."""
    return re.sub(r"[^A-Za-z0-9_.~-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text)


def parse_notices(data: object) -> Mapping[str, Notice]:
    """The mapping out of plain data, by event. Raises `NoticesError` with all that is wrong."""
    root = Field(data)
    notices = root.mapping(["notices"])["notices"].mapping(EVENTS)
    parsed = {event: _notice(event, notice) for event, notice in notices.items() if notice.present}
    if root.problems:
        raise NoticesError(tuple(root.problems))
    return parsed


def _notice(event: str, given: Field) -> Notice:
    parts = given.mapping(["template", "page", "fields"], ["long_term"])
    template = parts["template"].text() if parts["template"].value is not None else None
    if template and not re.fullmatch(r"[A-Za-z0-9_-]{10,64}", template):
        parts["template"].refuse(
            "bad_template", "模板 ID 只含字母、数字、_ 和 -，请从微信公众平台原样复制；暂无则写 null"
        )
    page = parts["page"].text()
    if page and not _PAGE.fullmatch(page.replace("{link}", "link")):
        parts["page"].refuse("bad_page", "页面应以 pages/ 开头，参数只用英文字符，可以写 {link}；请改正")
    texts = parts["fields"].object()
    if parts["fields"].present and not texts:
        parts["fields"].refuse("required", '至少要有一个字段：请照模板写，如 thing1: "{school}"')
    fields = tuple(_field(event, key, parts["fields"].child(key, text)) for key, text in texts.items())
    return Notice(event, template or None, page, fields, parts["long_term"].flag())


def _field(event: str, key: str, given: Field) -> NoticeField:
    text, kind = given.text(), _KEY.fullmatch(key)
    if kind is None or kind[1] not in LITERALS:
        given.refuse(
            "unknown_field", f"不认识字段“{key}”：应为类型加编号，如 thing1、phrase2，类型有 {'、'.join(LITERALS)}"
        )
        return NoticeField(key, "thing", text)
    _check_text(event, kind[1], text, given)
    return NoticeField(key, kind[1], text)


def _check_text(event: str, kind: str, text: str, given: Field) -> None:
    """Refuses what can't fit: unknown values, values that the kind of field can't show, literals out of its form."""
    values = {**EVENTS[event], **_ALWAYS}
    names = _PLACE.findall(text)
    if unknown := [name for name in names if name not in values]:
        given.refuse("unknown_value", f"{event} 没有 {'、'.join(unknown)}：这里可以写 {'、'.join(values)}")
        return
    if set(_PLACE.sub("", text)) & set("{}"):
        given.refuse("unknown_value", "花括号不成对：值要写成 {school} 的样子")
    if not names:
        if text and not LITERALS[kind].fullmatch(text):
            given.refuse("cannot_fit", f"“{text[:64]}”不合 {kind} 类字段的规则，微信会拒收：请缩短或换一种字段")
        return
    if kind != "thing" and text != f"{{{names[0]}}}":
        given.refuse("cannot_fit", f"{kind} 类字段只能写一个值，如 {{{names[0]}}}，前后不能有别的文字：请改正")
    elif not all(values[name] in FITTING.get(kind, frozenset()) for name in names):
        fitting = [name for name, each in values.items() if each in FITTING.get(kind, frozenset())]
        instead = f"可以写 {'、'.join(fitting)}" if fitting else "请换一种字段"
        given.refuse("cannot_fit", f"{kind} 类字段放不下 {names[0]}：{instead}，或改用 thing")
