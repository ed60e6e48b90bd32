"""A heartbeat on an event loop: how late it is says how long others kept the loop to themselves."""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from backend.store.mongo import connect
from tests.bench import operations
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import make_server, own_mongodb

EVERY = 0.01
# Milliseconds at p99.
LIMIT = 20.0
_SCHEDULER = Path("/proc/thread-self/schedstat")
# Requests of a run, and of these those of each connection that only warm up.
BATCHES, WARM = 2400, 12


class Heartbeat:
    """Beats every 10 ms while the block lasts: `async with heartbeat: …`."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Heartbeat":
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _beat(self) -> None:
        while True:
            due, waited = time.perf_counter() + EVERY, waited_for_a_processor()
            await asyncio.sleep(EVERY)
            late = (time.perf_counter() - due) * 1000
            self.late.append(max(0.0, late))
            self.own.append(max(0.0, late - (waited_for_a_processor() - waited)))

    @property
    def p99(self) -> float:
        """How late, in milliseconds, at most one beat in a hundred was."""
        return _p99(self.late)

    @property
    def own_p99(self) -> float:
        """The same without the time in which the loop was ready and others had the processors."""
        return _p99(self.own)


def waited_for_a_processor() -> float:
    """Milliseconds that this thread has stood in the queue of the system's scheduler; 0 where it isn't told."""
    try:
        return int(_SCHEDULER.read_text().split()[1]) / 1e6
    except OSError:
        return 0.0


def _p99(late: Sequence[float]) -> float:
    return sorted(late)[int(len(late) * 0.99)] if late else 0.0


def figures() -> list[Figure]:
    """How late the heartbeat in the service's own process is under the load of the bench of operations."""
    with own_mongodb() as uri:
        runs = asyncio.run(_under_load(uri))
    late, own = zip(*runs, strict=True)
    name = "heartbeat of 10 ms, late at p99, 32 connections"
    return [Figure(name, late, "ms", LIMIT), Figure("the same without waiting for a processor", own, "ms")]


async def _under_load(uri: str) -> list[tuple[float, float]]:
    db = connect(uri, operations.DATABASE)
    rubric, inspectors = await operations.prepare(db)
    # A warm-up first; a fresh process each time, so that one run's garbage is not the next one's.
    late = [
        await _one_run(uri, await operations.fresh_requests(db, rubric, inspectors, BATCHES)) for _ in range(RUNS + 1)
    ]
    return late[1:]


async def _one_run(uri: str, requests: Sequence[Sequence[bytes]]) -> tuple[float, float]:
    """Serves in a process of its own; gives both p99 of its heartbeat from the first request to the last."""
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is to happen meanwhile
        [sys.executable, "-m", "tests.bench.heartbeat", uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin and process.stdout
    port = int(process.stdout.readline())
    # The service has been up for a while when inspectors come: nothing is done for the first time.
    warm = [each[:WARM] for each in requests]
    await operations.send_all(port, warm)
    process.stdin.write("begin\n")
    process.stdin.flush()
    process.stdout.readline()
    await operations.send_all(port, [each[WARM:] for each in requests])
    told, _ = process.communicate("end\n")
    late, own = map(float, told.split())
    return late, own


async def _serve(uri: str) -> None:
    """Prints the port; beats from a line of input to the next; prints both p99."""
    loop, heartbeat = asyncio.get_running_loop(), Heartbeat()
    print(make_server("service", uri, operations.DATABASE), flush=True)
    # As backend.server does it.
    gc.collect()
    gc.freeze()
    await loop.run_in_executor(None, sys.stdin.readline)
    async with heartbeat:
        print("beating", flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
    print(heartbeat.p99, heartbeat.own_p99, flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(_serve(sys.argv[1]))
    else:
        for figure in figures():
            print(figure.row())
