"""`python -m backend backup` and `restore`: all comes back to the byte; what is damaged, cut, half-done is refused."""

import asyncio
import hashlib
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Decimal128, Int64, ObjectId, Regex

from backend.store import restore
from backend.store.backup import DIGEST_BYTES, HEADER, MAGIC, raw
from backend.store.errors import StoreError
from backend.store.indexes import missing_indexes
from backend.store.migrations import VERSION, readiness
from backend.store.mongo import Database, Session, close, connect, transact
from tests.commands.running import environment, run
from tests.commands.test_fsck import db as db
from tests.commands.test_fsck import stored
from tests.seeds import fresh_seed, seeded

Settings = dict[str, str]


@pytest.fixture
async def target(external: Settings) -> AsyncIterator[Settings]:
    """Settings for a database that is not there yet."""
    settings = external | {"database": f"{external['database']}-restored"}
    yield settings
    db = connect(settings["mongodb_uri"], settings["database"])
    await db.client.drop_database(settings["database"])
    close(db)


@pytest.fixture
async def restored(target: Settings) -> AsyncIterator[Database]:
    """That database."""
    db = connect(target["mongodb_uri"], target["database"])
    yield db
    close(db)


async def command(name: str, folder: Path, settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(run, name, folder, settings, *arguments)


async def content(db: Database) -> dict[str, dict[Any, bytes]]:
    """Every document as the server keeps it."""
    names = await db.list_collection_names()
    return {name: {each["_id"]: each.raw async for each in raw(db, name).find()} for name in names}


async def fill(db: Database) -> None:
    """Evidence, and documents with all that BSON knows."""
    for _ in range(3):
        await stored(db)
    unusual = {
        "decimal": Decimal128("1.50"),
        "long": Int64(1),
        "double": 1.0,
        "at": datetime(2022, 9, 5, 2, 0, 0, 123000, UTC),
        "id": ObjectId(),
        "pattern": Regex("^a", "i"),
        "text": "徐 👩‍🏫 ‮x",
        "deep": {"list": [None, True, {"b": b"\x00\xff"}]},
    }
    await db.schools.insert_many(
        [{"_id": f"school-{number}", "name_key": str(number), **unusual} for number in range(9)]
    )
    # A resumable upload under way.
    await db["originals.chunks"].insert_one({"_id": ObjectId(), "files_id": "upload", "n": 0, "data": b"half"})
    await db.uploads.insert_one({"_id": "upload"})


async def backed_up(folder: Path, settings: Settings) -> Path:
    file = folder / "zhiping.backup"
    ended = await command("backup", folder, settings, str(file))
    assert (ended.returncode, ended.stderr.strip()) == (0, "")
    return file


def names_in(folder: Path, beginning: str) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.startswith(beginning)]


async def test_everything_comes_back_to_the_byte(
    db: Database, restored: Database, external: Settings, target: Settings, tmp_path: Path
) -> None:
    await fill(db)
    file = await backed_up(tmp_path, external)
    assert file.stat().st_mode & 0o777 == 0o600
    assert names_in(tmp_path, "zhiping") == [file.name]
    ended = await command("restore", tmp_path, target, str(file))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.endswith("没有发现问题。\n")
    before = await content(db)
    after = await content(restored)
    assert {name: after.get(name, {}) for name in before} == before
    assert all(name in before or not found for name, found in after.items())
    assert await missing_indexes(restored) == []
    assert await readiness(restored) == []


async def test_the_hash_that_is_said_is_that_of_all_before_it(db: Database, external: Settings, tmp_path: Path) -> None:
    await fill(db)
    file = tmp_path / "x"
    ended = await command("backup", tmp_path, external, str(file))
    said = file.read_bytes()[:-DIGEST_BYTES]
    assert f"SHA-256：{hashlib.sha256(said).hexdigest()}\n" in ended.stdout
    piped = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "backend", "backup", "-"],
        env=environment(tmp_path, **external),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    (tmp_path / "piped").write_bytes(piped.stdout)
    assert restore.verify(tmp_path / "piped").database == external["database"]
    assert "备份完成" in piped.stderr.decode()


async def test_a_backup_beside_writers_is_of_one_moment(
    db: Database, restored: Database, external: Settings, target: Settings, tmp_path: Path
) -> None:
    await fill(db)
    # They come first and last among the collections.
    names = ("answers_a", "zz_answers")
    for name in names:
        await db[name].insert_one({"_id": 1, "n": 0})
    stop, turns = asyncio.Event(), 0

    async def count(session: Session) -> None:
        for name in names:
            await db[name].update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)

    async def write() -> None:
        nonlocal turns
        while not stop.is_set():
            await transact(db, count)
            turns += 1

    writing = asyncio.create_task(write())
    file = await backed_up(tmp_path, external)
    stop.set()
    await writing
    assert turns > 10
    assert (await command("restore", tmp_path, target, str(file))).returncode == 0
    first, last = [await restored[name].find_one({"_id": 1}) for name in names]
    assert first is not None
    assert first == last
    assert 0 < first["n"] < turns


@pytest.fixture(scope="module")
def small() -> bytes:
    """A backup of an empty database."""
    header = {"made_at": datetime(2022, 9, 5, tzinfo=UTC), "database": "zhiping", "version": VERSION}
    return sealed(MAGIC + HEADER + bson.encode(header))


def sealed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


