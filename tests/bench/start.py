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

from tests.bench.figures import Figure, measured

ROOT = Path(__file__).parents[2]


def figures() -> list[Figure]:
    """Seconds from the start of the process to a good /readyz, on an embedded MongoDB that has data."""
    with tempfile.TemporaryDirectory() as folder:
        run = lambda: _seconds_to_answer(Path(folder))  # noqa: E731  # Named, it would only repeat the name below.
        return [measured("start to first answer, data there", run, "s", 2.0, floor=False)]


def _seconds_to_answer(folder: Path) -> float:
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
        return time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


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
