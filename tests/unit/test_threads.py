"""Slow work runs beside the event loop, a little at a time."""

import asyncio
import threading

import pytest

from backend.errors import Unavailable
from backend.gateways.threads import Threads


async def test_work_runs_beside_the_loop_and_its_errors_come_back() -> None:
    threads = Threads("test")
    try:
        assert await threads.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
    finally:
        threads.close()


async def test_too_much_at_once_is_refused_and_what_waits_is_done() -> None:
    threads, go_on = Threads("test"), threading.Event()
    try:
        waiting = [asyncio.create_task(threads.run(lambda: go_on.wait(10))) for _ in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await threads.run(lambda: None)
        go_on.set()
        assert await asyncio.gather(*waiting) == [True] * 10
        await threads.run(lambda: None)
    finally:
        threads.close()


async def test_what_has_waited_too_long_is_refused_and_not_done() -> None:
    threads, go_on, done = Threads("test", count=1, patience=0.05), threading.Event(), list[int]()
    try:
        first = asyncio.create_task(threads.run(lambda: go_on.wait(10)))
        second = asyncio.create_task(threads.run(lambda: done.append(2)))
        await asyncio.sleep(0.1)
        go_on.set()
        assert await first
        with pytest.raises(Unavailable, match="太多"):
            await second
        await threads.run(lambda: done.append(3))
        assert done == [3]
    finally:
        threads.close()
