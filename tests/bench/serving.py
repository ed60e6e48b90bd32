"""The service in a process of its own, for benches that only ask it."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.bench.servers import make_server


@dataclass(frozen=True, slots=True)
class Served:
    """Where the service answers, and which process it is."""

    port: int
    pid: int


@asynccontextmanager
async def serving(uri: str, database: str) -> AsyncIterator[Served]:
    """Serves for as long as the block lasts."""
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is to happen meanwhile
        [sys.executable, "-m", "tests.bench.serving", uri, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Served(int(process.stdout.readline()), process.pid)
    finally:
        process.communicate("end\n")


async def _serve(uri: str, database: str) -> None:
    print(make_server("service", uri, database), flush=True)
    # As backend.server does it.
    gc.collect()
    gc.freeze()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
