"""How long the service takes from its start to its first answer, with the database already there."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench.figures import RUNS, Figure

ROOT = Path(__file__).parents[2]


def figures() -> list[Figure]:
    """Seconds from the start of the process to a good /readyz, on an embedded MongoDB that has data; and how many of a
    processor's our own process took."""
    with tempfile.TemporaryDirectory() as folder:
        _start(Path(folder))
        seconds, processor = zip(*(_start(Path(folder)) for _ in range(RUNS)), strict=True)
    return [
        Figure("start to first answer, data there", seconds, "s", 2.0),
        Figure("processor time of the service until then, without MongoDB's", processor, "s"),
    ]


def _start(folder: Path) -> tuple[float, float]:
    port = _free_port()
    environment = os.environ | {"ZHIPING_DATA_FOLDER": str(folder), "ZHIPING_PORT": str(port)}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend", "serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise RuntimeError("the service ended before it answered")
            time.sleep(0.01)
        return time.perf_counter() - begun, _processor_seconds(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def _processor_seconds(pid: int) -> float:
    # What stands behind the program's name, which may have blanks: user and system time are fields 14 and 15 of all.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
