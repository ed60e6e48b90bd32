"""What waits for a thread is done together; what is wrong with one is no other's business."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from backend.errors import Unavailable
from backend.gateways.gathering import Gathering
from backend.gateways.threads import Threads


class Worker:
    """Doubles numbers, once it may go on; keeps which it was given together."""

    def __init__(self, most: int = 3, most_waiting: int = 10, patience: float = 10.0) -> None:
        self.gathering: Gathering[int, int] = Gathering(Threads("test", 1), most, most_waiting, patience)
        self.go_on, self.groups = threading.Event(), list[list[int]]()

    def work(self, numbers: Sequence[int]) -> list[int | Exception]:
        """A negative number is an error, and 13 the end of the whole group."""
        self.go_on.wait(10)
        self.groups.append(list(numbers))
        if 13 in numbers:
            raise ArithmeticError("13")
        return [2 * number if number >= 0 else ValueError(str(number)) for number in numbers]

    def start(self, *numbers: int) -> "list[asyncio.Task[int]]":
        """Each as a caller of its own; the first has a thread to itself."""
        return [asyncio.create_task(self.gathering.run(self.work, number)) for number in numbers]

    async def __aenter__(self) -> "Worker":
        return self

    async def __aexit__(self, *error: object) -> None:
        self.go_on.set()
        self.gathering.threads.close()


async def test_what_comes_alone_is_done_alone_and_at_once() -> None:
    async with Worker() as worker:
        worker.go_on.set()
        assert [await worker.gathering.run(worker.work, number) for number in (1, 2)] == [2, 4]
        assert worker.groups == [[1], [2]]


async def test_what_waits_is_done_together_in_its_order() -> None:
    async with Worker() as worker:
        first = worker.start(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = worker.start(2, 3, 4, 5)
        await asyncio.sleep(0)
        worker.go_on.set()
        assert await asyncio.gather(*first, *others) == [2, 4, 6, 8, 10]
        assert worker.groups == [[1], [2, 3, 4], [5]]


async def test_errors_are_of_one_or_of_all() -> None:
    async with Worker() as worker:
        first = worker.start(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = worker.start(2, -3, 4, 13, 5)
        await asyncio.sleep(0)
        worker.go_on.set()
        found = await asyncio.gather(*first, *others, return_exceptions=True)
        assert [type(each) for each in found] == [int, int, ValueError, int, ArithmeticError, ArithmeticError]
        # And it goes on.
        assert await worker.gathering.run(worker.work, 6) == 12


async def test_who_went_away_keeps_nobody_from_an_answer() -> None:
    async with Worker() as worker:
        first = worker.start(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone, stays = worker.start(2, 3)
        await asyncio.sleep(0)
        gone.cancel()
        worker.go_on.set()
        assert await asyncio.gather(*first, stays) == [2, 6]


async def test_not_many_wait() -> None:
    async with Worker(most_waiting=2) as worker:
        first = worker.start(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = worker.start(2, 3)
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="太多"):
            await worker.gathering.run(worker.work, 4)
        worker.go_on.set()
        assert await asyncio.gather(*first, *others) == [2, 4, 6]


async def test_what_has_waited_too_long_is_refused_and_not_done() -> None:
    async with Worker(patience=0.05) as worker:
        first = worker.start(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = worker.start(2)
        await asyncio.sleep(0.1)
        in_time = worker.start(3)
        await asyncio.sleep(0)
        worker.go_on.set()
        assert await asyncio.gather(*first, *in_time) == [2, 6]
        with pytest.raises(Unavailable, match="太多"):
            await late[0]
        assert worker.groups == [[1], [3]]
