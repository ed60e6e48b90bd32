"""How fast a batch that scores all items is taken in, beside bare Tornado handlers on the same machine.

`python -m tests.bench.operations [requests [rounds]]` starts a MongoDB, and three servers, each in its own process:
the service; a bare handler that makes the same round trips (a read and an update of one document) with the same bytes
unchecked; a bare handler with one insert. They take turns, many in a run, for a shared machine is faster or slower from
one second to the next. 32 connections; a fresh sheet and fresh ids each request.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from backend.config_files import default_config_folder, load_cycle, load_rubric
from backend.models.people import Holding, Role
from backend.store import cycles, embedded, people, score_sheets, sessions
from backend.store.indexes import ensure_indexes
from backend.store.mongo import Database, connect, transact
from backend.store.people import Person
from backend.store.sessions import Session, hash_token
from inspection.rules.points import as_number
from inspection.rules.rubric import Rubric
from tests.bench.figures import RUNS, Figure

# Requests of a run.
BATCHES = 1536
CONNECTIONS = 32
# Turns that a run is made of.
TURNS = 3
KINDS = ("service", "same round trips", "one insert")
DATABASE = "bench"


@dataclass(frozen=True, slots=True)
class Inspector:
    """Somebody with a session."""

    person_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of requests gave: how many a second, and how long they took (milliseconds)."""

    per_second: float
    p50: float
    p99: float


def new_id() -> str:
    """A random id."""
    return str(uuid.uuid4())


async def prepare(db: Database) -> tuple[Rubric, list[Inspector]]:
    """Opens the cycle, and signs in an inspector for each connection."""
    await ensure_indexes(db)
    folder, now = default_config_folder(), datetime.now(UTC)
    cycle = load_cycle(folder, "2022")
    rubric = load_rubric(folder, cycle.rubric)
    source = (folder / "rubrics" / f"{cycle.rubric}.yaml").read_bytes()
    await transact(db, lambda session: cycles.insert(db, session, cycle, rubric, source, now))
    return rubric, [await _signed_in(db, f"138{number:08}", now) for number in range(CONNECTIONS)]


async def _signed_in(db: Database, phone: str, now: datetime) -> Inspector:
    holding, token, person_id = Holding(role=Role.INSPECTOR), secrets.token_urlsafe(32), new_id()
    await people.insert(db, Person(person_id, "专家", phone, (holding,)))
    until = now + timedelta(days=1)
    await sessions.insert(db, Session(new_id(), hash_token(token), person_id, "专家", holding, now, now, until))
    return Inspector(person_id, token)


async def fresh_requests(
    db: Database, rubric: Rubric, inspectors: Sequence[Inspector], count: int
) -> list[list[bytes]]:
    """Makes so many sheets of visits under way; gives the requests that score all of their items, by connection."""
    sheets, requests = [], [list[bytes]() for _ in inspectors]
    for number in range(count):
        inspector = inspectors[number % len(inspectors)]
        visit_id = new_id()
        sheets.append(_sheet(rubric, visit_id, inspector))
        requests[number % len(inspectors)].append(_request(rubric, visit_id, inspector))
    await db.score_sheets.insert_many(sheets)
    return requests


def _sheet(rubric: Rubric, visit_id: str, inspector: Inspector) -> dict[str, Any]:
    own = {
        code.replace(".", "_"): {
            "points": as_number(item.points),
            "clauses": {clause.name: True for clause in item.clauses},
            "note": "已建成并投入使用，运行正常。",
            "evidence": 2,
        }
        for code, item in rubric.items.items()
    }
    member = {"inspector_id": inspector.person_id, "name": "专家", "lead": False}
    visit = {"_id": visit_id, "cycle": "2022", "stages": ["primary", "junior"], "assignments": {}}
    return {**score_sheets.new_sheet(new_id(), visit, member, None), "phase": "open", "own": own}


