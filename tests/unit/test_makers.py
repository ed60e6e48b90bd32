"""Processes that make documents: they do the work, say what went wrong, and leave with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.gateways.makers import Makers

# Starts two, tells their pids, and then waits to be killed.
_PARENT = """
import asyncio, os, time
from backend.gateways.makers import Makers

async def main():
    async with Makers(2) as makers:
        await asyncio.gather(*(makers.run(time.sleep, 0.3) for _ in range(2)))
        print(*[process.pid for process in makers._pool._processes.values()], flush=True)
        await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_work_is_done_elsewhere_and_stands_back() -> None:
    async with Makers(1) as makers:
        assert await makers.run(os.getpid) != os.getpid()
        assert await makers.run(os.nice, 0) == min(19, os.nice(0) + 5)
        with pytest.raises(ZeroDivisionError):
            await makers.run(divmod, 1, 0)
        assert await makers.run(divmod, 7, 2) == (3, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells a process that its parent has died")
def test_they_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while any(_is_there(pid) for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.02)


def _is_there(pid: int) -> bool:
    """Whether the process runs; one that has ended may stand in the table until somebody asks after it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