@seeded
def test_a_damaged_or_cut_backup_is_refused(run: int, small: bytes, tmp_path: Path) -> None:
    chance, file = random.Random(fresh_seed()), tmp_path / "x"
    place = chance.randrange(len(small))
    for bad in (
        small[:place] + bytes([small[place] ^ 1 << chance.randrange(8)]) + small[place + 1 :],
        small[:place],
        small + bytes([chance.randrange(256)]),
    ):
        file.write_bytes(bad)
        with pytest.raises(restore.BackupError, match="请换一个"):
            restore.verify(file)


async def test_nothing_of_a_bad_backup_is_written(
    db: Database, restored: Database, external: Settings, target: Settings, tmp_path: Path
) -> None:
    await fill(db)
    file = await backed_up(tmp_path, external)
    whole = bytearray(file.read_bytes())
    # Somewhere in a photo.
    whole[len(whole) * 3 // 4] ^= 1
    file.write_bytes(whole)
    ended = await command("restore", tmp_path, target, str(file))
    assert ended.returncode == 2
    assert "没有恢复任何内容" in ended.stderr
    assert await restored.list_collection_names() == []
    file.write_bytes(b"%PDF-1.7")
    ended = await command("restore", tmp_path, target, "--check", str(file))
    assert (ended.returncode, "不是智评的备份" in ended.stderr) == (2, True)
    ended = await command("restore", tmp_path, target, str(tmp_path / "none"))
    assert (ended.returncode, "无法读取" in ended.stderr) == (2, True)


async def test_a_database_with_something_in_it_is_left_alone(
    db: Database, external: Settings, tmp_path: Path, small: bytes
) -> None:
    await fill(db)
    before = await content(db)
    (tmp_path / "x").write_bytes(small)
    ended = await command("restore", tmp_path, external, str(tmp_path / "x"))
    assert (ended.returncode, "不是空的" in ended.stderr) == (2, True)
    assert await content(db) == before


async def test_a_backup_of_a_newer_version_is_refused(restored: Database, small: bytes) -> None:
    header = restore.Header(datetime.now(UTC), "zhiping", VERSION + 1)
    with pytest.raises(StoreError, match="升级智评"):
        await restore.refuse_unsuitable(restored, header)


async def test_damaged_evidence_is_backed_up_and_named(db: Database, external: Settings, tmp_path: Path) -> None:
    altered = await stored(db)
    await db["originals.chunks"].update_one({"files_id": altered, "n": 1}, {"$set": {"data": b"altered"}})
    ended = await command("backup", tmp_path, external, str(tmp_path / "x"))
    assert (ended.returncode, "1 个佐证的内容与登记的 SHA-256 不符" in ended.stdout) == (1, True)


def started(name: str, folder: Path, settings: Settings, *arguments: str, **more: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "backend", name, *arguments],
        env=environment(folder, **settings),
        cwd=folder,
        stderr=subprocess.PIPE,
        **more,
    )


async def until(reached: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not (await found if asyncio.iscoroutine(found := reached()) else found):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def plenty(db: Database) -> None:
    """So much that a command is busy with it for a while."""
    await fill(db)
    for _ in range(30):
        await stored(db)
    notes = [{"_id": ObjectId(), "text": "x" * 1000} for _ in range(20_000)]
    await db.audit_events.insert_many(notes)


async def test_a_backup_that_is_killed_leaves_nothing_that_passes_for_one(
    db: Database, external: Settings, target: Settings, tmp_path: Path
) -> None:
    await plenty(db)
    file, part = tmp_path / "x", tmp_path / "x.part"
    process = started("backup", tmp_path, external, str(file))
    await until(lambda: part.exists() and part.stat().st_size > 0)
    process.kill()
    process.communicate()
    assert not file.exists()
    ended = await command("restore", tmp_path, target, str(part))
    assert (ended.returncode, "不完整或已损坏" in ended.stderr) == (2, True)
    # The rest of it is in nobody's way.
    assert (await command("backup", tmp_path, external, str(file))).returncode == 0
    again = await command("backup", tmp_path, external, str(file))
    assert (again.returncode, "文件已存在" in again.stderr) == (2, True)


async def test_a_full_disk_leaves_nothing_behind(db: Database, external: Settings, tmp_path: Path) -> None:
    await fill(db)
    process = started(
        *("backup", tmp_path, external, str(tmp_path / "x")),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    _, said = await asyncio.to_thread(process.communicate)
    assert process.returncode == 2, said
    assert "请检查路径、权限和磁盘空间" in said.decode()
    assert names_in(tmp_path, "x") == []
    process = started("backup", tmp_path, external, "-", stdout=os.open("/dev/full", os.O_WRONLY))
    _, said = await asyncio.to_thread(process.communicate)
    assert (process.returncode, "磁盘空间" in said.decode()) == (2, True)


async def test_a_restore_that_is_killed_is_taken_by_nobody_and_begun_again(
    db: Database, restored: Database, external: Settings, target: Settings, tmp_path: Path
) -> None:
    await plenty(db)
    file = await backed_up(tmp_path, external)

    class Killed(Exception): ...

    def kill(place: int) -> None:
        if place > file.stat().st_size // 2:
            raise Killed

    with pytest.raises(Killed):
        await restore.load(restored, file, kill)
    for name in ("migrate", "serve"):
        ended = await command(name, tmp_path, target)
        assert (ended.returncode, "没有恢复完" in ended.stderr) == (2, True)
    ended = await command("restore", tmp_path, target, str(file))
    assert ended.returncode == 0, ended.stderr
    before, after = await content(db), await content(restored)
    assert {name: after.get(name, {}) for name in before} == before
