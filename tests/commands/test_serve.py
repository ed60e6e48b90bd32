"""The service as a process: how it starts, refuses to start, stops, and dies."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from backend.store.embedded import Embedded
from tests.commands.running import environment, run

SERVE = [sys.executable, "-m", "backend", "serve", "--port", "0"]
ROOT = Path(__file__).resolve().parents[2]


def refused(folder: Path, *arguments: str, **settings: str) -> str:
    """Runs `serve`, which must end with status 2 and no traceback; gives what it said."""
    ended = run("serve", folder, settings, "--port", "0", *arguments)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr and ended.stdout == ""
    return ended.stderr


@contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The service as a process, and its port."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*SERVE, *arguments],
            env=environment(folder, **settings),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:([0-9]+)", line)
        assert found, line + (folder / "log").read_text()
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def get(port: int, path: str) -> tuple[int, Any]:
    """Status and JSON of a GET."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def logged(folder: Path, event: str) -> list[dict[str, Any]]:
    """The lines of the log for an event."""
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def healthz_count(port: int) -> float:
    """How many requests of /healthz the metrics know of."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    counted = re.search(r'requests_total\{method="GET",route="/healthz",status="200"\} ([0-9.]+)', text)
    return float(counted[1]) if counted else 0.0


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for the condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether anybody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_embedded_database_starts_and_stops_with_it(tmp_path: Path) -> None:
    for _ in range(2):
        began = time.monotonic()
        with running(tmp_path) as (process, port):
            assert get(port, "/readyz") == (200, {"status": "ok"})
            # The bench holds it to 2 s; here other tests share the machine.
            assert time.monotonic() - began < 25
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert not listens(port)
    assert (tmp_path / "data" / "mongodb").is_dir()


def test_sigterm_lets_requests_end(tmp_path: Path, external: dict[str, str]) -> None:
    with running(tmp_path, **external) as (process, port), socket.create_connection(("127.0.0.1", port)) as client:
        body = b'{"link": "%s"}' % (b"x" * 43)
        client.sendall(
            b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        client.sendall(body[:10])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(port))
        assert process.poll() is None
        client.sendall(body[10:])
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"link_spent" in answer
        assert process.wait(10) == 0
    assert logged(tmp_path, "stopped")


def test_idle_connections_do_not_hold_it_up(tmp_path: Path, external: dict[str, str]) -> None:
    with running(tmp_path, **external) as (process, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 20
        assert client.recv(1) == b""


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
        assert str(port) in said and "ZHIPING_PORT" in said
    assert not (tmp_path / "data").exists()


def test_wrong_settings_are_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, "--processes", "0", max_body="1 MB", cycle="A B", prot="80")
    for name in ("ZHIPING_PROCESSES", "ZHIPING_MAX_BODY", "ZHIPING_CYCLE", "ZHIPING_PROT"):
        assert name in said


def test_an_unknown_cycle(tmp_path: Path) -> None:
    assert "1999" in refused(tmp_path, cycle="1999", mongodb_uri="mongodb://127.0.0.1:1")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_database_that_nobody_migrated(tmp_path: Path, mongodb: Embedded, processes: str) -> None:
    said = refused(tmp_path, "--processes", processes, mongodb_uri=mongodb.uri, database="bare-serve")
    assert "python -m backend migrate" in said


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    said = refused(tmp_path, mongodb_uri="mongodb://admin:hunter2@127.0.0.1:1/?replicaSet=rs0")
    assert "ZHIPING_MONGODB_URI" in said
    assert "hunter2" not in said


def test_an_address_that_is_none(tmp_path: Path) -> None:
    said = refused(tmp_path, mongodb_uri="mongodb://admin:hunter2@")
    assert "ZHIPING_MONGODB_URI" in said
    assert "hunter2" not in said


def test_several_processes_share_the_port_and_are_replaced(tmp_path: Path, external: dict[str, str]) -> None:
    with running(tmp_path, "--processes", "2", **external) as (process, port):
        until(lambda: len(logged(tmp_path, "started")) == 2)
        first = {line["pid"] for line in logged(tmp_path, "started")}
        assert len(first) == 2 and process.pid not in first
        assert get(port, "/readyz")[0] == 200
        os.kill(first.pop(), signal.SIGKILL)
        until(lambda: len(logged(tmp_path, "started")) == 3)
        for _ in range(20):
            assert get(port, "/healthz")[0] == 200
        # The figures are those of all processes together; a request counts a moment after its answer.
        until(lambda: healthz_count(port) == 20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert not listens(port)
    assert len(logged(tmp_path, "stopped")) == 2


def test_when_the_parent_is_killed_the_others_end(tmp_path: Path, external: dict[str, str]) -> None:
    with running(tmp_path, "--processes", "2", **external) as (process, port):
        until(lambda: len(logged(tmp_path, "started")) == 2)
        process.kill()
        until(lambda: not listens(port))


def test_commands_are_found_by_name() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backend", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    overview = run("--help")
    assert overview.returncode == 0
    for name in ("serve", "sign-in-link", "decide"):
        assert f"  {name} " in overview.stdout
    wrong = run("swerve")
    assert (wrong.returncode, wrong.stderr) == (2, overview.stdout)
    assert run("serve", "--help").returncode == 0
    assert run("serve", "--prot").returncode == 2


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, mongodb_uri="mongodb://127.0.0.1:1", font=str(tmp_path / "missing.ttf"))
    assert "ZHIPING_FONT" in said
