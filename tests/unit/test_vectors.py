"""The hand-written vectors, as the README beside them says: the same files are run by every language."""

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonpointer import JsonPointer

from backend.commands.decide import rubric_finder
from backend.config_files import default_config_folder
from inspection.rules.outcome import assess
from inspection.rules.replay import outcome_to_data, parse_case

FOLDER = Path(__file__).parents[1] / "vectors"
FIND_RUBRIC = rubric_finder(default_config_folder())


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"), parse_float=Decimal)


BASES = {path.stem: read(path) for path in (FOLDER / "bases").glob("*.json")}
VECTORS = {f"{path.stem}: {vector['name']}": vector for path in FOLDER.glob("*.json") for vector in read(path)}


def put(document: Any, pointer: str, value: Any) -> None:
    parent, last = JsonPointer(pointer).to_last(document)
    if isinstance(parent, list) and last == len(parent):
        parent.append(value)
    else:
        parent[last] = value


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name: str) -> None:
    vector = VECTORS[name]
    case = deepcopy(BASES[vector["base"]])
    for pointer, value in vector["set"].items():
        put(case, pointer, value)
    # Through JSON and back: what is compared is what a reader of the output sees.
    outcome = json.loads(json.dumps(outcome_to_data(assess(parse_case(case, FIND_RUBRIC)))), parse_float=Decimal)
    found = {pointer: JsonPointer(pointer).resolve(outcome, None) for pointer in vector["expect"]}
    assert found == vector["expect"]


@pytest.mark.parametrize("name", BASES)
def test_a_base_adds_up_to_the_number_in_its_name(name: str) -> None:
    total = int(name.removeprefix("total-"))
    base = BASES[name]
    for answers in (base["self_assessment"], base["score_sheets"][0]["items"], base["score_sheets"][1]["items"]):
        assert len(answers) == 82
        assert sum(entry["points"] for entry in answers.values()) == total


def test_names_are_told_apart() -> None:
    assert len(VECTORS) == sum(len(read(path)) for path in FOLDER.glob("*.json"))
