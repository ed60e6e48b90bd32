"""The rubric is the notice's, character by character; a rubric that is wrong names all that is."""

import copy
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backend.config_files import load_rubric, read_yaml
from inspection.rules.problems import pointer
from inspection.rules.rubric import Rubric, RubricError, parse_rubric

ROOT = Path(__file__).parents[2]
RUBRIC_FILE = ROOT / "config" / "rubrics" / "taizhou-2022.yaml"
NOTICE = (ROOT / "tests" / "data" / "notice-2022.txt").read_text(encoding="utf-8")
NUMERALS = "一二三四五六七八九"


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return load_rubric(ROOT / "config", "taizhou-2022")


@pytest.fixture
def data() -> Any:
    return copy.deepcopy(DATA)


DATA: Any = read_yaml(RUBRIC_FILE)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def table(start: str, end: str, columns: int) -> list[list[str]]:
    """The rows of the notice's table between two marks, without its heading; each cell starts at a tab in a line."""
    begin = NOTICE.index(start) + len(start)
    cells = re.split(r"\n\t", NOTICE[begin : NOTICE.index(end, begin)])[1:]
    rows = [[squeezed(cell) for cell in cells[at : at + columns]] for at in range(0, len(cells), columns)]
    assert all(len(row) == columns for row in rows)
    return rows[1:]


ANNEX_1 = table("\n附件1\n", "\n注：", 4)
ANNEX_3 = table("\n附件3\n", "\n\t自评总得分", 5)


def test_every_item_is_the_notices(rubric: Rubric) -> None:
    assert len(ANNEX_1) == 82
    items = [(squeezed(item.text), item.points) for item in rubric.items.values()]
    assert items == [(text, int(points) * 100) for _, _, text, points in ANNEX_1]


def test_text_keeps_the_notices_own_slips(rubric: Rubric) -> None:
    assert "每年组织教师年参加" in rubric.items["3.2.1"].text
    assert "实际需要,自主命题的试题资源库, 题型" in rubric.items["2.2.5"].text
    assert rubric.items["6.2.2"].text.endswith("(智能机器人、3D打印、创客等)")


def test_groups_and_indicators_are_the_notices(rubric: Rubric) -> None:
    groups = [
        f"{NUMERALS[number]}{group.name}（{group.points // 100}分）" for number, group in enumerate(rubric.groups)
    ]
    assert groups == [name for name, _, _, _ in ANNEX_1 if name]
    # One heading has a full stop (基础资源。), and brackets come in both widths.
    headings = [
        re.sub(r"。(?=（)", "", name.replace("(", "（").replace(")", "）")) for _, name, _, _ in ANNEX_1 if name
    ]
    assert headings == [
        f"（{NUMERALS[number]}）{indicator.name}（{indicator.points // 100}分）"
        for group in rubric.groups
        for number, indicator in enumerate(group.indicators)
    ]


def test_items_stand_under_the_notices_indicators(rubric: Rubric) -> None:
    codes, group, indicator, item = [], 0, 0, 0
    for group_name, indicator_name, _, _ in ANNEX_1:
        group, indicator = (group + 1, 0) if group_name else (group, indicator)
        indicator, item = (indicator + 1, 1) if indicator_name else (indicator, item + 1)
        codes.append(f"{group}.{indicator}.{item}")
    assert list(rubric.items) == codes
    assert [item.code for item in rubric.items.values()] == codes
    for found in rubric.items.values():
        assert found.code.startswith(found.indicator + ".")
        assert found.indicator.startswith(found.group + ".")


