import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient

from backend.store import deliveries, migrations
from backend.store.embedded import Embedded
from backend.store.errors import DatabaseTooNew, MigrationError
from backend.store.indexes import INDEXES, PLAIN, ensure_indexes, missing_indexes
from backend.store.migrations import VERSION, migrate, readiness
from backend.store.mongo import Database, Document, close, connect

ALL = sorted(f"{index.collection}.{index.name}" for index in INDEXES)

# A migration that takes its time, and says nothing.
_SLOW = """
import asyncio, sys
from backend.store import migrations
from backend.store.mongo import connect
migrations._BATCH = 1
asyncio.run(migrations.migrate(connect(sys.argv[1], "bare")))
"""


def school(number: int, name: str, **more: Any) -> Document:
    return {"_id": f"school-{number}", "schema": 1, "district": "jiaojiang", "name": name, **more}


async def fill(db: Database, *schools: Document, version: int | None = 1) -> None:
    """A database as version 1 left it."""
    await db.schools.insert_many(schools)
    if version:
        await db.meta.insert_one({"_id": "database", "version": version, "schema": 1})


@pytest.mark.parametrize("noted", [None, 1])
async def test_version_1_becomes_version_2(bare_database: Database, noted: int | None) -> None:
    await fill(bare_database, school(1, "台州市 第一中学"), school(2, "ＡＢ小学（东）"), version=noted)
    report = await migrate(bare_database)
    assert (report.before, report.after, report.documents) == (1, VERSION, 2)
    assert sorted(report.indexes) == ALL
    assert await bare_database.schools.find().sort("_id").to_list(None) == [
        school(1, "台州市 第一中学", name_key="台州市第一中学") | {"schema": 2},
        school(2, "ＡＢ小学（东）", name_key="AB小学(东)") | {"schema": 2},
    ]
    assert await readiness(bare_database) == []


async def test_version_3_becomes_version_4(bare_database: Database) -> None:
    at = datetime(2022, 8, 1, tzinfo=UTC)
    message = {"_id": "message-1", "schema": 1, "person_id": "person-1", "event": "visit.planned", "due_at": at}
    await bare_database.outbox.insert_one(message | {"state": "pending", "dedupe_key": "x", "created_at": at})
    await bare_database.meta.insert_one({"_id": "database", "version": 3, "schema": 1})
    # Once for this, and once for version 6.
    assert (await migrate(bare_database)).documents == 2
    assert [row["_id"] for row in await deliveries.heads(bare_database, at, 10)] == ["message-1"]


async def test_version_5_becomes_version_6(bare_database: Database) -> None:
    """The attempts whose end nobody recorded are known, of each message that may have had one."""
    at, target = datetime(2022, 8, 1, tzinfo=UTC), {"openid": "o-1", "template_id": "t"}
    rows: dict[str, Document] = {
        "waits": {"state": "pending", "target": None},
        "sent": {"state": "sent", "target": target, "message_id": "m-1"},
        "open": {"state": "sending", "target": target, "sending_since": at},
        "again": {"state": "dead", "target": target, "sending_since": at, "resend": True},
    }
    given = {"schema": 2, "due_at": at, "resend": False, "sending_since": None, "message_id": None}
    await bare_database.outbox.insert_many(
        [{**given, **row, "_id": name, "dedupe_key": name} for name, row in rows.items()]
    )
    await bare_database.meta.insert_one({"_id": "database", "version": 5, "schema": 1})
    assert (await migrate(bare_database)).documents == 4
    found = {row["_id"]: (row["message_ids"], len(row["unsettled"])) async for row in bare_database.outbox.find()}
    assert found == {"waits": ([], 0), "sent": (["m-1"], 0), "open": ([], 1), "again": ([], 1)}
    may_be = await deliveries.unsettled(bare_database, "o-1", "t", at)
    assert {row["_id"] for row in may_be} == {"open", "again"}


