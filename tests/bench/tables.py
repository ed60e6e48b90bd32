"""The console's pages of the first review at 6,000 schools: how long what each asks for first takes, and an export."""

import asyncio
import random
import tempfile
import time
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from backend.logs import configure_logs
from backend.store import embedded, submissions
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from backend.store.submissions import item_key
from inspection.rules.workflow import State
from tests.bench.figures import RUNS, Figure
from tests.http.conftest import Clock, Service, make_deps, running_service, signing_in

SCHOOLS, ASKED, BATCH = 6_000, 20, 1_000
LIMIT = 300.0
# Most of them submitted or further: a draft has less to add up.
STATES = [State.SUBMITTED, State.ENDORSED, State.ENDORSED, State.RETURNED, State.DRAFT, State.DECLINED]
TABLE = "/api/tables/submissions"
PAGES = {
    "schools": [f"{TABLE}?sort=name", "/api/submission-counts"],
    "schools, the last page by time": [f"{TABLE}?sort=-submitted_at&skip=5950", "/api/submission-counts"],
    "schools, by a part of the name": [f"{TABLE}?name=77&late=true", "/api/submission-counts"],
    "a review": [
        "/api/submissions/{id}",
        "/api/submissions/{id}/review",
        "/api/submissions/{id}/evidence?limit=200",
        "/api/rubric",
    ],
    "a list of some 280 schools": ["/api/recommendation-lists/hailing"],
}


def figures() -> list[Figure]:
    """The p95 of each page's first data, all that it asks for at once; and the seconds of an export of all schools."""
    configure_logs("warning", "json")
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        try:
            pages, exports = asyncio.run(_measured(server.uri))
        finally:
            server.kill()
    told = [
        Figure(f"{name}: first data at 6,000 schools, p95", tuple(runs), "ms", LIMIT) for name, runs in pages.items()
    ]
    return [*told, Figure("an export of 6,000 rows", tuple(exports), "s")]


async def _measured(uri: str) -> tuple[dict[str, list[float]], list[float]]:
    db, clock = connect(uri, "tables"), Clock()
    await migrate(db)
    try:
        async with running_service(make_deps(db, clock, rate_per_person=0, rate_per_address=0), clock) as service:
            city = await signing_in(db, clock)("city")
            assert (await service.post("/api/cycles", {"name": "2022"}, city.token)).status == 201
            some = await _fill(db, service, clock)
            # As in September: some are late.
            clock.advance(hours=2)
            runs = {
                name: [await _p95(service, city.token, paths, some) for _ in range(RUNS + 1)]
                for name, paths in PAGES.items()
            }
            exports = [await _export(service, city.token) for _ in range(RUNS)]
            return {name: found[1:] for name, found in runs.items()}, exports
    finally:
        close(db)


async def _fill(db: Database, service: Service, clock: Clock) -> str:
    """The schools' submissions, 82 items each, in all districts and states; gives the id of one."""
    chance = random.Random(2022)
    rubric = service.deps.rubrics["taizhou-2022"]
    districts = [district.id for district in service.deps.districts]
    documents = [_submission(number, districts, rubric, clock, chance) for number in range(SCHOOLS)]
    for start in range(0, SCHOOLS, BATCH):
        await db.submissions.insert_many(documents[start : start + BATCH], ordered=False)
    return str(next(each["_id"] for each in documents if each["state"] == "submitted"))


def _submission(number: int, districts: list[str], rubric: Any, clock: Clock, chance: random.Random) -> dict[str, Any]:
    school = {
        "_id": str(uuid.UUID(int=chance.getrandbits(128))),
        "district": districts[number % len(districts)],
        "name": f"第{number}中心小学",
        "stages": ["primary"],
    }
    made = submissions.new_draft(str(uuid.UUID(int=chance.getrandbits(128))), "2022", school, clock())
    state = STATES[chance.randrange(len(STATES))]
    made["state"] = state.value
    made["items"] = {
        item_key(code): {"points": item.points, "clauses": {}, "note": "现场已建成并使用，见照片", "evidence": []}
        for code, item in rubric.items.items()
    }
    if state is not State.DRAFT:
        made["submitted_at"] = clock() - timedelta(minutes=chance.randrange(10_000))
        step = {"event": "submitted", "round": 1, "by": "x", "name": "周老师", "role": "school", "reason": None}
        made["history"] = [{**step, "at": made["submitted_at"], "opinion": None, "remarks": {}, "points": {}}]
    return made


async def _p95(service: Service, token: str, paths: list[str], some: str) -> float:
    """Milliseconds until all that the page asks for is there."""
    times = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        answers = await asyncio.gather(*(service.get(path.format(id=some), token) for path in paths))
        times.append((time.perf_counter() - begun) * 1000)
        assert {answer.status for answer in answers} == {200}, [answer.body[:200] for answer in answers]
    return sorted(times)[int(len(times) * 0.95)]


async def _export(service: Service, token: str) -> float:
    begun = time.perf_counter()
    answer = await service.get(f"{TABLE}/export", token)
    taken = time.perf_counter() - begun
    rows = load_workbook(BytesIO(answer.body), read_only=True).worksheets[0].iter_rows()
    assert sum(1 for _ in rows) > SCHOOLS
    return taken
