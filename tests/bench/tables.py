"""The console's largest tables: 20,000 people, 50,000 messages, 20,000 invitations, a million audit events.

Each table's first page, one as far back as pages can be turned, each of its filters, and its export.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from backend.services.sessions import authenticate
from backend.store.mongo import Database, connect
from tests.bench.figures import RUNS, Figure
from tests.bench.pages import LIMIT, ask, fill, p95
from tests.bench.servers import make_deps, own_mongodb
from tests.bench.serving import serving
from tests.bench.table_rows import fill_tables

DATABASE, SCHOOLS = "tables", 200
NAMES = {"people": "people", "outbox": "messages", "invitations": "invitations", "audit-events": "audit trail"}


def figures() -> list[Figure]:
    """The p95 of each table's pages, of the slowest of its filters, and of its export."""
    with own_mongodb() as uri:
        return asyncio.run(_measured(uri))


async def _measured(uri: str) -> list[Figure]:
    db = connect(uri, DATABASE)
    deps = make_deps(db)
    begun = time.perf_counter()
    token, _ = await fill(deps, SCHOOLS)
    officer = await authenticate(deps, token)
    await fill_tables(deps, officer)
    print(f"filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    paths = await asked(db, officer.person_id)
    runs: dict[str, list[float]] = {}
    exports: dict[str, list[float]] = {}
    async with serving(uri, DATABASE) as served:
        for _ in range(RUNS + 1):
            for name, each in paths.items():
                worst = max([(await p95(served.port, token, path), path) for path in each])
                runs.setdefault(name, []).append(worst[0])
                print(f"{name}: {worst[0]:.0f} ms, {worst[1]}", file=sys.stderr)
            for table, name in NAMES.items():
                exports.setdefault(name, []).append(await ask(served.port, token, f"/api/tables/{table}/export"))
    # The first round is the warm-up. An export of all that can be exported is no page's data: it has no limit.
    pages = [Figure(f"{name}, p95", tuple(values[1:]), "ms", LIMIT) for name, values in runs.items()]
    return pages + [Figure(f"{name}, 10,000 rows as xlsx", tuple(values[1:]), "ms") for name, values in exports.items()]


async def asked(db: Database, officer: str) -> Mapping[str, Sequence[str]]:
    """What is asked of each table."""
    person, school, submission = [
        found["_id"]
        for found in (
            await db.people.find_one({"holdings.role": "inspector", "phone": {"$gt": "150"}}, {"_id": 1}),
            await db.schools.find_one({}, {"_id": 1}),
            await db.submissions.find_one({}, {"_id": 1}),
        )
        if found
    ]
    year = f"since={datetime.now(UTC) - timedelta(days=365):%Y-%m-%dT00:00:00Z}"
    month = f"{year}&until={datetime.now(UTC) - timedelta(days=335):%Y-%m-%dT00:00:00Z}"
    filters: Mapping[str, Sequence[str]] = {
        "people": (
            "name=王",
            "name=王伟",
            "role=school",
            "role=inspector&name=李",
            "district=hailing",
            "district=hailing&bound=true",
            "district=hailing&name=王",
            "district=hailing&name=王小伟&bound=false&sort=-name",
            "district=hailing&role=school&name=王",
            "district=hailing&role=district",
            f"school_id={school}",
            "bound=true",
            "bound=false",
            "role=district&bound=false",
        ),
        "outbox": (
            *(f"state={state}" for state in ("sent", "no_quota", "dead", "pending", "claimed")),
            "event=visit.planned",
            "event=visit.planned&state=dead",
            "event=visit.reopened",
            f"person_id={person}",
            year,
            f"state=sent&{month}",
        ),
        "invitations": (
            *(f"state={state}" for state in ("open", "used", "revoked", "expired")),
            "role=district",
            "role=city",
            "role=inspector&state=open",
            f"person_id={person}",
        ),
        "audit-events": (
            f"person_id={officer}",
            f"person_id={person}",
            "event=session.opened",
            "event=cycle.opened",
            f"object_id={submission}",
            f"object_id={person}",
            # Of the many that each of both has, a few are the other's too.
            f"person_id={officer}&event=session.opened",
            f"person_id={officer}&object_id={submission}",
            f"person_id={officer}&event=person.changed&object_id={person}",
            year,
            month,
            f"event=session.opened&{month}",
            f"person_id={officer}&event=session.opened&{month}",
        ),
    }
    paths: dict[str, Sequence[str]] = {}
    for table, name in NAMES.items():
        path = f"/api/tables/{table}"
        paths[name] = (path,)
        paths[f"{name}, row 10,000"] = (f"{path}?skip=10000",)
        paths[f"{name}, the slowest filter"] = [f"{path}?{quote(each, safe='=&:')}" for each in filters[table]]
    return paths


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
