"""The rubric as data: groups, indicators, items and their clauses (附件1), read from plain data and checked whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from inspection.rules.fields import Field
from inspection.rules.points import as_number
from inspection.rules.problems import ProblemsError

STAGES = ("primary", "junior", "senior")
REQUIREMENTS = ("basic", "filing", "demonstration")
# A clause's name within its item → the requirement of grades that it falls under.
CLAUSES = {"basic": "basic", "senior": "basic", "filing": "filing", "demonstration": "demonstration"}
# A mark in an item's text stands for a clause, and a clause of that name for the mark (附件1, 注).
MARKS = {"★": "basic", "▲": "demonstration"}
_MARK_AND_NUMBER = re.compile(r"[★▲]?(\d+\.)?\s*")

FiguresKind = Literal["teacher_computers", "students_per_device"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the declared numbers decide: teacher computers ≥ teachers (附件1, 1.2.1), or students per device (1.2.2).

    `at_most` gives the students that may share a device by stage; it is empty for teacher_computers.
    """

    kind: FiguresKind
    at_most: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Clause:
    """A requirement of an item that is met or not, apart from the points; `name` is unique in the item.

    `text` is the words of the notice that state it. An empty `stages` means every school.
    """

    item: str
    name: str
    requirement: str
    text: str
    stages: frozenset[str]
    figures: Figures | None

    def applies_to(self, stages: frozenset[str]) -> bool:
        """Whether the clause applies to a school with these stages."""
        return not self.stages or not self.stages.isdisjoint(stages)


