"""How long a process works; and several on the same sockets: their parent starts them, and anew when they die."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from types import FrameType

import structlog

from backend.logs import flush_logs

log = structlog.get_logger("processes")

# A service that keeps dying is stopped, so that whoever watches over it learns of it.
_MOST_DEATHS = 10
_WITHIN_SECONDS = 60.0


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def until_stopped(stop: asyncio.Event) -> None:
    """Waits for the signal. A parent that was killed can't send one, so its end sets the event too."""
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), timeout=1)
        except TimeoutError:
            continue
    stop.set()


def in_child(work: Callable[[], int]) -> int:
    """Runs the work in a process of its own and gives its exit status.

    What it leaves behind, a driver's threads above all, is not there when this process forks again.
    """
    return os.waitstatus_to_exitcode(os.waitpid(_fork(work), 0)[1])


def supervise(count: int, work: Callable[[], int], ended: Callable[[int], None] = lambda pid: None) -> int:
    """Runs the work in `count` processes until SIGTERM or SIGINT, which they get too; gives the exit status.

    `ended` is told the pid of every process that ends.
    """
    children: set[int] = set()
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    deaths: deque[float] = deque(maxlen=_MOST_DEATHS)
    gave_up = False
    while children or not stopping:
        while len(children) < count and not stopping:
            children.add(_fork(work))
        pid, status = os.wait()
        children.discard(pid)
        ended(pid)
        if not stopping:
            deaths.append(time.monotonic())
            log.error("process_died", pid=pid, status=os.waitstatus_to_exitcode(status))
            if len(deaths) == _MOST_DEATHS and deaths[-1] - deaths[0] < _WITHIN_SECONDS:
                gave_up = True
                stop(signal.SIGTERM, None)
    return 1 if gave_up else 0


def _fork(work: Callable[[], int]) -> int:
    _flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        # The parent's handlers would stop the siblings.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        status = work()
    except Exception:
        log.exception("process_failed")
    finally:
        _flush()
        # Not sys.exit: the parent's cleanup (its MongoDB) is not the child's.
        os._exit(status)


def _flush() -> None:
    """What waits to be written would be lost with a process, or written by two."""
    flush_logs()
    sys.stdout.flush()
    sys.stderr.flush()
