"""`python -m backend decide FILE`: the replay of decisions, to the letter of its form."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonpointer import set_pointer

ROOT = Path(__file__).parents[2]
BASE: dict[str, Any] = json.loads((ROOT / "tests/vectors/bases/total-80.json").read_text("utf-8"))
SHA256 = hashlib.sha256((ROOT / "config/rubrics/taizhou-2022.yaml").read_bytes()).hexdigest()

Decide = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """Runs the command as a process on a file with the given content; gives status, lines and standard error."""

    def run(content: bytes | str, name: str = "cases.jsonl") -> tuple[int, list[dict[str, Any]], str]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        command = [sys.executable, "-m", "backend", "decide", str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()

    return run


def case(**changes: Any) -> dict[str, Any]:
    """The base case with some of its top-level values changed."""
    return deepcopy(BASE) | changes


def put(pointer: str, value: Any) -> dict[str, Any]:
    """The base case with one value put at a JSON pointer."""
    changed: dict[str, Any] = set_pointer(deepcopy(BASE), pointer, value)
    return changed


def test_one_case_in_one_outcome_out(decide: Decide) -> None:
    status, lines, errors = decide(json.dumps(BASE, indent=2), "case.json")
    assert (status, errors, len(lines)) == (0, "", 1)
    assert list(lines[0]) == ["items", "discrepancies", "decision"]
    assert len(lines[0]["items"]) == 82
    assert lines[0]["items"]["1.1.1"] == {"agreed_points": 2, "rule": "mean", "clauses": {"basic": True}}
    assert lines[0]["decision"]["attained"] == "excellent"


def test_a_case_a_line_in_order_with_blank_lines_skipped_and_a_bad_one_not_stopping_the_rest(decide: Decide) -> None:
    good, other = json.dumps(case()), json.dumps(case(applied="qualified"))
    status, lines, errors = decide(f"\n{good}\n  \n{{not json\n{other}\r\n{json.dumps(case(applied='best'))}\n{good}")
    assert (status, errors) == (1, "")
    awarded = [line["decision"]["awarded"] if "decision" in line else line["error"]["code"] for line in lines]
    assert awarded == ["excellent", "not_json", "qualified", "invalid", "excellent"]


def test_the_same_bytes_again(decide: Decide) -> None:
    text = json.dumps(BASE)
    assert decide(text) == decide(text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "backend", "decide", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "无法读取" in done.stderr.decode()


def test_an_empty_jsonl_is_no_error_and_an_empty_json_is(decide: Decide) -> None:
    assert decide("\n\n") == (0, [], "")
    assert decide("", "case.json")[0] == 1


def test_a_byte_order_mark_is_no_error(decide: Decide) -> None:
    assert decide(b"\xef\xbb\xbf" + json.dumps(BASE).encode())[0] == 0


def test_rubric_by_name_and_hash_and_rules_written_out(decide: Decide) -> None:
    rules = {
        "score_step": 0.5,
        "spread_tolerance": 0.5,
        "discrepancy_share": 0.5,
        "evidence_required": "starred",
        "grades": [
            {"grade": "demonstration", "min_total": 90, "clauses": ["basic", "filing", "demonstration"]},
            {"grade": "excellent", "min_total": 80, "clauses": ["basic", "filing"]},
            {"grade": "qualified", "min_total": 70, "clauses": ["basic"]},
        ],
    }
    pinned = case(rubric=f"taizhou-2022@{SHA256}", rules=rules)
    status, lines, _ = decide(json.dumps(BASE) + "\n" + json.dumps(pinned))
    assert status == 0
    assert lines[0] == lines[1]


def test_rulings_may_be_left_out(decide: Decide) -> None:
    without = case()
    del without["rulings"]
    assert decide(json.dumps(without))[0] == 0


WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "unknown key": (case(colour="red"), [("/colour", "unknown_field")]),
    "unknown key below": (put("/school/colour", 1), [("/school/colour", "unknown_field")]),
    "unknown key of an answer": (
        put("/score_sheets/0/items/1.1.1/evidence", 1),
        [("/score_sheets/0/items/1.1.1/evidence", "unknown_field")],
    ),
    "unknown item": (put("/self_assessment/1.1.6", {"points": 1}), [("/self_assessment/1.1.6", "unknown_item")]),
    "unknown clause": (
        put("/rulings/1.1.1", {"clauses": {"filing": True}}),
        [("/rulings/1.1.1/clauses/filing", "unknown_clause")],
    ),
    "points off the step": (
        put("/score_sheets/1/items/1.1.1/points", 0.25),
        [("/score_sheets/1/items/1.1.1/points", "points_off_scale")],
    ),
    "points just off the step": (
        put("/rulings/1.1.1", {"points": 1.5000000000000002}),
        [("/rulings/1.1.1/points", "points_off_scale")],
    ),
    "points over the item's": (put("/rulings/1.1.1", {"points": 2.5}), [("/rulings/1.1.1/points", "points_off_scale")]),
    "points below 0": (put("/rulings/1.1.1", {"points": -0.5}), [("/rulings/1.1.1/points", "points_off_scale")]),
    "points true": (put("/rulings/1.1.1", {"points": True}), [("/rulings/1.1.1/points", "points_off_scale")]),
    "points a text": (put("/rulings/1.1.1", {"points": "1"}), [("/rulings/1.1.1/points", "points_off_scale")]),
    "points a list": (put("/rulings/1.1.1", {"points": [1]}), [("/rulings/1.1.1/points", "points_off_scale")]),
    "a clause 1": (
        put("/rulings/1.1.1", {"clauses": {"basic": 1}}),
        [("/rulings/1.1.1/clauses/basic", "wrong_type")],
    ),
    "clauses a list": (put("/rulings/1.1.1", {"clauses": [True]}), [("/rulings/1.1.1/clauses", "wrong_type")]),
    "the same inspector twice": (
        put("/score_sheets/1/inspector", "A"),
        [("/score_sheets/1/inspector", "duplicate")],
    ),
    "an inspector without a name": (put("/score_sheets/1/inspector", ""), [("/score_sheets/1/inspector", "required")]),
    "no stage": (put("/school/stages", []), [("/school/stages", "required")]),
    "a stage twice": (
        put("/school/stages", BASE["school"]["stages"] * 2),
        [("/school/stages/1/stage", "duplicate")],
    ),
    "an unknown stage": (put("/school/stages/0/stage", "nursery"), [("/school/stages/0/stage", "unknown_value")]),
    "no teachers": (put("/school/teachers", 0), [("/school/teachers", "out_of_range")]),
    "no students": (put("/school/stages/0/students", 0), [("/school/stages/0/students", "out_of_range")]),
    "devices below 0": (
        put("/school/stages/0/student_devices", -1),
        [("/school/stages/0/student_devices", "out_of_range")],
    ),
    "computers below 0": (put("/school/teacher_computers", -1), [("/school/teacher_computers", "out_of_range")]),
    "teachers a fraction": (put("/school/teachers", 1.5), [("/school/teachers", "out_of_range")]),
    "evidence below 0": (
        put("/self_assessment/1.1.1/evidence", -1),
        [("/self_assessment/1.1.1/evidence", "out_of_range")],
    ),
    "an unknown grade": (case(applied="best"), [("/applied", "unknown_value")]),
    "an unknown rubric": (case(rubric="nanjing-2022"), [("/rubric", "unknown_rubric")]),
    "a rubric by path": (case(rubric="../rubrics/taizhou-2022"), [("/rubric", "unknown_rubric")]),
    "a rubric of another content": (case(rubric="taizhou-2022@" + "0" * 64), [("/rubric", "unknown_rubric")]),
    "a rubric with an empty hash": (case(rubric="taizhou-2022@"), [("/rubric", "unknown_rubric")]),
    "a step of 0": (case(rules={"score_step": 0}), [("/rules/score_step", "out_of_range")]),
    "an unknown rule": (case(rules={"colour": 1}), [("/rules/colour", "unknown_field")]),
    "a share over 1": (case(rules={"discrepancy_share": 1.5}), [("/rules/discrepancy_share", "out_of_range")]),
    "a grade out of reach": (
        case(rules={"grades": [{"grade": "qualified", "min_total": 111, "clauses": []}]}, applied="qualified"),
        [("/rules", "out_of_range")],
    ),
    "grades on one line": (
        case(
            rules={
                "grades": [
                    {"grade": "qualified", "min_total": 70, "clauses": []},
                    {"grade": "excellent", "min_total": 70, "clauses": ["colour"]},
                ]
            },
            applied="qualified",
        ),
        [("/rules/grades/1/clauses/0", "unknown_value"), ("/rules/grades/1/min_total", "duplicate")],
    ),
    "everything missing": (
        {},
        [(f"/{key}", "required") for key in ("rubric", "applied", "school", "self_assessment", "score_sheets")],
    ),
    "several things at once": (
        put("/score_sheets/1/inspector", "A") | {"applied": "best", "rulings": {"9.9.9": {}, "1.1.1": {"points": 9}}},
        [
            ("/applied", "unknown_value"),
            ("/score_sheets/1/inspector", "duplicate"),
            ("/rulings/9.9.9", "unknown_item"),
            ("/rulings/1.1.1/points", "points_off_scale"),
        ],
    ),
}


def test_what_is_wrong_is_named_all_at_once(decide: Decide) -> None:
    status, lines, errors = decide("\n".join(json.dumps(wrong) for wrong, _ in WRONG.values()))
    assert (status, errors) == (1, "")
    found = {}
    for name, line in zip(WRONG, lines, strict=True):
        assert line["error"]["code"] == "invalid"
        assert line["error"]["message"]
        assert all(set(detail) == {"path", "code", "message"} for detail in line["error"]["details"])
        found[name] = [(detail["path"], detail["code"]) for detail in line["error"]["details"]]
    assert found == {name: expected for name, (_, expected) in WRONG.items()}


NO_JSON = {
    "cut off": '{"rubric": ',
    "NaN": json.dumps(BASE).replace('"points": 2', '"points": NaN', 1),
    "a key twice": '{"rubric": "taizhou-2022", "rubric": "taizhou-2022"}',
    "a key twice below": json.dumps(BASE).replace('"1.1.2":', '"1.1.1":', 1),
    "too deep": "[" * 100_000,
    "a huge exponent": json.dumps(BASE).replace('"points": 2', '"points": 1e400', 1),
    "a monstrous exponent": json.dumps(BASE).replace('"points": 2', '"points": 1e99999999999999999999', 1),
    "a number of 5,000 digits": json.dumps(BASE).replace('"points": 2', '"points": ' + "9" * 5000, 1),
    "two documents": "{} {}",
}


def test_what_is_no_json_is_said_on_its_line(decide: Decide) -> None:
    status, lines, errors = decide("\n".join(NO_JSON.values()).encode() + b'\n"\xff"\n')
    assert (status, errors) == (1, "")
    assert len(lines) == len(NO_JSON) + 1
    assert all(line["error"]["message"] for line in lines)


def test_null_is_not_answered(decide: Decide) -> None:
    changed = put("/score_sheets/0/items/1.1.1", {"points": None, "clauses": {"basic": None}})
    changed["score_sheets"][1]["items"]["1.1.1"] = {"clauses": None}
    del changed["score_sheets"][1]["items"]["1.1.2"], changed["score_sheets"][0]["items"]["1.1.2"]
    _, (line,), _ = decide(json.dumps(changed))
    assert line["items"]["1.1.1"] == {"agreed_points": None, "rule": "unscored", "clauses": {"basic": None}}
    assert line["items"]["1.1.2"] == {"agreed_points": None, "rule": "unscored", "clauses": {}}
