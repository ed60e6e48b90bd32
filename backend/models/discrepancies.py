"""Discrepancies, as a school, a district and the city see them."""

from collections.abc import Mapping
from typing import Literal

from backend.models.answers import AnswerView, WindowView
from backend.models.base import Id, Line, Model, PointsOut
from backend.models.paging import PageQuery
from backend.models.submissions import DistrictId
from inspection.rules.discrepancies import Kind, Severity

# open → answered → upheld or revised
RowState = Literal["open", "answered", "upheld", "revised"]


KIND_NAMES: Mapping[Kind, str] = {
    "overstated": "自评偏高",
    "understated": "自评偏低",
    "clause_denied": "要求未达到",
    "clause_granted": "要求已达到",
    "figures_contradict": "与申报数据不符",
    "evidence_missing": "缺少佐证",
    "inspectors_differ": "专家意见不一",
    "unscored": "未评分",
    "evidence_suspect": "佐证存疑",
}
ROW_STATE_NAMES: Mapping[RowState, str] = {
    "open": "学校未说明",
    "answered": "待核",
    "upheld": "维持",
    "revised": "已更正",
}


class Values(Model):
    """Points and verdicts on an item; null or absent is not answered."""

    points: PointsOut | None
    clauses: dict[str, bool | None]


class DiscrepancyRow(Model):
    """Where self-assessment and agreed result part on an item, in one way (`kind`). `delta` is self − agreed.

    `current` is false where a revision made an end of it. A school is not told how much it matters: `severity` and
    `changes_grade` are null, for they would give the grade away.
    """

    id: Id
    item: str
    kind: Kind
    delta: PointsOut | None
    severity: Severity | None
    changes_grade: bool | None
    self_assessment: Values
    agreed: Values
    state: RowState
    current: bool


class Discrepancies(Model):
    """The discrepancies of a submission, what weighs most first, with the school's answers."""

    submission_id: Id
    window: WindowView | None
    items: list[DiscrepancyRow]
    answers: list[AnswerView]


class DiscrepancyQuery(PageQuery):
    """All discrepancies, or those that match all that is given."""

    district: DistrictId | None = None
    state: RowState | None = None
    kind: Kind | None = None
    severity: Severity | None = None


class QueueRow(DiscrepancyRow):
    """A row of the city's queue, with its school and the visit that it comes from."""

    submission_id: Id
    visit_id: Id | None
    school_id: Id
    school_name: Line
    district: str
