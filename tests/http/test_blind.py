"""Blind first: whatever a phone asks, in whatever order, no answer tells of an item that its inspector has not scored:
not over HTTP, and not over the WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.http.conftest import Service, SignedIn, SignIn
from tests.http.listening import Ear, close_all, listen
from tests.http.visiting import SECRET, Visiting, make_visiting
from tests.seeds import fresh_seed, seeded

STEPS = 25
# A self-assessed number that nothing else in an answer is: points are at most 2, with two decimals.
_OWN = 137


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> AsyncIterator[Visiting]:
    yield await make_visiting(service, signed_in)
    await close_all()


class Watcher:
    """Everything that one inspector was ever answered, held to what they had scored when it was asked for."""

    def __init__(self, visiting: Visiting, who: SignedIn, visit: str, ear: Ear) -> None:
        self.visiting, self.who, self.visit, self.ear = visiting, who, visit, ear
        self.scored: set[str] = set()
        self.answers = 0

    def check(self, text: str) -> None:
        """Fails where the text tells of an item that is not scored."""
        self.answers += 1
        for code in self.visiting.rubric.items:
            if code not in self.scored:
                # The note says which item it is of, whatever else stands around it.
                assert f'{SECRET}{code}"' not in text, f"{code} was told"
        if not self.scored:
            assert SECRET not in text and f"{_OWN / 100}" not in text

    async def ask(self, chance: Random) -> None:
        """One of the requests that a phone sends."""
        visit, code = self.visit, chance.choice(list(self.visiting.rubric.items))
        paths = [
            "/api/me",
            "/api/visits",
            "/api/inbox",
            "/api/cycle",
            "/api/schools",
            "/api/submissions",
            "/api/discrepancies",
            f"/api/visits/{visit}",
            *(
                f"/api/visits/{visit}/{part}"
                for part in ("pack", "sheet", "sheet?since=2", "progress", "reconciliation", "evidence")
            ),
            f"/api/visits/{visit}/items/{code}/evidence",
        ]
        answer = await self.visiting.get(chance.choice(paths), self.who)
        self.check(answer.body.decode())

    async def score(self, chance: Random) -> None:
        """Some items get points, a note, or a verdict; only points are a score."""
        codes = chance.sample(list(self.visiting.rubric.items), chance.randint(1, 3))
        field, value = chance.choice([("points", 0), ("points", 0.5), ("note", "看过机房"), ("clauses/basic", True)])
        phone = self.visiting.phone(self.who)
        operations = self.visiting.operations(phone, [(code, field, value) for code in codes])
        if field == "points":
            self.scored |= set(codes)
        answer = await self.visiting.send(self.visit, phone, operations)
        self.check(answer.body.decode())
        # What was asked again tells no more.
        if chance.random() < 0.3:
            self.check((await self.visiting.send(self.visit, phone, operations)).body.decode())

    async def hear(self) -> None:
        """Whatever the WebSocket has said meanwhile."""
        while True:
            try:
                message = await asyncio.wait_for(asyncio.ensure_future(self.ear.socket.read_message()), 0.01)
            except TimeoutError:
                return
            assert SECRET not in str(message) and f"{_OWN / 100}" not in str(message)
            self.answers += 1


@seeded
async def test_nothing_tells_of_an_item_before_it_is_scored(visiting: Visiting, run: int) -> None:
    chance = Random(fresh_seed())
    own = {code: _OWN for code, item in visiting.rubric.items.items() if item.points > _OWN}
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(own=own), lead, member)
    watchers = [
        Watcher(visiting, who, visit, (await listen(visiting.service.port, who.token))[0]) for who in (lead, member)
    ]
    for _ in range(STEPS):
        watcher = chance.choice(watchers)
        step: Any = chance.choice([watcher.ask, watcher.ask, watcher.ask, watcher.score])
        await step(chance)
    for watcher in watchers:
        await watcher.hear()
    # The check would notice: what has been scored was told.
    told = json.dumps((await visiting.sheet(visit, lead))["revealed"], ensure_ascii=False)
    assert all(f'{SECRET}{code}"' in told for code in watchers[0].scored)
    assert sum(watcher.answers for watcher in watchers) > STEPS / 2