async def test_version_2_becomes_version_3(bare_database: Database) -> None:
    people = [{"_id": f"person-{number}", "schema": 1, "phone": f"1380000000{number}"} for number in "12"]
    await bare_database.people.insert_many(people)
    await bare_database.meta.insert_one({"_id": "database", "version": 2, "schema": 1})
    report = await migrate(bare_database)
    assert (report.before, report.after, report.documents) == (2, VERSION, 2)
    migrated = [person | {"schema": 2, "wechat": None} for person in people]
    assert await bare_database.people.find().sort("_id").to_list(None) == migrated


async def test_a_new_database_gets_version_and_indexes(bare_database: Database) -> None:
    report = await migrate(bare_database)
    assert (report.after, report.documents, sorted(report.indexes)) == (VERSION, 0, ALL)
    assert await readiness(bare_database) == []
    assert set(await bare_database.list_collection_names()) == {"meta", *PLAIN, *(each.collection for each in INDEXES)}


async def test_a_second_run_changes_nothing(bare_database: Database) -> None:
    await fill(bare_database, school(1, "一"))
    await migrate(bare_database)
    before = await bare_database.schools.find().to_list(None)
    report = await migrate(bare_database)
    assert (report.before, report.after, report.documents, report.indexes) == (VERSION, VERSION, 0, [])
    assert await bare_database.schools.find().to_list(None) == before


async def test_a_killed_migration_goes_on_where_it_stopped(bare_database: Database, mongodb: Embedded) -> None:
    await fill(bare_database, *(school(number, f"第{number}小学") for number in range(3000)))
    done = await asyncio.to_thread(_migrate_and_kill, mongodb.uri)
    assert 0 < done < 3000
    assert len(await readiness(bare_database)) == 2
    report = await migrate(bare_database)
    assert report.documents == 3000 - done
    assert await bare_database.schools.count_documents({"schema": 2, "name_key": {"$exists": True}}) == 3000


def _migrate_and_kill(uri: str) -> int:
    """Kills a migration after its first documents; how many it has done."""
    deadline = time.monotonic() + 20
    with subprocess.Popen([sys.executable, "-c", _SLOW, uri]) as process, MongoClient[dict[str, Any]](uri) as client:
        while client.bare.schools.count_documents({"schema": 2}) < 10:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.wait()
        return client.bare.schools.count_documents({"schema": 2})