@dataclass(frozen=True, slots=True)
class Item:
    """A 评估内容: what is scored, from 0 to `points` hundredths. `text` is the notice's, with mark and number."""

    code: str
    indicator: str
    group: str
    points: int
    text: str
    clauses: tuple[Clause, ...]

    @property
    def starred(self) -> bool:
        """Whether the item is headed ★, that is, has the clause `basic`."""
        return any(clause.name == "basic" for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Indicator:
    """A 二级指标 such as 1.1 校园网络; points in hundredths."""

    code: str
    name: str
    points: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A 一级指标 such as 1 基础环境; points in hundredths."""

    code: str
    name: str
    points: int
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """A rubric, known by its name and the SHA-256 of its file; points in hundredths, `items` by code, in order.

    Its hash leaves out what the SHA-256 stands for already, so that it is cheap as a key of caches.
    """

    name: str
    title: str
    sha256: str
    points: int
    note: str
    groups: tuple[Group, ...] = field(hash=False)
    items: Mapping[str, Item] = field(hash=False)


class RubricError(ProblemsError):
    """A rubric that is wrong."""


def parse_rubric(data: object, sha256: str) -> Rubric:
    """The rubric that `data` describes; RubricError names everything wrong with it.

    `data` is plain: {"name", "title", "points", "note", "groups": [{"name", "points", "indicators": [{"name",
    "points", "items": [{"code", "points", "text", "clauses"?: [{"name", "requirement", "text"?, "stages"?,
    "figures"?}]}]}]}]}. Numbers are ints or Decimals, in points; the sums must hold at every level.
    """
    root = Field(data)
    fields = root.mapping(("name", "title", "points", "note", "groups"))
    groups = tuple(_group(entry, str(number)) for number, entry in enumerate(fields["groups"].entries(), 1))
    items = {item.code: item for group in groups for indicator in group.indicators for item in indicator.items}
    points = _sum(fields["points"], [group.points for group in groups])
    rubric = Rubric(fields["name"].name(), fields["title"].text(), sha256, points, fields["note"].text(), groups, items)
    if root.problems:
        raise RubricError(tuple(root.problems))
    return rubric


def _group(entry: Field, code: str) -> Group:
    fields = entry.mapping(("name", "points", "indicators"))
    indicators = tuple(
        _indicator(below, f"{code}.{number}", code) for number, below in enumerate(fields["indicators"].entries(), 1)
    )
    points = _sum(fields["points"], [indicator.points for indicator in indicators])
    return Group(code, fields["name"].text(), points, indicators)


def _indicator(entry: Field, code: str, group: str) -> Indicator:
    fields = entry.mapping(("name", "points", "items"))
    items = tuple(
        _item(below, f"{code}.{number}", code, group) for number, below in enumerate(fields["items"].entries(), 1)
    )
    points = _sum(fields["points"], [item.points for item in items])
    return Indicator(code, fields["name"].text(), points, items)


def _sum(total: Field, parts: list[int]) -> int:
    """The points of a level, which are the sum of the points below; wrong points, 0, are a problem noted already."""
    points = total.points(neutral=0)
    if points and parts and all(parts) and points != sum(parts):
        total.refuse(
            "wrong_sum", f"这里写的是 {as_number(points)} 分，下一级合计却是 {as_number(sum(parts))} 分：请改正其中之一"
        )
    return points


def _item(entry: Field, code: str, indicator: str, group: str) -> Item:
    fields = entry.mapping(("code", "points", "text"), optional=("clauses",))
    written, text = fields["code"].text(), fields["text"].text()
    if written and written != code:
        # A code written twice is out of order in at least one of its places.
        fields["code"].refuse(
            "wrong_code", f"编号按次序排，这里应为 {code}，写的是 {written[:16]}：请改正，不要重复或跳号"
        )
    clauses = _clauses(fields["clauses"], code, text) if fields["clauses"].present else ()
    if text:
        _check_marks(entry, text, {clause.name for clause in clauses})
    return Item(code, indicator, group, fields["points"].points(neutral=0), text, clauses)


def _check_marks(entry: Field, text: str, names: set[str]) -> None:
    for mark, name in MARKS.items():
        if mark in text and name not in names:
            entry.refuse("clause_missing", f"正文有{mark}，却没有名为 {name} 的条款：请在 clauses 里补上，或去掉{mark}")
        if mark not in text and name in names:
            entry.refuse("mark_missing", f"有名为 {name} 的条款，正文却没有{mark}：请在正文里补上，或删去这一条款")


def _clauses(entries: Field, item: str, text: str) -> tuple[Clause, ...]:
    clauses: list[Clause] = []
    for entry in entries.entries():
        clause = _clause(entry, item, text)
        if clause.name and clause.name in [other.name for other in clauses]:
            entry.refuse("duplicate", f"{item} 有两个名为 {clause.name} 的条款：请删去一个，或改正名称")
        clauses.append(clause)
    return tuple(clauses)


def _clause(entry: Field, item: str, item_text: str) -> Clause:
    fields = entry.mapping(("name", "requirement"), optional=("text", "stages", "figures"))
    name, requirement = fields["name"].one_of(CLAUSES), fields["requirement"].one_of(REQUIREMENTS)
    if name in CLAUSES and requirement in REQUIREMENTS and CLAUSES[name] != requirement:
        fields["requirement"].refuse(
            "wrong_requirement", f"条款 {name} 属于 {CLAUSES[name]}：请改正 requirement 或名称"
        )
    text = fields["text"].text() if fields["text"].present else _MARK_AND_NUMBER.sub("", item_text, count=1)
    if text not in item_text:
        fields["text"].refuse("not_in_item", "条款的文字应是该条正文里的原话：请照抄正文，或不写 text")
    stages = _stages(fields["stages"]) if fields["stages"].present else frozenset()
    if name == "senior" and stages != {"senior"}:
        entry.refuse("wrong_stages", "条款 senior 只对设有高中的学校：请写上 stages: [senior]")
    figures = _figures(fields["figures"]) if fields["figures"].present else None
    return Clause(item, name, requirement, text, stages, figures)


def _stages(entries: Field) -> frozenset[str]:
    stages = [entry.one_of(STAGES) for entry in entries.entries()]
    if len(set(stages)) < len(stages):
        entries.refuse("duplicate", "学段重复了：请删去多余的")
    return frozenset(stages)


def _figures(entry: Field) -> Figures:
    per_device = isinstance(entry.value, dict) and entry.value.get("kind") == "students_per_device"
    fields = entry.mapping(("kind", "at_most") if per_device else ("kind",))
    fields["kind"].one_of(get_args(FiguresKind))
    if not per_device:
        return Figures("teacher_computers", {})
    at_most = fields["at_most"].mapping(STAGES)
    return Figures("students_per_device", {stage: at_most[stage].whole(1, 1000) for stage in STAGES})
