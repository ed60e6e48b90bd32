"""The first data of every page of the console, with 6,000 schools and more than 500,000 item scores.

`python -m tests.bench.pages` fills a MongoDB of its own (a few minutes), then asks the service, in a process of its
own, for what each page asks when it is opened, as a city officer. Outcomes, discrepancies and figures are what the
service's own code makes of the scores.
"""

import asyncio
import random
import secrets
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.config_files import default_config_folder, load_cycle, read_rubric_file
from backend.deps import Deps
from backend.models.people import Actor, Holding, Role
from backend.names import name_key
from backend.services import decisions
from backend.services.cycles import OpenCycle, current
from backend.services.discrepancies import refresh
from backend.services.reconciliation import case_of
from backend.store import cycles, people, sessions
from backend.store.migrations import migrate
from backend.store.mongo import Database, Session, connect, transact
from backend.store.people import Person
from backend.store.sessions import Session as SignIn
from backend.store.sessions import hash_token
from tests.bench import reconcile
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import make_deps, own_mongodb
from tests.bench.serving import serving

DATABASE = "pages"
SCHOOLS, INSPECTORS, DECIDED = 6000, 300, 1500
LIMIT = 300.0
TIMES = 20
_BATCH = 20
_VISITED = datetime(2022, 9, 5, 1, 0, tzinfo=UTC)
# Page by page what it asks for when it is opened; {one} is a submission that is scored. People, invitations, messages
# and the audit trail are in `tables`, which has more of them.
PAGES: Mapping[str, Sequence[str]] = {
    "schools": ("/api/submission-counts", "/api/tables/submissions"),
    "schools, the last page by time": ("/api/tables/submissions?sort=-submitted_at&skip=5950",),
    "schools, by a part of the name": ("/api/tables/submissions?name=77&late=true&sort=district",),
    "a school's review": ("/api/submissions/{one}", "/api/submissions/{one}/review", "/api/submissions/{one}/evidence"),
    "recommendation list": ("/api/recommendation-lists/hailing",),
    "registered schools": ("/api/schools",),
    "visits": ("/api/visits?limit=200", "/api/cycle"),
    "discrepancies": ("/api/discrepancies",),
    "a school's discrepancies": ("/api/submissions/{one}/discrepancies", "/api/submissions/{one}/decision"),
    "decisions": ("/api/tables/decisions?sort=-total", "/api/submission-counts"),
    "publication, before it is made": ("/api/publications/preview",),
    "publications": ("/api/publications", "/api/public-notices"),
    "statistics": ("/api/statistics", "/api/targets"),
    "photos to look into": ("/api/photo-flags",),
    "rubric": ("/api/rubric", "/api/rubric/candidates"),
    "cycle": ("/api/cycles", "/api/cycle"),
}


def figures() -> list[Figure]:
    """The p95 of the slowest request of each page, and what statistics take when a school's have just changed."""
    with own_mongodb() as uri:
        return asyncio.run(_measured(uri))


