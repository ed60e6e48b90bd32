"""The bundled MongoDB server: a child of this process, on loopback, a replica set of one, its data in one folder."""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from backend.store import mongod
from backend.store.data_folder import claimed, is_claimed, remember_port, remembered_port
from backend.store.errors import DataFolderUnusable, EmbeddedError

# Below the ports that systems hand to outgoing connections (Linux: from 32768), so that nothing takes ours by chance.
_PORTS = range(20000, 32000)
_START_SECONDS = 120
_STOP_SECONDS = 20
_NOT_YET_INITIALISED = 94


@dataclass(frozen=True, slots=True)
class Embedded:
    """A server that this process started: the address for the driver, and the process id of mongod."""

    uri: str
    pid: int
    _process: subprocess.Popen[bytes]

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Shuts it down cleanly (about 1 s), by force after 20 s. One that has ended stays ended."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it as a power failure would: what it acknowledged is in its journal."""
        self._process.kill()
        self._process.communicate()


def start(data_folder: Path, *, program: Path | None = None, options: Sequence[str] = ()) -> Embedded:
    """Starts the server on the folder, made if need be, and returns once it takes writes (0.4 s).

    It ends with this process, however this one dies. To be called in the main thread: Linux takes the end of the
    thread that started the server for its parent's. `program` is the bundled mongod, `options` more for its command
    line. Raises `StoreError`.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start() belongs into the main thread")
    folder = data_folder.resolve()
    program = program or mongod.bundled()
    with claimed(folder) as lock:
        for port in _free_ports(remembered_port(folder)):
            remember_port(folder, port)
            server = _spawn([str(program), *mongod.options(folder, port), *options], folder, port, lock)
            if _came_up(server, folder, port):
                return server
            server.kill()
            log = _log_text(folder)
            if not mongod.lost_port(log):
                raise mongod.failure(folder, server._process.returncode, log)
    raise EmbeddedError(f"127.0.0.1 上没有空闲的端口（{_PORTS.start}–{_PORTS.stop}）。请停止一些程序后重试。")


def running(data_folder: Path) -> str | None:
    """The address of the server that runs on this folder now, whichever process started it; None if there is none."""
    folder = data_folder.resolve()
    port = remembered_port(folder) if is_claimed(folder) else None
    return _uri(port) if port else None


def _uri(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?replicaSet={mongod.REPLICA_SET}"


def _log_file(folder: Path) -> Path:
    return folder / "mongod.log"


def _log_text(folder: Path) -> str:
    return _log_file(folder).read_text(errors="replace")


def _free_ports(remembered: int | None) -> Iterator[int]:
    """The remembered port, then others at random: those that nobody listens on at this moment."""
    others = random.sample(_PORTS, 100)
    return filter(_is_free, [remembered, *others] if remembered else others)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As mongod does it: connections that ended a moment ago are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _spawn(command: list[str], folder: Path, port: int, lock: int) -> Embedded:
    """Starts mongod on its leash. It inherits the lock, and so holds the folder exactly as long as it lives."""
    how = "kernel" if sys.platform == "linux" else "pipe"
    leash = [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py")), how, str(os.getpid())]
    try:
        with _fresh_log(folder).open("ab") as log:
            process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
                # mongod refuses to start under a locale that the machine doesn't have.
                env={**os.environ, "LC_ALL": "C"},
                pass_fds=[lock],
                # Ctrl-C in the terminal is for the service, which then stops mongod in its own time.
                start_new_session=True,
            )
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error
    return Embedded(_uri(port), process.pid, process)


def _fresh_log(folder: Path) -> Path:
    """The log of this start; the one before is kept beside it."""
    log = _log_file(folder)
    if log.exists():
        log.replace(folder / "mongod.log.1")
    return log


def _came_up(server: Embedded, folder: Path, port: int) -> bool:
    """Waits until the server takes writes; False if it ended instead."""
    deadline = time.monotonic() + _START_SECONDS
    try:
        # Its own word counts: on the port there could be another program.
        _wait(lambda: not server.alive or mongod.listens(_log_text(folder)), deadline)
        if server.alive:
            with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
                _wait(lambda: not server.alive or _is_primary(client, port), deadline)
    except BaseException:
        server.kill()
        raise
    return server.alive


def _wait(done: Callable[[], bool], deadline: float) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise EmbeddedError(f"内置的 MongoDB 在 {_START_SECONDS} 秒内没有就绪。请查看数据目录里的 mongod.log。")
        # Each look reads the log, or asks the server, and takes time from the code that is read meanwhile.
        time.sleep(0.02)


def _is_primary(client: MongoClient[dict[str, Any]], port: int) -> bool:
    """Whether it takes writes; where it has no place in a replica set yet, gives it one."""
    try:
        hello = client.admin.command("hello")
        if "setName" not in hello:
            _configure(client, port)
    except PyMongoError:
        # Still starting. Where another program sits on the old port, mongod first waits 30 s for its answer.
        return False
    return bool(hello["isWritablePrimary"])


def _configure(client: MongoClient[dict[str, Any]], port: int) -> None:
    """Moves the replica set to this port, or makes one, of this server alone."""
    members = {"_id": mongod.REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
    try:
        client.admin.command("replSetReconfig", members, force=True)
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALISED:
            raise
        client.admin.command("replSetInitiate", members)
