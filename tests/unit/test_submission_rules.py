"""What a submission lacks, and its sums, on the real rubric."""

from pathlib import Path

from backend.config_files import default_config_folder, load_rubric
from inspection.rules.case import Answers, School, Stage
from inspection.rules.ruleset import RULES_2022
from inspection.rules.submission import missing_answers, missing_evidence, sums

RUBRIC = load_rubric(Path(default_config_folder()), "taizhou-2022")
PRIMARY = School((Stage("primary", 900, 90),), 60, 60)
SENIOR = School((Stage("senior", 600, 100),), 60, 60)
FULL = {code: item.points for code, item in RUBRIC.items.items()}
CLAIMS = {code: {clause.name: True for clause in item.clauses} for code, item in RUBRIC.items.items()}


def test_an_empty_one_lacks_every_item_and_every_clause_that_applies() -> None:
    missing = missing_answers(RUBRIC, PRIMARY, Answers(), "/items")
    points = [problem for problem in missing if problem.path.endswith("/points")]
    clauses = [problem for problem in missing if "/clauses/" in problem.path]
    assert len(points) == 82
    # 41 ★, 6 ▲, one filing; the three of senior schools do not apply.
    assert len(clauses) == 48
    assert len(missing_answers(RUBRIC, SENIOR, Answers(), "/items")) == 82 + 51
    assert missing[0].path == "/items/1.1.1/points"


def test_a_full_one_lacks_nothing_and_one_gap_is_named() -> None:
    assert missing_answers(RUBRIC, SENIOR, Answers(FULL, CLAIMS), "/items") == []
    gap = Answers(FULL, CLAIMS | {"4.1.2": {"basic": True}})
    assert [each.path for each in missing_answers(RUBRIC, SENIOR, gap, "/items")] == ["/items/4.1.2/clauses/senior"]
    assert missing_answers(RUBRIC, PRIMARY, gap, "/items") == []


def test_evidence_is_missing_with_points_on_starred_items_alone() -> None:
    answers = Answers({"1.1.1": 50, "1.1.2": 100, "1.2.1": 0, "1.2.2": 100})
    missing = missing_evidence(RUBRIC, RULES_2022, answers, {"1.2.2": 1}, "/items")
    assert [each.path for each in missing] == ["/items/1.1.1/evidence"]


def test_the_sums_are_those_of_the_form() -> None:
    totals = sums(RUBRIC, FULL)
    assert totals[""] == 11_000
    assert [totals[group.code] for group in RUBRIC.groups] == [2600, 1000, 1000, 4200, 1200, 1000]
    assert {each.code: totals[each.code] for group in RUBRIC.groups for each in group.indicators} == {
        each.code: each.points for group in RUBRIC.groups for each in group.indicators
    }
    assert sums(RUBRIC, {})["1.1"] == 0
