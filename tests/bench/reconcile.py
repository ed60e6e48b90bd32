"""How long reconciling and grading takes from MongoDB, and in how much memory: 600 schools, then 6,000, 3 sheets each.

`python -m tests.bench.reconcile [rounds]` fills a MongoDB of its own, then reads every case and decides it, each size
in a fresh process of the service's own code, with a heartbeat on its event loop.
"""

import asyncio
import gc
import json
import random
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.config_files import default_config_folder, load_cycle, load_rubric
from backend.deps import Deps
from backend.services.cycles import OpenCycle, current
from backend.services.reconciliation import cases
from backend.store import cycles
from backend.store.indexes import ensure_indexes
from backend.store.mongo import Database, connect, transact
from backend.store.submissions import item_key, new_draft, self_points_of
from inspection.rules.outcome import assess
from inspection.rules.rubric import Rubric
from inspection.rules.workflow import State
from tests.bench.figures import RUNS, Figure
from tests.bench.heartbeat import Heartbeat
from tests.bench.servers import make_deps, own_mongodb

SIZES = (600, 6000)
SHEETS = 3
_BATCH = 200
_NOW = datetime(2022, 10, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds for all schools, megabytes at most, the heartbeat's p99 in milliseconds, and how many were decided."""

    seconds: float
    megabytes: float
    late: float
    decided: int


async def fill(db: Database, rubric: Rubric, schools: int) -> None:
    """Puts so many scored schools with their visits and signed sheets into the database."""
    chance = random.Random(schools)
    for start in range(0, schools, _BATCH):
        made = [_school(rubric, chance, number) for number in range(start, min(schools, start + _BATCH))]
        await db.submissions.insert_many([submission for submission, _, _ in made])
        await db.visits.insert_many([visit for _, visit, _ in made])
        await db.score_sheets.insert_many([sheet for _, _, sheets in made for sheet in sheets])


def _school(
    rubric: Rubric, chance: random.Random, number: int
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """A school as the service leaves it: a form with notes, photos and the versions of its fields; 30 rulings."""
    school = {"_id": _id(), "district": "hailing", "name": f"第{number}小学", "stages": ["primary", "junior"]}
    submission = new_draft(_id(), "2022", school, _NOW)
    submission |= {"state": State.SCORED.value, "items": _own(rubric, chance)}
    submission["application"] |= {"applied": "excellent", "teachers": 60, "teacher_computers": 62}
    submission["self_points"] = self_points_of(submission["items"])
    figures = {"classes": 20, "students": 900, "student_devices": 120}
    submission["application"]["stages"] = {"primary": figures, "junior": figures}
    submission["fields"] = {
        f"/items/{key}/{name}": {"version": 3, "since": 7, "by": _id(), "at": _NOW, "conflicts": []}
        for key in submission["items"]
        for name in ("points", "clauses/basic", "note", "evidence")
    }
    visit = {
        "_id": _id(),
        "schema": 1,
        "version": 9,
        "cycle": "2022",
        "submission_id": submission["_id"],
        "school_id": school["_id"],
        "state": "closed",
        "live": True,
        "team": [],
        "rulings": [_ruling(rubric, chance, order) for order in range(30)],
    }
    return submission, visit, [_sheet(rubric, chance, visit["_id"]) for _ in range(SHEETS)]


def _own(rubric: Rubric, chance: random.Random) -> dict[str, Any]:
    return {
        item_key(code): {
            "points": _points(item.points, chance),
            "clauses": {clause.name: chance.random() < 0.95 for clause in item.clauses},
            "note": "已建成并投入使用，运行正常，资料见附件。" * 3,
            "evidence": [_id(), _id()],
        }
        for code, item in rubric.items.items()
    }


def _points(most: int, chance: random.Random) -> int:
    return int(max(0, most - 50 * chance.choice([0, 0, 0, 1])))


def _ruling(rubric: Rubric, chance: random.Random, order: int) -> dict[str, Any]:
    item = chance.choice(list(rubric.items.values()))
    return {
        "id": _id(),
        "item": item.code,
        "rank": "lead",
        "order": order,
        "points": _points(item.points, chance),
        "clauses": {},
        "reason": "现场复核",
        "by": {"person_id": _id(), "name": "组长"},
        "at": _NOW,
    }


def _sheet(rubric: Rubric, chance: random.Random, visit_id: str) -> dict[str, Any]:
    points = {item_key(code): _points(item.points, chance) for code, item in rubric.items.items()}
    clauses = {
        item_key(code): {clause.name: chance.random() < 0.98 for clause in item.clauses if not clause.figures}
        for code, item in rubric.items.items()
        if item.clauses
    }
    operations = [{"id": _id(), "seq": number, "at": 1, "item": "1.1.1", "value": 1} for number in range(130)]
    return {
        "_id": _id(),
        "schema": 1,
        "version": 5,
        "visit_id": visit_id,
        "inspector_id": _id(),
        "name": "专家",
        "state": "signed",
        "points": points,
        "clauses": clauses,
        "note": dict.fromkeys(points, "现场查看属实。"),
        "batches": [{"device": _id(), "operations": operations}],
    }


def _id() -> str:
    return str(uuid.uuid4())


async def reconcile(uri: str, database: str) -> Result:
    """Reads and decides all cases once, in a process that has been up for a while: its memory is as it stays."""
    deps = make_deps(connect(uri, database))
    cycle = await current(deps)
    # As `serve` does.
    gc.collect()
    gc.freeze()
    await _decide(deps, cycle, SIZES[0])
    heartbeat = Heartbeat()
    start = time.perf_counter()
    async with heartbeat:
        decided = await _decide(deps, cycle, SIZES[1])
    seconds = time.perf_counter() - start
    megabytes = peak_memory() / 1024
    return Result(seconds, megabytes, heartbeat.p99, decided)


async def _decide(deps: Deps, cycle: OpenCycle, most: int) -> int:
    """How many of at most so many schools get a grade."""
    count = decided = 0
    async with aclosing(cases(deps, cycle, [State.SCORED])) as found:
        async for _, _, case in found:
            decided += assess(case).decision is not None
            count += 1
            if count == most:
                break
    return decided


def peak_memory() -> int:
    """The most memory that this process has had, in KiB.

    Linux lets `getrusage` begin with what the parent had when it started this process, and the other with nothing.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.read_text().partition("VmHWM:")[2].split()[0])


def _in_fresh_process(uri: str, database: str) -> Result:
    command = [sys.executable, "-m", "tests.bench.reconcile", "once", uri, database]
    return Result(**json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def figures(rounds: int = RUNS) -> list[Figure]:
    """Seconds and megabytes for each size, the sizes in turns, and how the larger stands to the smaller."""
    with own_mongodb() as uri:
        asyncio.run(_fill_all(uri))
        runs = [{size: _in_fresh_process(uri, f"bench{size}") for size in SIZES} for _ in range(rounds)]
    small, large = SIZES
    times = tuple(run[large].seconds / run[small].seconds for run in runs)
    seconds = tuple(run[large].seconds for run in runs)
    late = tuple(run[large].late for run in runs)
    return [
        Figure(f"{small} schools from MongoDB, 3 sheets each", tuple(run[small].seconds for run in runs), "s", 2.0),
        Figure(f"{small} schools, memory", tuple(run[small].megabytes for run in runs), "MB", 200),
        Figure(f"{large:,} schools, 3 sheets each", seconds, "s", 10 * 2.0),
        Figure(f"{large:,} schools, times as long as {small}", times, "", 10),
        Figure(f"{large:,} schools, memory", tuple(run[large].megabytes for run in runs), "MB", 200),
        Figure(f"{large:,} schools, heartbeat late at p99 meanwhile", late, "ms"),
    ]


async def _fill_all(uri: str) -> None:
    for schools in SIZES:
        await _prepare(connect(uri, f"bench{schools}"), schools)


async def _prepare(db: Database, schools: int) -> None:
    await ensure_indexes(db)
    folder = default_config_folder()
    cycle = load_cycle(folder, "2022")
    rubric = load_rubric(folder, cycle.rubric)
    source = (folder / "rubrics" / f"{cycle.rubric}.yaml").read_bytes()
    await transact(db, lambda session: cycles.insert(db, session, cycle, rubric, source, _NOW))
    await fill(db, rubric, schools)


def main(arguments: Sequence[str]) -> None:
    """The command line."""
    if arguments[:1] == ["once"]:
        result = asyncio.run(reconcile(*arguments[1:]))
        print(json.dumps({name: getattr(result, name) for name in Result.__slots__}))
    else:
        for figure in figures(*map(int, arguments)):
            print(figure.row())


if __name__ == "__main__":
    main(sys.argv[1:])
