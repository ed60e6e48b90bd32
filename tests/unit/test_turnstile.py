"""A crowd passes the turnstile a few at a time, first come, first served; who waits too long is sent away."""

import asyncio

import pytest

from backend.errors import Unavailable
from backend.gateways.turnstile import Turnstile


async def test_a_few_at_a_time_in_their_order() -> None:
    turnstile, inside, most, served = Turnstile(at_once=3), 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal inside, most
        async with turnstile.passed():
            inside += 1
            most = max(most, inside)
            served.append(number)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*map(work, range(20)))
    assert (most, inside, served) == (3, 0, list(range(20)))


async def test_who_waits_too_long_is_sent_away_and_takes_no_place() -> None:
    turnstile, go_on = Turnstile(at_once=1, patience=0.01), asyncio.Event()

    async def hold() -> None:
        async with turnstile.passed():
            await go_on.wait()

    first = asyncio.create_task(hold())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="同时提交") as refusal:
        await hold()
    assert (refusal.value.code, refusal.value.headers) == ("busy", {"Retry-After": "1"})
    go_on.set()
    await first
    await hold()


async def test_a_failure_inside_frees_the_place() -> None:
    turnstile = Turnstile(at_once=1)
    with pytest.raises(ZeroDivisionError):
        async with turnstile.passed():
            _ = 1 // 0
    async with turnstile.passed():
        pass


async def test_a_turn_of_the_loop_is_given_to_one() -> None:
    turnstile, turn, turns = Turnstile(), 0, list[int]()

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async def work() -> None:
        await turnstile.own_turn()
        turns.append(turn)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(work() for _ in range(20)))
    counting.cancel()
    assert len(set(turns)) == 20
