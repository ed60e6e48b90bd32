import os
import random
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from backend.store import embedded, mongod
from backend.store.embedded import Embedded
from backend.store.errors import DataFolderBusy, DataFolderTooNew, DataFolderUnusable, EmbeddedError

Start = Callable[..., Embedded]

# A service reduced to its database: says the id of its mongod, and sleeps.
_PARENT = """
import sys, time
from pathlib import Path
from backend.store import embedded
print(embedded.start(Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The path of a data folder; gone after the test, since pytest keeps what is in tmp_path."""
    yield tmp_path / "data"
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """`embedded.start`; what it started ends with the test."""
    started = []

    def started_here(folder: Path, **options: Any) -> Embedded:
        server = embedded.start(folder, **options)
        started.append(server)
        return server

    yield started_here
    for server in started:
        server.kill()


@pytest.fixture
def parent(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that has started a server on the folder, and the id of that mongod."""
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, int(process.stdout.readline())
        process.kill()


def write(uri: str, number: int) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        client.test.numbers.insert_one({"_id": number})


def numbers(uri: str) -> list[int]:
    with MongoClient[dict[str, Any]](uri) as client:
        return sorted(document["_id"] for document in client.test.numbers.find())


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within 5 s."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended; it waits for the init process of this container to notice.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def port_of(uri: str) -> int:
    return int(uri.removeprefix("mongodb://127.0.0.1:").partition("/")[0])


def test_a_new_folder_gives_a_replica_set_on_loopback_that_keeps_its_limits(start: Start, folder: Path) -> None:
    server = start(folder)
    with MongoClient[dict[str, Any]](server.uri) as client:
        with client.start_session() as session, session.start_transaction():
            client.test.numbers.insert_one({"_id": 1}, session=session)
        given = client.admin.command("getCmdLineOpts")["parsed"]["net"]
        status = client.admin.command("serverStatus")
    assert numbers(server.uri) == [1]
    assert given["bindIp"] == "127.0.0.1"
    assert given["compression"]["compressors"] == "disabled"
    assert status["pid"] == server.pid
    # mongod cuts gigabytes to whole megabytes.
    cache = status["wiredTiger"]["cache"]["maximum bytes configured"] / 1024**3
    assert cache == pytest.approx(mongod.cache_gigabytes(), abs=0.01)
    assert cache >= 0.25
    assert folder.stat().st_mode & 0o077 == 0


def test_a_stop_leaves_nothing_behind_but_the_data(start: Start, folder: Path) -> None:
    server = start(folder)
    write(server.uri, 1)
    server.stop()
    assert not server.alive
    assert embedded.running(folder) is None
    again = start(folder)
    assert again.uri == server.uri
    assert numbers(again.uri) == [1]
    assert "mongod.log.1" in {file.name for file in folder.iterdir()}


def test_mongod_ends_when_its_parent_is_killed(
    parent: tuple[subprocess.Popen[str], int], start: Start, folder: Path
) -> None:
    process, pid = parent
    uri = embedded.running(folder)
    assert uri
    write(uri, 1)
    process.send_signal(signal.SIGKILL)
    # At once, as a supervisor would: the start itself waits until the old mongod is gone.
    server = start(folder)
    assert not is_alive(pid)
    assert numbers(server.uri) == [1]


def test_a_killed_mongod_loses_nothing_that_it_acknowledged(start: Start, folder: Path) -> None:
    server = start(folder)
    acknowledged: list[int] = []

    def write_until_it_breaks() -> None:
        with MongoClient[dict[str, Any]](server.uri, serverSelectionTimeoutMS=100, retryWrites=False) as client:
            for number in range(1_000_000):
                try:
                    client.test.numbers.insert_one({"_id": number})
                except PyMongoError:
                    return
                acknowledged.append(number)

    writer = threading.Thread(target=write_until_it_breaks)
    writer.start()
    assert soon(lambda: len(acknowledged) > 100)
    os.kill(server.pid, signal.SIGKILL)
    writer.join()
    assert soon(lambda: not server.alive)
    found = numbers(start(folder).uri)
    assert found[: len(acknowledged)] == acknowledged


def test_a_second_start_names_the_folder_and_who_holds_it(
    parent: tuple[subprocess.Popen[str], int], folder: Path
) -> None:
    with pytest.raises(DataFolderBusy) as caught:
        embedded.start(folder)
    assert caught.value.pid == parent[0].pid
    assert str(folder) in str(caught.value)
    assert f"进程 {parent[0].pid} " in str(caught.value)


def test_a_mongod_started_by_hand_holds_the_folder_too(start: Start, folder: Path) -> None:
    start(folder).kill()
    by_hand = [str(mongod.bundled()), "--dbpath", str(folder / "db"), "--port", "0", "--bind_ip", "127.0.0.1"]
    with subprocess.Popen([*by_hand, "--nounixsocket"], stdout=subprocess.DEVNULL) as process:
        assert soon(lambda: (folder / "db" / "mongod.lock").read_text().strip() == str(process.pid))
        with pytest.raises(DataFolderBusy):
            embedded.start(folder)
        process.kill()


def test_a_running_server_is_found(start: Start, folder: Path) -> None:
    assert embedded.running(folder) is None
    server = start(folder)
    assert embedded.running(folder) == server.uri
    server.kill()
    assert embedded.running(folder) is None


def test_a_folder_of_a_newer_version_is_left_alone(start: Start, folder: Path) -> None:
    start(folder).kill()
    notes = '{"format": 2, "port": 20000, "more": true}'
    (folder / "zhiping.json").write_text(notes)
    with pytest.raises(DataFolderTooNew, match="格式 2"):
        embedded.start(folder)
    assert (folder / "zhiping.json").read_text() == notes


def test_files_of_a_newer_mongodb_are_named_as_such(start: Start, folder: Path) -> None:
    start(folder).kill()
    turtle = folder / "db" / "WiredTiger.turtle"
    turtle.write_text(turtle.read_text().replace("version=(major=1,minor=1)", "version=(major=99,minor=1)"))
    with pytest.raises(DataFolderTooNew, match="MongoDB"):
        embedded.start(folder)


def test_a_folder_that_has_moved_starts(start: Start, folder: Path, tmp_path: Path) -> None:
    server = start(folder)
    write(server.uri, 1)
    server.kill()
    folder.rename(tmp_path / "moved")
    moved = start(tmp_path / "moved")
    assert numbers(moved.uri) == [1]
    moved.kill()
    shutil.rmtree(tmp_path / "moved")


def test_another_port_is_taken_where_the_old_one_is_not_free(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socketserver.TCPServer, "allow_reuse_address", True)
    server = start(folder)
    write(server.uri, 1)
    server.kill()
    address = ("127.0.0.1", port_of(server.uri))
    # It hangs up when mongod asks it whether it is the replica of old; were it silent, mongod would wait 30 s.
    with socketserver.TCPServer(address, socketserver.BaseRequestHandler) as occupant:
        threading.Thread(target=occupant.serve_forever, args=[0.01]).start()
        again = start(folder)
        occupant.shutdown()
        assert again.uri != server.uri
        assert numbers(again.uri) == [1]


def test_a_port_lost_at_the_last_moment_is_replaced(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        taken = occupant.getsockname()[1]
        real = embedded._is_free
        monkeypatch.setattr(random, "sample", lambda ports, count: [taken, *ports[:count]])
        monkeypatch.setattr(embedded, "_is_free", lambda port: port == taken or real(port))
        assert port_of(start(folder).uri) != taken


@pytest.mark.parametrize("notes", ["", "[]", '{"format": 1}', '{"format": "x", "port": 1}'])
def test_unreadable_notes_are_said(folder: Path, notes: str) -> None:
    folder.mkdir()
    (folder / "zhiping.json").write_text(notes)
    with pytest.raises(DataFolderUnusable, match=r"zhiping\.json"):
        embedded.start(folder)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderUnusable, match="请检查路径"):
        embedded.start(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("mongod: error while loading shared libraries: libcurl.so.4: cannot open", "apt-get install -y libcurl4"),
        ("mongod: error while loading shared libraries: libnew.so.1: cannot open", "libnew.so.1"),
        ("something that nobody has foreseen", "something that nobody has foreseen"),
    ],
)
def test_a_program_that_ends_at_once_is_explained(folder: Path, tmp_path: Path, says: str, advice: str) -> None:
    program = tmp_path / "mongod"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 127\n")
    program.chmod(0o755)
    with pytest.raises(EmbeddedError, match=advice):
        embedded.start(folder, program=program)
    assert embedded.running(folder) is None


def test_the_packages_of_missing_libraries_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mongod.missing_packages() == []
    ldd = tmp_path / "ldd"
    lines = [
        "libcurl.so.4 => not found",
        "libssl.so.3 => not found",
        "libcrypto.so.3 => not found",
        "libm.so.6 => /libm",
    ]
    ldd.write_text("#!/bin/sh\n" + "".join(f"echo '\t{line}'\n" for line in lines))
    ldd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mongod.missing_packages() == ["libcurl4", "libssl3"]


def test_threads_other_than_the_main_one_are_refused(folder: Path) -> None:
    caught: list[BaseException] = []

    def try_it() -> None:
        try:
            embedded.start(folder)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_the_leash_of_other_systems_holds_as_well() -> None:
    leash = Path(embedded.__file__).with_name("leash.py")
    command = [sys.executable, "-I", "-S", str(leash), "pipe", str(os.getpid()), "/bin/sleep", "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.stdin.close()
        assert process.wait(5) == -signal.SIGKILL


def test_the_leash_starts_nothing_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    leash = Path(embedded.__file__).with_name("leash.py")
    done = tmp_path / "done"
    command = [sys.executable, "-I", "-S", str(leash), "kernel", "1", "/usr/bin/touch", str(done)]
    subprocess.run(command, check=False)
    assert not done.exists()