async def test_two_at_once_do_the_work_once(
    bare_database: Database, mongodb: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_BATCH", 20)
    await fill(bare_database, *(school(number, f"第{number}小学") for number in range(200)))
    rival = connect(mongodb.uri, "bare")
    reports = await asyncio.gather(migrate(bare_database), migrate(rival))
    close(rival)
    assert sum(report.documents for report in reports) == 200
    assert await readiness(bare_database) == []


async def test_a_slow_rival_does_not_take_a_document_back(bare_database: Database) -> None:
    read_early = school(1, "一")
    await fill(bare_database, {**read_early, "schema": 3})
    late = migrations._update("schools", read_early, 2, lambda _: {"name_key": "一"})
    await bare_database.schools.bulk_write([late])
    assert await bare_database.schools.find_one() == {**read_early, "schema": 3}


async def test_a_newer_database_is_refused_and_left_alone(bare_database: Database) -> None:
    await fill(bare_database, school(1, "一"), version=VERSION + 1)
    with pytest.raises(DatabaseTooNew, match=str(VERSION + 1)):
        await migrate(bare_database)
    assert await bare_database.schools.find_one() == school(1, "一")
    assert "升级智评" in (await readiness(bare_database))[0]


async def test_a_document_that_cannot_be_changed_is_named(bare_database: Database) -> None:
    wrong = school(1, "一")
    del wrong["name"]
    await fill(bare_database, wrong)
    with pytest.raises(MigrationError, match="school-1"):
        await migrate(bare_database)
    assert "版本是 1" in (await readiness(bare_database))[0]


async def test_duplicates_are_named(bare_database: Database) -> None:
    await fill(bare_database, school(1, "第一 小学"), school(2, "第一小学"))
    with pytest.raises(MigrationError, match="第一小学"):
        await migrate(bare_database)
    await bare_database.schools.delete_one({"_id": "school-2"})
    await migrate(bare_database)
    assert await readiness(bare_database) == []


async def test_a_missing_index_is_named(bare_database: Database) -> None:
    await migrate(bare_database)
    await bare_database.sessions.drop_index("token")
    assert await missing_indexes(bare_database) == ["sessions.token"]
    assert "sessions.token" in (await readiness(bare_database))[0]


async def test_an_index_that_is_defined_otherwise_is_built_anew(bare_database: Database) -> None:
    await ensure_indexes(bare_database)
    changed = [replace(index, unique=False) if index.unique else index for index in INDEXES]
    assert await missing_indexes(bare_database, changed) == sorted(
        f"{index.collection}.{index.name}" for index in INDEXES if index.unique
    )
    await ensure_indexes(bare_database, changed)
    assert await missing_indexes(bare_database, changed) == []


async def test_version_5_knows_what_is_stored_of_evidence(bare_database: Database) -> None:
    await bare_database.visits.insert_one({"_id": "v", "school_id": "s"})
    await bare_database.evidence.insert_one({"_id": "e", "schema": 1, "sha256": "ab"})
    await bare_database.visit_photos.insert_one({"_id": "p", "schema": 1, "visit_id": "v", "sha256": "ab"})
    await migrate(bare_database)
    nothing = {"blob_id": None, "stored_at": None, "upload": None, "schema": 2, "sha256": "ab"}
    assert await bare_database.evidence.find_one() == {"_id": "e", **nothing}
    assert await bare_database.visit_photos.find_one() == {"_id": "p", "visit_id": "v", "school_id": "s", **nothing}


async def test_version_7_lists_the_photos_to_look_into(bare_database: Database) -> None:
    db, at = bare_database, datetime(2022, 9, 5, tzinfo=UTC)
    flags = [{"kind": "no_capture_time"}, {"kind": "same_file", "elsewhere": [{"record": "q", "kind": "evidence"}]}]
    seen = {"schema": 2, "item": "1.1.1", "flags": flags, "flagged": True, "looked_at": at}
    await db.submissions.insert_one({"_id": "s", "cycle": "2022", "school_id": "x", "district": "hailing"})
    await db.visits.insert_one({"_id": "v", "school_id": "x", "submission_id": "s"})
    await db.evidence.insert_many(
        [
            {"_id": "e", "submission_id": "s", "removed_at": None, **seen},
            {"_id": "gone", "submission_id": "s", "removed_at": at, **seen},
            {"_id": "fine", "submission_id": "s", "removed_at": None, **seen, "flags": [], "flagged": False},
        ]
    )
    await db.visit_photos.insert_one({"_id": "p", "visit_id": "v", **seen})
    await migrate(db)
    rows = {row["_id"]: row async for row in db.photo_flags.find()}
    assert set(rows) == {"e", "p"}
    assert (rows["p"]["submission_id"], rows["p"]["visit_id"], rows["e"]["visit_id"]) == ("s", "v", None)
    assert (rows["e"]["rank"], rows["e"]["state"], rows["e"]["at"]) == (0, "open", at)
    assert rows["e"]["about"] == ["no_capture_time", "same_file", "same_file q"]


async def test_version_8_knows_what_schools_give_themselves(bare_database: Database) -> None:
    items = {"1_1_1": {"points": 150}, "1_1_2": {"points": None, "note": "x"}, "1_1_3": {"clauses": {}}}
    items["1_2_1"] = {"points": 50}
    await bare_database.submissions.insert_many(
        [
            {"_id": "s", "schema": 1, "school_id": "a", "items": items},
            {"_id": "empty", "schema": 1, "school_id": "b", "items": {}},
        ]
    )
    await bare_database.meta.insert_one({"_id": "database", "version": 7, "schema": 1})
    assert (await migrate(bare_database)).documents == 2
    found = await bare_database.submissions.find().sort("_id").to_list(None)
    assert [(each["_id"], each["schema"], each["self_points"]) for each in found] == [("empty", 2, 0), ("s", 2, 200)]
