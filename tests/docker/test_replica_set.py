"""`python -m backend replica-set` on three real servers with a key file, as docker/compose.yaml starts them."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from backend.store import mongod
from tests.commands.running import run
from tests.faults.processes import ServiceProcess, free_port

PASSWORD = "a-password-of-the-tests"


def start(folder: Path, port: int, *options: str) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(mongod.bundled()), "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--quiet"]
    small = ["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([*command, *small, *options], stdout=log, stderr=log, env={**os.environ, "LC_ALL": "C"})


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[str]]:
    """Three that have begun; the first has an administrator, as the image's entry point makes one."""
    key = tmp_path / "key"
    key.write_text("a" * 64)
    key.chmod(0o400)
    ports = [free_port() for _ in range(3)]
    alone = start(tmp_path / "0", ports[0])
    with MongoClient[dict[str, Any]]("127.0.0.1", ports[0], directConnection=True) as client:
        client.admin.command({"createUser": "admin", "pwd": PASSWORD, "roles": ["root"]})
        client.admin.command("ping")
    alone.terminate()
    alone.wait()
    processes = [
        start(tmp_path / str(number), port, "--replSet", "zhiping", "--keyFile", str(key))
        for number, port in enumerate(ports)
    ]
    try:
        yield [f"127.0.0.1:{port}" for port in ports]
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


async def test_three_new_servers_become_a_set_that_the_service_works_on(members: list[str], tmp_path: Path) -> None:
    uri = f"mongodb://zhiping:s3cret@{','.join(members)}/?replicaSet=zhiping&authSource=admin"
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "zhiping_mongodb_uri").write_text(uri)
    (secrets / "password").write_text(f"{PASSWORD}\n")
    (secrets / "wrong").write_text("wrong")
    settings = {"secrets_folder": str(secrets)}

    async def make(password: str) -> "subprocess.CompletedProcess[str]":
        arguments = [f"--members={','.join(members)}", f"--admin-password-file={secrets / password}"]
        return await asyncio.to_thread(run, "replica-set", tmp_path, settings, *arguments)

    wrong = await make("wrong")
    assert (wrong.returncode, "请检查管理员密码" in wrong.stderr) == (2, True), wrong.stderr
    ended = await make("password")
    assert (ended.returncode, ended.stdout) == (0, "已建立副本集和账号。\n"), ended.stderr
    again = await make("password")
    assert (again.returncode, again.stdout) == (0, "副本集已经在了；账号已按设置更新。\n"), again.stderr
    migrated = await asyncio.to_thread(run, "migrate", tmp_path, settings)
    assert migrated.returncode == 0, migrated.stderr
    process = ServiceProcess(tmp_path, settings, free_port())
    try:
        # It is ready only once the database answers, and fits.
        await process.start()
    finally:
        process.kill()
    with MongoClient[dict[str, Any]](uri) as client, pytest.raises(PyMongoError):
        client.other.things.insert_one({})


def test_without_servers_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    arguments = ["--members=127.0.0.1:1", f"--admin-password-file={tmp_path / 'password'}"]
    settings = {"mongodb_uri": "mongodb://zhiping:s3cret@127.0.0.1:1/?replicaSet=zhiping"}
    ended = run("replica-set", tmp_path, settings, *arguments)
    assert (ended.returncode, "连不上 127.0.0.1:1" in ended.stderr) == (2, True)
    ended = run("replica-set", tmp_path, settings, "--members=x", f"--admin-password-file={tmp_path / 'none'}")
    assert (ended.returncode, "无法读取" in ended.stderr) == (2, True)