def _request(rubric: Rubric, visit_id: str, inspector: Inspector) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    operations = [
        {
            "id": new_id(),
            "seq": number,
            "at": now,
            "item": item.code,
            "field": "points",
            # As a phone writes it: 2, not 2.0.
            "value": as_number(item.points - 50 * (number % 2)),
            "saw": None,
        }
        for number, item in enumerate(rubric.items.values(), 1)
    ]
    body = json.dumps({"device": new_id(), "device_now": now, "operations": operations}).encode()
    head = (
        f"POST /api/visits/{visit_id}/operations HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {inspector.token}\r\nContent-Length: {len(body)}\r\n"
        f"X-Inspector: {inspector.person_id}\r\n\r\n"
    )
    return head.encode() + body


async def send_all(port: int, requests: Sequence[Sequence[bytes]]) -> Result:
    """Sends the requests, one after the other on each connection. Anything but 200 is an error."""
    times: list[float] = []
    start = time.perf_counter()
    await asyncio.gather(*(_send(port, each, times) for each in requests))
    seconds = time.perf_counter() - start
    times.sort()
    return Result(len(times) / seconds, median(times) * 1000, times[int(len(times) * 0.99)] * 1000)


def _together(turns: Sequence[Result]) -> Result:
    """Turns with equally many requests, as one run."""
    return Result(
        len(turns) / sum(1 / turn.per_second for turn in turns),
        median(turn.p50 for turn in turns),
        max(turn.p99 for turn in turns),
    )


async def _send(port: int, requests: Sequence[bytes], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        times.append(time.perf_counter() - start)
        if b" 200 " not in head[:16]:
            raise RuntimeError(f"{head.decode()}{body.decode()}")
    writer.close()


def serve(kind: str, uri: str) -> None:
    """Serves one of the kinds on a free port, which it prints, until its input ends."""
    asyncio.run(_serve(kind, uri))


async def _serve(kind: str, uri: str) -> None:
    from tests.bench.servers import make_server

    port = make_server(kind, uri, DATABASE)
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _results(count: int, rounds: int) -> dict[str, list[Result]]:
    """All kinds in turns, `rounds` times after a round that warms everything up."""
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        processes = {}
        try:
            db = connect(server.uri, DATABASE)
            rubric, inspectors = await prepare(db)
            processes = {kind: _start(kind, server.uri) for kind in KINDS}
            ports = {kind: int(_line(process)) for kind, process in processes.items()}
            results: dict[str, list[Result]] = {kind: [] for kind in KINDS}
            for _ in range(rounds + 1):
                turns: dict[str, list[Result]] = {kind: [] for kind in KINDS}
                for _ in range(TURNS):
                    for kind in KINDS:
                        requests = await fresh_requests(db, rubric, inspectors, count // TURNS)
                        turns[kind].append(await send_all(ports[kind], requests))
                for kind, each in turns.items():
                    results[kind].append(_together(each))
            return {kind: each[1:] for kind, each in results.items()}
        finally:
            for process in processes.values():
                process.kill()
                process.communicate()
            server.kill()


def _start(kind: str, uri: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.bench.operations", "serve", kind, uri]
    # Its log is thousands of lines.
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, text=True)


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""


def figures(count: int = BATCHES, rounds: int = RUNS) -> list[Figure]:
    """How many batches the service takes in, and how that stands to each bare handler of the same round."""
    results = asyncio.run(_results(count, rounds))
    speeds = {kind: tuple(result.per_second for result in each) for kind, each in results.items()}
    shares = {
        bare: tuple(100 * own / other for own, other in zip(speeds["service"], speeds[bare], strict=True))
        for bare in KINDS[1:]
    }
    return [
        Figure("a batch of all 82 items, 32 connections", speeds["service"], "/s"),
        *(Figure(f"bare handler, {bare}", speeds[bare], "/s") for bare in KINDS[1:]),
        Figure("the service beside the same round trips", shares["same round trips"], "%", 60, floor=True),
        Figure("the service beside one insert", shares["one insert"], "%"),
        Figure("a batch's answer, p99", tuple(result.p99 for result in results["service"]), "ms"),
    ]


def main(arguments: Sequence[str]) -> None:
    """The command line."""
    if arguments[:1] == ["serve"]:
        serve(*arguments[1:])
    else:
        for figure in figures(*map(int, arguments)):
            print(figure.row())


if __name__ == "__main__":
    main(sys.argv[1:])
