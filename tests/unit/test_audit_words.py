"""What the audit trail keeps is told as people say it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.models.visits import VISIT_STATE_NAMES, VisitState
from backend.services.audit_words import changes_of
from inspection.rules.workflow import STATE_NAMES, TRANSITIONS, State

DISTRICTS = {"hailing": "海陵区"}


@pytest.mark.parametrize(
    ("name", "value", "label", "told"),
    [
        ("total", 8950, "总分", "89.5"),
        ("points", 200, "得分", "2"),
        ("version", 200, "版本", "200"),
        ("state", "endorsed", "状态", "已推荐"),
        ("kind", "correction", "种类", "更正"),
        ("kind", "recommendation_list", "种类", "附件4 泰州市中小学智慧校园创建学校推荐名单表"),
        ("sha256", "547740f724164ec42511", "指纹", "547740f72416…"),
        ("district", "hailing", "市（区）", "海陵区"),
        ("district", "gone", "市（区）", "gone"),
        ("submission_id", "7d2c", "申报", "海陵小学"),
        ("submission_id", "gone", "申报", "gone"),
        ("submitted", False, "已提交", "否"),
        ("expires_at", datetime(2022, 10, 13, 2, 0, tzinfo=UTC), "到期", "2022-10-13 10:00"),
        ("holding", {"role": "district", "school_id": None, "district": "hailing"}, "身份", "市（区）教育局（海陵区）"),
        ("holdings", [{"role": "city"}, {"role": "inspector"}], "身份", "市教育局、市级评估专家"),
        ("stages", ["primary", "junior"], "学段", "小学、初中"),
        ("clauses", {"basic": True, "senior": False}, "各项要求", "basic 是；senior 否"),
        ("note", "按图纸 1.1.1", "说明", "按图纸 1.1.1"),
        ("reason", "published", "理由", "published"),
        ("unheard_of", 1.5, "unheard_of", "1.5"),
    ],
)
def test_values_in_words(name: str, value: Any, label: str, told: str) -> None:
    (change,) = changes_of(None, {name: value}, {**DISTRICTS, "7d2c": "海陵小学"})
    assert (change.name, change.before, change.after) == (label, "（空）", told)


def test_states_are_called_what_the_workflow_calls_them() -> None:
    assert (set(STATE_NAMES), set(VISIT_STATE_NAMES)) == (set(State), set(VisitState))
    for row in TRANSITIONS:
        for source in row.sources - {row.target}:
            (change,) = changes_of({"state": source.value}, {"state": row.target.value}, DISTRICTS)
            assert (change.before, change.after) == (STATE_NAMES[source], STATE_NAMES[row.target])
    for state in VisitState:
        (change,) = changes_of(None, {"state": state.value}, DISTRICTS)
        assert change.after == VISIT_STATE_NAMES[state]


def test_only_what_differs_is_told() -> None:
    before = {"state": "scored", "version": 1, "ties": []}
    changes = changes_of(before, {"state": "decided", "version": 1, "ties": None}, DISTRICTS)
    assert [(each.name, each.before, each.after) for each in changes] == [("状态", "评分完成", "已认定")]
