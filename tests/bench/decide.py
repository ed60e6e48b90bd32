"""How many cases a second `python -m backend decide` replays on one core: JSON lines in and out, all validated."""

import json
import random
import resource
import subprocess
import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, measured

ROOT = Path(__file__).parents[2]
BASES: list[dict[str, Any]] = [
    json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "tests/vectors/bases").glob("*.json"))
]
CASES = 4000


def case(seed: int) -> dict[str, Any]:
    """A school with three inspectors who mostly agree; a fifth of the items is scored lower than it says itself."""
    chance = random.Random(seed)
    made: dict[str, Any] = deepcopy(chance.choice(BASES))
    sheets = made["score_sheets"]
    sheets.append({"inspector": "C", "items": deepcopy(sheets[0]["items"])})
    for code, answer in made["self_assessment"].items():
        if answer["points"] >= 1 and chance.random() < 0.2:
            for sheet in sheets:
                sheet["items"][code]["points"] = answer["points"] - 0.5
        if answer["points"] >= 1 and chance.random() < 0.2:
            chance.choice(sheets)["items"][code]["points"] = answer["points"] - 0.5
        if "clauses" in answer and chance.random() < 0.03:
            for sheet in sheets:
                sheet["items"][code]["clauses"] = dict.fromkeys(answer["clauses"], False)
    return made


def figures() -> list[Figure]:
    """Cases per second of processor time, the start of Python included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.jsonl"
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(case(seed), ensure_ascii=False) + "\n" for seed in range(CASES))
        name = "decide, cases per second of one core"
        return [measured(name, lambda: _cases_per_second(file), "/s", 1000, floor=True)]


def _cases_per_second(file: Path) -> float:
    before = _processor_time()
    command = [sys.executable, "-m", "backend", "decide", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.count(b"\n") == CASES
    return CASES / (_processor_time() - before)


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