async def _measured(uri: str) -> list[Figure]:
    db = connect(uri, DATABASE)
    begun = time.perf_counter()
    token, one = await fill(make_deps(db), SCHOOLS)
    scores = SCHOOLS * 2 * 82
    print(f"{SCHOOLS:,} schools with {scores:,} item scores in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    runs: dict[str, list[float]] = {}
    async with serving(uri, DATABASE) as served:
        for _ in range(RUNS + 1):
            for page, paths in PAGES.items():
                worst = max([await p95(served.port, token, path.format(one=one)) for path in paths])
                runs.setdefault(page, []).append(worst)
            runs.setdefault("statistics, after a change", []).append(await _changed(db, served.port, token, one))
    # The first round is the warm-up.
    return [Figure(f"{page}, p95", tuple(values[1:]), "ms", LIMIT) for page, values in runs.items()]


async def p95(port: int, token: str, path: str) -> float:
    """Milliseconds of the slowest of 20 GETs, which is no less than their p95."""
    times = [await ask(port, token, path) for _ in range(TIMES)]
    return sorted(times)[int(len(times) * 0.95)]


async def _changed(db: Database, port: int, token: str, one: str) -> float:
    """The p95 of the statistics when the figures of a school have just changed each time."""
    times = []
    for _ in range(TIMES):
        await db.figures.update_one({"_id": one}, {"$set": {"stamp": secrets.randbits(48)}})
        times.append(await ask(port, token, "/api/statistics"))
    return sorted(times)[int(len(times) * 0.95)]


_client: list[SimpleAsyncHTTPClient] = []


async def ask(port: int, token: str, path: str) -> float:
    """Milliseconds of a GET that succeeds."""
    if not _client:
        _client.append(SimpleAsyncHTTPClient(force_instance=True, max_body_size=10**8))
    request = HTTPRequest(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    begun = time.perf_counter()
    answer = await _client[0].fetch(request, raise_error=False)
    assert answer.code == 200, (path, answer.code, answer.body)
    return (time.perf_counter() - begun) * 1000


async def fill(deps: Deps, schools: int) -> tuple[str, str]:
    """Scored schools, a part of them decided, with all that follows; a city officer's token, and one submission."""
    db, chance = deps.db, random.Random(6000)
    await migrate(db)
    definition = load_cycle(default_config_folder(), "2022")
    source = read_rubric_file(default_config_folder(), definition.rubric)
    rubric = deps.rubrics[definition.rubric]
    await transact(db, lambda session: cycles.insert(db, session, definition, rubric, source, _VISITED))
    cycle = await current(deps)
    officer, token = await _officer(db)
    inspectors = [Person(_id(), f"专家{number:03}", f"138{number:08}", (_INSPECTOR,)) for number in range(INSPECTORS)]
    await db.people.insert_many([people._document(each) for each in inspectors])
    one = ""
    for start in range(0, schools, _BATCH):
        made = [
            _school(deps, cycle, chance, inspectors, number) for number in range(start, min(schools, start + _BATCH))
        ]
        await db.schools.insert_many([each["school"] for each in made])
        await db.people.insert_many([each["contact"] for each in made])
        await db.submissions.insert_many([each["submission"] for each in made])
        await db.visits.insert_many([each["visit"] for each in made])
        await db.score_sheets.insert_many([sheet for each in made for sheet in each["sheets"]])
        await transact(db, lambda transaction, made=made: _outcomes(deps, transaction, cycle, made))  # type: ignore[misc]
        one = made[0]["submission"]["_id"]
        if start < DECIDED:
            for each in made:
                await decisions._confirm(deps, officer, each["submission"]["_id"], "同意", None)
    return token, one


async def _outcomes(deps: Deps, transaction: Session, cycle: OpenCycle, made: Sequence[Mapping[str, Any]]) -> None:
    for each in made:
        case = case_of(cycle, each["submission"], each["visit"], each["sheets"])
        await refresh(deps, transaction, cycle, each["submission"], each["visit"], case)


_INSPECTOR = Holding(role=Role.INSPECTOR)


def _school(
    deps: Deps, cycle: OpenCycle, chance: random.Random, inspectors: Sequence[Person], number: int
) -> dict[str, Any]:
    """A school, its contact, its submission, visit and sheets: every point of which is agreed, or ruled."""
    submission, visit, sheets = reconcile._school(cycle.rubric, chance, number)
    district = deps.districts[number % len(deps.districts)].id
    team = chance.sample(inspectors, 2)
    name = f"第{number:04}小学"
    submission |= {"district": district, "school": {"name": name, "stages": ["primary", "junior"]}}
    submission["submitted_at"] = _VISITED - timedelta(days=30)
    visit |= {
        "district": district,
        "school_name": name,
        "date": f"2022-09-{1 + number % 28:02}",
        "half": "morning",
        "team": [{"inspector_id": each.id, "name": each.name, "lead": each is team[0]} for each in team],
        "assignments": {},
        "stages": ["primary", "junior"],
        "opened_at": _VISITED,
        "closed_at": _VISITED + timedelta(hours=chance.randrange(2, 100)),
        "countersignature": None,
        "written_off": [],
        "rulings": [
            reconcile._ruling(cycle.rubric, chance, order) | {"item": code, "points": 50, "clauses": clauses}
            for order, (code, clauses) in enumerate(_apart(cycle, sheets[:2]))
        ],
    }
    for sheet, member in zip(sheets[:2], team, strict=True):
        sheet |= {"inspector_id": member.id, "name": member.name, "cycle": cycle.id, "signed_at": _VISITED}
    awards = [{"year": 2021, "grade": "qualified"}] if chance.random() < 0.6 else []
    school = {"_id": submission["school_id"], "schema": 2, "version": 1, "district": district, "name": name}
    known = {"name_key": name_key(name), "stages": ["primary", "junior"], "phone": None, "location": None}
    contact = Person(
        _id(),
        f"周老师{number:04}",
        f"139{number:08}",
        (Holding(role=Role.SCHOOL, school_id=submission["school_id"]),),
        school_districts=(district,),
    )
    return {
        "school": {**school, **known, "past_awards": awards, "registered_at": _VISITED},
        "contact": people._document(contact),
        "submission": submission,
        "visit": visit,
        "sheets": sheets[:2],
    }


def _apart(cycle: OpenCycle, sheets: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, bool]]]:
    """The items on which both sheets are not within the tolerance or differ on a clause, each with its verdicts."""
    first, second = sheets
    found = []
    for code, item in cycle.rubric.items.items():
        key = code.replace(".", "_")
        clauses = {clause.name: True for clause in item.clauses}
        points_apart = abs(first["points"][key] - second["points"][key]) > cycle.cycle.rules.spread_tolerance
        if points_apart or first["clauses"].get(key) != second["clauses"].get(key):
            found.append((code, clauses))
    return found


async def _officer(db: Database) -> tuple[Actor, str]:
    """A city officer with a session, and its token."""
    holding, token, now = Holding(role=Role.CITY), secrets.token_urlsafe(32), datetime.now(UTC)
    person = Person(_id(), "李市长", "13700000000", (holding,))
    session = SignIn(
        id=_id(),
        token_hash=hash_token(token),
        person_id=person.id,
        name=person.name,
        holding=holding,
        opened_at=now,
        seen_at=now,
        expires_at=now + timedelta(days=60),
    )
    await people.insert(db, person)
    await sessions.insert(db, session)
    return Actor(person.id, person.name, Role.CITY, None, None, session.id), token


def _id() -> str:
    return str(uuid.uuid4())


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