def test_indicators_are_those_of_annex_3(rubric: Rubric) -> None:
    assert len(ANNEX_3) == 23
    indicators = [(entry.name, str(entry.points // 100)) for group in rubric.groups for entry in group.indicators]
    assert indicators == [(name, points) for _, name, points, _, _ in ANNEX_3]
    groups = [f"{NUMERALS[n]}、{group.name}（{group.points // 100}分）" for n, group in enumerate(rubric.groups)]
    assert groups == [name for name, _, _, _, _ in ANNEX_3 if name]


def test_title_note_and_total_are_the_notices(rubric: Rubric) -> None:
    assert f"\n附件1{rubric.title}" == "\n附件1" + squeezed(
        NOTICE[NOTICE.index("\n附件1\n") + 4 : NOTICE.index("\n\t一级指标")]
    )
    assert f"\n注：{rubric.note}\n" in NOTICE
    assert rubric.points == 11000
    assert "创建评估总分为110分" in rubric.note


def test_marks_are_the_notices(rubric: Rubric) -> None:
    starred = [index for index, (_, _, text, _) in enumerate(ANNEX_1) if text.startswith("★")]
    pointed = [index for index, (_, _, text, _) in enumerate(ANNEX_1) if "▲" in text]
    items = list(rubric.items.values())
    assert [index for index, item in enumerate(items) if item.starred] == starred
    with_demonstration = [
        index for index, item in enumerate(items) if any(clause.name == "demonstration" for clause in item.clauses)
    ]
    assert with_demonstration == pointed
    assert (len(starred), len(pointed)) == (41, 6)
    annex = NOTICE[NOTICE.index("\n附件1\n") : NOTICE.index("\n注：")]
    assert (annex.count("★"), annex.count("▲")) == (41, 6)


def test_clauses_beside_the_star(rubric: Rubric) -> None:
    names = {code: [clause.name for clause in item.clauses] for code, item in rubric.items.items()}
    special = {code: found for code, found in names.items() if found not in ([], ["basic"])}
    assert special == {
        "1.1.5": ["demonstration"],
        "1.3.3": ["basic", "demonstration"],
        "1.3.6": ["basic", "senior"],
        "1.3.7": ["demonstration"],
        "1.4.1": ["basic", "demonstration"],
        "2.2.2": ["basic", "demonstration"],
        "4.1.2": ["basic", "senior"],
        "4.5.5": ["basic", "senior"],
        "5.4.2": ["basic", "filing"],
        "6.3.3": ["demonstration"],
    }


def test_requirements_and_stages_of_clauses(rubric: Rubric) -> None:
    for code, item in rubric.items.items():
        for clause in item.clauses:
            assert clause.item == code
            assert clause.requirement == ("basic" if clause.name == "senior" else clause.name)
            assert clause.stages == (frozenset({"senior"}) if clause.name == "senior" else frozenset())


def test_senior_clause_applies_only_with_a_senior_stage(rubric: Rubric) -> None:
    basic, senior = rubric.items["1.3.6"].clauses
    assert senior.applies_to(frozenset({"junior", "senior"}))
    assert not senior.applies_to(frozenset({"primary", "junior"}))
    assert basic.applies_to(frozenset({"primary"}))


def test_figures(rubric: Rubric) -> None:
    figures = {item.code: c.figures for item in rubric.items.values() for c in item.clauses if c.figures}
    assert list(figures) == ["1.2.1", "1.2.2"]
    assert (figures["1.2.1"].kind, figures["1.2.1"].at_most) == ("teacher_computers", {})
    assert figures["1.2.2"].kind == "students_per_device"
    assert figures["1.2.2"].at_most == {"primary": 10, "junior": 8, "senior": 6}


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("1.2.1", "basic", "配有教师用计算机，师机比不低于1:1。"),
        ("2.2.6", "basic", "学生自建资源，如信息技术课成果、创意作品、微视频等。"),
        ("1.1.5", "demonstration", "建有物联网技术应用学习空间。"),
        ("1.3.3", "demonstration", "支持“三个课堂”活动"),
        ("1.3.6", "senior", "高中学校建有数字化实验室。"),
        ("4.1.2", "senior", "高中阶段学生建立生涯规划教育数据。"),
        ("4.5.5", "senior", "高中阶段开展生涯规划评估。"),
        ("5.4.2", "filing", "示范校、优秀校须完成网络安全等级保护备案。"),
    ],
)
def test_clause_text_is_its_words_without_mark_and_number(rubric: Rubric, code: str, name: str, words: str) -> None:
    (clause,) = (clause for clause in rubric.items[code].clauses if clause.name == name)
    assert clause.text == words


def test_clause_texts_of_an_item_share_it_between_them(rubric: Rubric) -> None:
    for item in rubric.items.values():
        texts = [clause.text for clause in item.clauses]
        assert all(text and text in item.text and text[0] not in "★▲" for text in texts)
        assert len(set(texts)) == len(texts)


def test_rubrics_of_equal_content_are_one_key_of_a_cache(rubric: Rubric) -> None:
    assert {load_rubric(ROOT / "config", "taizhou-2022"): 1}[rubric] == 1


# What may be wrong. Each change to the good rubric gives the problems named, and no other.

ITEM = "/groups/0/indicators/0/items/0"
CLAUSE = "/groups/0/indicators/0/items/0/clauses/0"


def problems_of(data: object) -> list[tuple[str, str]]:
    with pytest.raises(RubricError) as caught:
        parse_rubric(data, "0" * 64)
    for problem in caught.value.problems:
        assert "请" in problem.message, f"{problem.message} does not say what to do"
    return [(problem.path, problem.code) for problem in caught.value.problems]


def put(data: Any, path: str, value: object) -> None:
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")[1:]]
    for part in way:
        data = data[part]
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("/points", 111, ("/points", "wrong_sum")),
        (ITEM + "/points", Decimal("1.5"), ("/groups/0/indicators/0/points", "wrong_sum")),
        (ITEM + "/points", Decimal("2.001"), (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", Decimal("2.01"), ("/groups/0/indicators/0/points", "wrong_sum")),
        (ITEM + "/points", Decimal("NaN"), (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", Decimal("1e9999999"), (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", Decimal("1e-9999999"), (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", Decimal("2." + "0" * 40 + "1"), (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", 2.0, (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", True, (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", 0, (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", -2, (ITEM + "/points", "out_of_range")),
        (ITEM + "/points", "2", (ITEM + "/points", "out_of_range")),
        (ITEM + "/text", "", (ITEM + "/text", "required")),
        (ITEM + "/text", 1, (ITEM + "/text", "wrong_type")),
        (ITEM + "/text", "1.有线网络", (ITEM, "mark_missing")),
        (ITEM + "/text", "★1.有线网络。▲无线网络", (ITEM, "clause_missing")),
        (ITEM + "/ponits", 2, (ITEM + "/ponits", "unknown_field")),
        ("/groups/0/indicators/0/items/1/code", "1.1.1", ("/groups/0/indicators/0/items/1/code", "wrong_code")),
        ("/groups/5/indicators/3/items/0/code", "6.4.2", ("/groups/5/indicators/3/items/0/code", "wrong_code")),
        ("/groups/0/indicators/0/items/4/text", "5.建有", ("/groups/0/indicators/0/items/4", "mark_missing")),
        ("/groups/0/indicators/0/items/1/text", "★2.建有", ("/groups/0/indicators/0/items/1", "clause_missing")),
        ("/groups/0/indicators/0/items/1/text", "▲2.建有", ("/groups/0/indicators/0/items/1", "clause_missing")),
        (CLAUSE + "/requirement", "gold", (CLAUSE + "/requirement", "unknown_value")),
        (CLAUSE + "/requirement", "filing", (CLAUSE + "/requirement", "wrong_requirement")),
        (CLAUSE + "/text", "没有这句话", (CLAUSE + "/text", "not_in_item")),
        (CLAUSE + "/text", " ", (CLAUSE + "/text", "required")),
        (CLAUSE + "/stages", ["kindergarten"], (CLAUSE + "/stages/0", "unknown_value")),
        (CLAUSE + "/stages", [], (CLAUSE + "/stages", "required")),
        (CLAUSE + "/stages", ["senior", "senior"], (CLAUSE + "/stages", "duplicate")),
        (CLAUSE + "/stages", "senior", (CLAUSE + "/stages", "wrong_type")),
        (CLAUSE + "/figures", {"kind": "rooms"}, (CLAUSE + "/figures/kind", "unknown_value")),
        (CLAUSE + "/figures", {"kind": "students_per_device"}, (CLAUSE + "/figures/at_most", "required")),
        (
            CLAUSE + "/figures",
            {"kind": "teacher_computers", "at_most": {"primary": 1}},
            (CLAUSE + "/figures/at_most", "unknown_field"),
        ),
        (
            CLAUSE + "/figures",
            {"kind": "students_per_device", "at_most": {"primary": 10, "junior": 8}},
            (CLAUSE + "/figures/at_most/senior", "required"),
        ),
        (
            CLAUSE + "/figures",
            {"kind": "students_per_device", "at_most": {"primary": 0, "junior": 8, "senior": 6}},
            (CLAUSE + "/figures/at_most/primary", "out_of_range"),
        ),
        ("/groups/0/indicators/2/items/5/clauses/1/stages", ["junior"], ("", "wrong_stages")),
        ("/groups/0/name", "", ("/groups/0/name", "required")),
        ("/name", "Taizhou/2022", ("/name", "bad_name")),
        ("/note", None, ("/note", "wrong_type")),
        ("/groups", {}, ("/groups", "wrong_type")),
        ("/a~b", 1, ("/a~0b", "unknown_field")),
    ],
)
def test_one_thing_wrong(data: Any, path: str, value: object, problem: tuple[str, str]) -> None:
    put(data, path, value)
    where, code = problem
    assert problems_of(data) == [(where or path.removesuffix("/stages"), code)]


@pytest.mark.parametrize(
    ("path", "points", "above"),
    [("/groups/3/points", 41, "/points"), ("/groups/0/indicators/1/points", 5, "/groups/0/points")],
)
def test_a_sum_in_between_is_off_with_what_is_below_and_above(data: Any, path: str, points: int, above: str) -> None:
    put(data, path, points)
    assert problems_of(data) == [(path, "wrong_sum"), (above, "wrong_sum")]


def test_a_sum_that_is_off_says_both_numbers(data: Any) -> None:
    put(data, "/points", Decimal("109.5"))
    with pytest.raises(RubricError, match=r"这里写的是 109\.5 分，下一级合计却是 110 分"):
        parse_rubric(data, "0" * 64)


def test_points_that_are_none_make_no_sum_wrong(data: Any) -> None:
    put(data, ITEM + "/points", "two")
    put(data, "/points", 109)
    assert problems_of(data) == [(ITEM + "/points", "out_of_range"), ("/points", "wrong_sum")]


def test_a_starred_item_needs_clauses(data: Any) -> None:
    put(data, ITEM + "/clauses", [])
    assert problems_of(data) == [(ITEM + "/clauses", "required"), (ITEM, "clause_missing")]


def test_an_unknown_clause_name_also_leaves_the_mark_alone(data: Any) -> None:
    put(data, CLAUSE + "/name", "golden")
    assert problems_of(data) == [(CLAUSE + "/name", "unknown_value"), (ITEM, "clause_missing")]


def test_a_clause_twice_in_an_item(data: Any) -> None:
    clauses = data["groups"][0]["indicators"][0]["items"][0]["clauses"]
    clauses.append(dict(clauses[0]))
    assert problems_of(data) == [(ITEM + "/clauses/1", "duplicate")]


def test_a_missing_key_is_named(data: Any) -> None:
    del data["groups"][0]["indicators"][0]["items"][0]["points"]
    assert problems_of(data) == [(ITEM + "/points", "required")]


def test_two_items_changed_about_are_both_out_of_order(data: Any) -> None:
    items = data["groups"][0]["indicators"][0]["items"]
    items[1], items[2] = items[2], items[1]
    below = "/groups/0/indicators/0/items/"
    assert problems_of(data) == [(below + "1/code", "wrong_code"), (below + "2/code", "wrong_code")]


def test_all_problems_are_named_at_once(data: Any) -> None:
    put(data, "/points", 100)
    put(data, "/groups/1/points", 11)
    put(data, "/groups/1/indicators/0/points", 5)
    put(data, "/groups/2/indicators/0/items/0/code", "1.1.1")
    put(data, CLAUSE + "/requirement", "gold")
    put(data, "/extra", 1)
    assert set(problems_of(data)) == {
        ("/extra", "unknown_field"),
        ("/points", "wrong_sum"),
        ("/groups/1/points", "wrong_sum"),
        ("/groups/1/indicators/0/points", "wrong_sum"),
        ("/groups/2/indicators/0/items/0/code", "wrong_code"),
        (CLAUSE + "/requirement", "unknown_value"),
    }


@pytest.mark.parametrize("data", [None, [], "rubric", 1])
def test_what_is_no_mapping_at_all(data: object) -> None:
    assert problems_of(data) == [("", "wrong_type")]


def test_an_empty_rubric_names_every_key() -> None:
    assert [path for path, _ in problems_of({})] == ["/name", "/title", "/points", "/note", "/groups"]


def test_a_rubric_may_have_half_points(data: Any) -> None:
    items = data["groups"][0]["indicators"][0]["items"]
    items[1]["points"], items[2]["points"] = Decimal("0.5"), Decimal("1.5")
    assert parse_rubric(data, "0" * 64).items["1.1.3"].points == 150


def test_pointer_escapes() -> None:
    assert pointer("a/b", 0, "m~n") == "/a~1b/0/m~0n"
    assert pointer("~1") == "/~01"
    assert pointer() == ""
