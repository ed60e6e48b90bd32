"""What tests share: a real MongoDB, one for each worker of pytest-xdist, and an empty database in it."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from backend.store import embedded
from backend.store.embedded import Embedded
from backend.store.indexes import ensure_indexes
from backend.store.mongo import Database, close, connect

# Any example may be held up by what else a machine does; how fast we are is for `make bench` to say.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def mongodb() -> Iterator[Embedded]:
    """A server of this worker, started by the first test that needs it; it knows MongoDB's fail points."""
    with tempfile.TemporaryDirectory(prefix="zhiping-tests-") as folder:
        server = embedded.start(Path(folder), options=["--setParameter", "enableTestCommands=1"])
        yield server
        server.kill()


@pytest.fixture(scope="session")
async def indexed_database(mongodb: Embedded) -> AsyncIterator[Database]:
    """The database behind `database`. Its indexes are made once."""
    db = connect(mongodb.uri, "tests")
    await ensure_indexes(db)
    yield db
    close(db)


@pytest.fixture
async def database(indexed_database: Database) -> Database:
    """A database with all indexes and no documents. Tests keep its collections: emptying is faster than dropping."""
    names = await indexed_database.list_collection_names()
    any_of = [
        {"$unionWith": {"coll": name, "pipeline": [{"$limit": 1}, {"$project": {"_id": 0, "of": name}}]}}
        for name in names
    ]
    filled = indexed_database.aggregate([{"$documents": []}, *any_of])
    await asyncio.gather(*[indexed_database[each["of"]].delete_many({}) async for each in filled])
    return indexed_database


@pytest.fixture
async def bare_database(mongodb: Embedded) -> AsyncIterator[Database]:
    """A database that does not exist yet: no indexes, no version."""
    db = connect(mongodb.uri, "bare")
    await db.client.drop_database("bare")
    yield db
    close(db)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Adds up what the fault tests counted: docs/reliability.md quotes it.

    It stands here because the process that reports for pytest-xdist's workers reads no conftest.py further down.
    """
    totals: dict[str, Counter[str]] = {}
    for report in terminalreporter.stats.get("passed", []):
        counted = dict(report.user_properties).get("faults")
        if counted is not None:
            name = report.nodeid.partition("::")[2].partition("[")[0]
            totals.setdefault(name, Counter(runs=0)).update(runs=1, **counted)
    for name, counts in totals.items():
        terminalreporter.write_line(f"{name}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
