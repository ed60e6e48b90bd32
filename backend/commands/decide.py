"""`python -m backend decide FILE`: replays stored inputs of decisions, as they are checked years later.

Reads one case (JSON), or one a line (`.jsonl`; blank lines are skipped), and prints one outcome a line, in order. It
reads nothing else but the rubrics. A bad case yields {"error": …} on its line; the exit status is then 1. A file that
can't be read is said on standard error, with exit status 2.
"""

import argparse
import gc
import json
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from backend.config_files import ConfigError, default_config_folder, load_rubric
from backend.errors import AppError, Detail, Invalid
from backend.strict_json import parse_json
from inspection.rules.outcome import assess
from inspection.rules.replay import CaseError, outcome_to_data, parse_case
from inspection.rules.rubric import Rubric

SUMMARY = "复核认定：读入案例（JSON 或 .jsonl），逐行给出结果"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line: the file, and where the rubrics are."""
    parser.add_argument("file", type=Path, help="JSON 文件（一个案例）或 .jsonl 文件（每行一个案例）")
    parser.add_argument("--config-folder", type=Path, default=default_config_folder(), help="配置目录，内有 rubrics/")


def run(args: argparse.Namespace) -> int:
    """Prints the outcome of every case; returns the exit status."""
    # A replay makes no reference cycles; looking for them in vain costs a seventh of the time.
    gc.disable()
    try:
        with args.file.open("rb") as file:
            return _decide_all(_cases(file, args.file.suffix == ".jsonl"), rubric_finder(args.config_folder))
    except OSError as error:
        sys.stderr.write(f"无法读取 {args.file}：{error.strerror}。请检查路径和权限。\n")
        return 2


def _cases(file: BinaryIO, lines: bool) -> Iterator[bytes]:
    if lines:
        return (line for line in file if line.strip())
    return iter([file.read()])


def _decide_all(cases: Iterator[bytes], find_rubric: Callable[[str], Rubric]) -> int:
    status = 0
    for line in cases:
        try:
            answer = outcome_to_data(assess(parse_case(_parsed(line), find_rubric)))
        except CaseError as error:
            details = [Detail(problem.path, problem.code, problem.message) for problem in error.problems]
            answer, status = Invalid("案例有误，请逐条改正", details=details).to_json(), 1
        except AppError as error:
            answer, status = error.to_json(), 1
        sys.stdout.buffer.write(_ENCODER.encode(answer).encode() + b"\n")
    sys.stdout.buffer.flush()
    return status


def rubric_finder(config_folder: Path) -> Callable[[str], Rubric]:
    """A function from a reference (`name` or `name@sha256`) to its rubric; LookupError says why there is none."""

    @lru_cache
    def find(reference: str) -> Rubric:
        name, _, sha256 = reference.partition("@")
        try:
            rubric = load_rubric(config_folder, name)
        except (ConfigError, OSError) as error:
            raise LookupError(f"无法读取评估细则 {name}：{error}") from error
        if "@" in reference and sha256 != rubric.sha256:
            raise LookupError(
                f"评估细则 {name} 的内容与 {sha256 or '（空）'} 不符，现有内容的 SHA-256 为 {rubric.sha256}"
            )
        return rubric

    return find


_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_DECODER = json.JSONDecoder(parse_float=Decimal)


def _parsed(line: bytes) -> object:
    """The JSON of a case. `parse_json` checks all that can be wrong with it, and takes three times as long: it is
    asked only where as many colons as keys don't show already that no key stands twice."""
    line = line.removeprefix(BOM_UTF8)
    try:
        text = line.decode()
        case = _DECODER.decode(text)
        keys = _keys(case)
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return parse_json(line)
    return case if keys == text.count(":") else parse_json(line)


def _keys(case: Any) -> int:
    """How many keys the objects of a well-formed case have; any other number or error asks for a closer look."""
    school = case["school"]
    answers = [case["self_assessment"], case.get("rulings", {}), *(sheet["items"] for sheet in case["score_sheets"])]
    keys = len(case) + len(school) + sum(map(len, [*school["stages"], *case["score_sheets"], *answers]))
    for entries in answers:
        keys += sum(map(len, entries.values()))
        keys += sum([len(entry["clauses"]) for entry in entries.values() if "clauses" in entry])
    return keys
