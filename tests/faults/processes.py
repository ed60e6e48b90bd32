"""The service as a process that is killed and started again, always on the same port."""

import asyncio
import multiprocessing
import os
import random
import socket
import sys
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from backend.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
# Below the ports that systems hand to outgoing connections: between two starts nothing takes ours by chance.
_PORTS = range(12000, 19000)
_START_SECONDS = 60

# Each service is forked from a process that has read all the code: reading it takes most of a start.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["backend.commands.serve", "backend.server", "backend.gateways.wechat_client"])


def free_port() -> int:
    """A port that nobody listens on."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


def _serve(environment: dict[str, str], log: Path) -> None:
    """What becomes of the fork: `python -m backend serve` in this environment."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(main(["serve"]))


@dataclass(slots=True)
class ServiceProcess:
    """`python -m backend serve` with these settings; its log goes to `folder`/service.log."""

    folder: Path
    settings: dict[str, str]
    port: int
    process: ForkServerProcess | None = None

    async def ensure_started(self) -> None:
        """Starts it unless it runs."""
        if self.process is None or not self.process.is_alive():
            await self.start()

    async def start(self) -> None:
        """Starts it; returns when it is ready."""
        bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ZHIPING_")}
        chosen = {"data_folder": str(self.folder / "data"), "log_level": "warning", "port": str(self.port)}
        chosen |= {"rate_per_person": "0", "rate_per_address": "0"} | self.settings
        environment = bare | {f"ZHIPING_{name.upper()}": value for name, value in chosen.items()}
        self.process = _forks.Process(target=_serve, args=(environment, self.folder / "service.log"))
        self.process.start()
        deadline = time.monotonic() + _START_SECONDS
        while not await self._ready():
            assert self.process.is_alive(), self.log()
            assert time.monotonic() < deadline, self.log()
            await asyncio.sleep(0.02)

    async def _ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try:
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()

    def kill(self) -> None:
        """SIGKILL: it can't finish or say anything."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "service.log").read_text(errors="replace")
