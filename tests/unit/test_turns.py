"""A turn of the event loop is given to one of those who ask, in their order."""

import asyncio

from backend.gateways.turns import Turns


async def test_each_gets_a_turn_of_its_own_in_order() -> None:
    turns, turn, given = Turns(), 0, list[tuple[int, int]]()

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async def work(number: int) -> None:
        await turns.own()
        given.append((turn, number))

    counting = asyncio.create_task(count())
    await asyncio.gather(*map(work, range(20)))
    await asyncio.gather(*map(work, range(20, 40)))
    counting.cancel()
    assert len({turn for turn, _ in given}) == 40
    assert [number for _, number in given] == list(range(40))


async def test_a_free_turn_is_taken_at_once() -> None:
    turns, others = Turns(), list[str]()
    asyncio.get_running_loop().call_soon(others.append, "next turn")
    await turns.own()
    assert not others


async def test_whoever_is_cancelled_holds_nobody_up() -> None:
    turns = Turns()
    await turns.own()
    waiting = [asyncio.create_task(turns.own()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    async with asyncio.timeout(10):
        await waiting[2]
        await turns.own()
