"""What MongoDB reads for a page of the console's large tables: an index, and the documents that are shown."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from backend.handlers.tables import TABLES
from backend.models.tables import page_query
from backend.services import tables
from backend.services.sessions import authenticate
from backend.store.mongo import Database
from tests.bench import table_rows
from tests.bench.pages import fill
from tests.bench.servers import make_deps
from tests.bench.tables import asked

_LARGE = ("people", "outbox", "invitations", "audit_events")


async def test_no_page_reads_more_documents_than_it_shows(
    bare_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("PEOPLE", 1000), ("MESSAGES", 1000), ("INVITATIONS", 300), ("EVENTS", 3000)):
        monkeypatch.setattr(table_rows, name, count)
    db, deps = bare_database, make_deps(bare_database)
    token, _ = await fill(deps, 3)
    officer = await authenticate(deps, token)
    await table_rows.fill_tables(deps, officer)
    by_path = {f"/api/tables/{table.name}": table for table in TABLES}
    wrong = []
    for path in [path for paths in (await asked(db, officer.person_id)).values() for path in paths]:
        address = urlsplit(path)
        table = by_path[address.path]
        query = page_query(table.filters).model_validate_strings(dict(parse_qsl(address.query)))
        await db.command("profile", 2)
        await tables.page(deps, officer, table, query)
        await db.command("profile", 0)
        spaces = {"$in": [f"{db.name}.{each}" for each in _LARGE]}
        steps = await db["system.profile"].find({"ns": spaces}).to_list(None)
        await db["system.profile"].drop()
        assert len(steps) >= 2
        wrong += [(path, step["planSummary"], step["docsExamined"]) for step in steps if not _bounded(step)]
        # Of a million events an officer may have a fifth, and a few of a kind.
        if "person_id" in query.model_fields_set and "event" in query.model_fields_set:
            found = [step for step in steps if step["op"] == "query" and step["ns"].endswith("audit_events")]
            assert all(step["keysExamined"] <= 2 * step["nreturned"] + 20 for step in found), path
    assert not wrong


def _bounded(step: dict[str, Any]) -> bool:
    """Whether a step of the profile read by an index, sorted nothing, and read no document but those it gave: none
    where it only counts."""
    shown = step["nreturned"] if step["op"] == "query" else 0
    by_index = "COLLSCAN" not in step["planSummary"] and not step.get("hasSortStage")
    return by_index and step["docsExamined"] <= shown
