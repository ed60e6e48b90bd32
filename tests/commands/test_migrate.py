"""The command that brings a database up to date."""

import uuid
from pathlib import Path

from backend.store.embedded import Embedded
from backend.store.migrations import VERSION, readiness
from backend.store.mongo import close, connect
from tests.commands.running import run


async def test_an_old_database_is_brought_up_to_date_and_then_left_alone(tmp_path: Path, mongodb: Embedded) -> None:
    settings = {"mongodb_uri": mongodb.uri, "database": f"old-{uuid.uuid4().hex[:8]}"}
    db = connect(mongodb.uri, settings["database"])
    await db.schools.insert_one({"_id": "1", "schema": 1, "district": "hailing", "name": "秋桂 小学"})
    done = run("migrate", tmp_path, settings)
    assert done.returncode == 0, done.stderr
    assert f"1 → {VERSION}" in done.stdout
    assert "升级了 1 条记录" in done.stdout
    assert "schools.district_name" in done.stdout
    assert await readiness(db) == []
    school = await db.schools.find_one({"_id": "1"})
    assert school and school["name_key"] == "秋桂小学"
    again = run("migrate", tmp_path, settings)
    assert f"{VERSION} → {VERSION}；升级了 0 条记录；新建的索引：无" in again.stdout
    close(db)


async def test_a_newer_database_is_refused(tmp_path: Path, mongodb: Embedded) -> None:
    settings = {"mongodb_uri": mongodb.uri, "database": f"new-{uuid.uuid4().hex[:8]}"}
    db = connect(mongodb.uri, settings["database"])
    await db["meta"].insert_one({"_id": "database", "schema": 1, "version": VERSION + 1})
    done = run("migrate", tmp_path, settings)
    close(db)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(VERSION + 1) in done.stderr


def test_the_embedded_database_is_started_for_it(tmp_path: Path) -> None:
    done = run("migrate", tmp_path, {"data_folder": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "mongodb").is_dir()
