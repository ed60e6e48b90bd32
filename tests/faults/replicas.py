"""A replica set of three real mongods, each of which can be killed and started again."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from backend.store import leash, mongod
from tests.faults.processes import free_port

_SECONDS = 60
# MongoDB waits 10 s for a lost primary by default; the tests needn't.
_ELECTION_MS = 2000


class Member:
    """One mongod with its folder and port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        (folder / "db").mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Its address in the replica set."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, on a leash where the kernel has one."""
        command = [str(mongod.bundled()), *mongod.options(self._folder, self.port)]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", leash.__file__, "kernel", str(os.getpid()), *command]
        environment = {**os.environ, "LC_ALL": "C"}
        with (self._folder / "mongod.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def step_down(self) -> None:
        """It gives up being primary, for a while."""
        with (
            suppress(PyMongoError),
            MongoClient[dict[str, Any]]("127.0.0.1", self.port, directConnection=True) as client,
        ):
            client.admin.command({"replSetStepDown": 5, "secondaryCatchUpPeriodSecs": 1, "force": True})

    def hello(self) -> dict[str, Any]:
        """What it says of itself; empty while it says nothing."""
        try:
            with MongoClient[dict[str, Any]](
                "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500
            ) as client:
                return dict(client.admin.command("hello"))
        except PyMongoError:
            return {}

    def initiate(self, hosts: list[str]) -> None:
        """Makes the replica set."""
        members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
        settings = {"electionTimeoutMillis": _ELECTION_MS, "heartbeatIntervalMillis": 500}
        with MongoClient[dict[str, Any]]("127.0.0.1", self.port, directConnection=True) as client:
            client.admin.command(
                "replSetInitiate", {"_id": mongod.REPLICA_SET, "members": members, "settings": settings}
            )


class Replicas:
    """Three members."""

    def __init__(self, folder: Path) -> None:
        self.members = [Member(folder / str(number)) for number in range(3)]

    @property
    def uri(self) -> str:
        """The address for the driver."""
        return f"mongodb://{','.join(each.host for each in self.members)}/?replicaSet={mongod.REPLICA_SET}"

    def start(self) -> None:
        """Starts all three and returns when they are whole."""
        for each in self.members:
            each.start()
        _wait(lambda: all(each.hello() for each in self.members))
        self.members[0].initiate([each.host for each in self.members])
        self.wait_whole()

    def wait_whole(self) -> None:
        """Waits until one is primary and two are secondaries, and all have written in the primary's term: whoever has
        not may be about to roll back what it had alone, and is not to be counted on until then."""
        _wait(lambda: _whole([each.hello() for each in self.members]))

    def primary(self) -> Member:
        """The primary of this moment."""
        _wait(lambda: any(_role(each) == "primary" for each in self.members))
        return next(each for each in self.members if _role(each) == "primary")

    def kill(self) -> None:
        """Ends all."""
        for each in self.members:
            each.kill()


def _whole(said: list[dict[str, Any]]) -> bool:
    terms = {hello["lastWrite"]["opTime"]["t"] for hello in said if "lastWrite" in hello}
    return sorted(map(_role_of, said)) == ["primary", "secondary", "secondary"] and len(terms) == 1


def _role(member: Member) -> str:
    return _role_of(member.hello())


def _role_of(hello: dict[str, Any]) -> str:
    return "primary" if hello.get("isWritablePrimary") else "secondary" if hello.get("secondary") else "none"


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < deadline, "the replica set never came about"
        time.sleep(0.05)
