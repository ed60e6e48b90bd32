"""Workers as processes of their own, forked from one that has read all the code: they start within milliseconds.

Reads a line of JSON for each (uri, database, settings, clock, dies_at), and answers with the worker's pid.
"""

import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import monitoring
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

# wechatpy, so that no child has to read it.
import backend.gateways.wechat_client
from backend import worker
from backend.deps import build, utc_now
from backend.logs import configure_logs
from backend.settings import Settings
from tests.wechat.outbox import with_templates

__all__ = ["backend"]


@dataclasses.dataclass(slots=True)
class SteeredClock:
    """The time of day, ahead by the seconds in a file."""

    file: Path

    def __call__(self) -> datetime:
        return utc_now() + timedelta(seconds=float(self.file.read_text()))


class Death(CommandListener):
    """Ends the process, as by SIGKILL, at the n-th of the moments before and after what it asks of MongoDB: these are
    the steps of a send, but for what happens at WeChat. The looking for work does not count."""

    def __init__(self, dies_at: int) -> None:
        self.left = dies_at

    def started(self, event: CommandStartedEvent) -> None:
        """A command is about to go out."""
        self._step(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Its answer has come."""
        self._step(event.command_name)

    def failed(self, event: CommandFailedEvent) -> None:
        """As well."""
        self._step(event.command_name)

    def _step(self, name: str) -> None:
        if name in ("update", "commitTransaction", "abortTransaction", "findAndModify"):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def work(asked: Mapping[str, Any]) -> None:
    """Delivers until it is killed."""
    worker._IDLE_SECONDS = worker._PAUSED_SECONDS = 0.05
    settings = Settings(database=asked["database"], **asked["settings"])
    clock = SteeredClock(Path(asked["clock"]))
    if asked["dies_at"] is not None:
        monitoring.register(Death(asked["dies_at"]))
    deps = with_templates(dataclasses.replace(build(settings, asked["uri"]), clock=clock))
    assert deps.wechat is not None
    deps.wechat.tokens.clock = clock
    await worker.run(deps, asyncio.Event())


def main() -> None:
    """Forks a worker for each line that comes."""
    configure_logs("error", "json")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                asyncio.run(work(json.loads(line)))
            finally:
                os._exit(1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
