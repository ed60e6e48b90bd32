"""MongoDB goes away in the middle of a request: 503 with Retry-After, and all is well again when it is back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from backend.app import ROUTES
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.base import Model
from backend.store import embedded
from backend.store.migrations import migrate
from backend.store.mongo import close, connect, transact
from tests.http.conftest import Clock, make_deps, running_service

begun, go_on = asyncio.Event(), asyncio.Event()


class Done(Model):
    done: bool = True


class Slow(Handler):
    """Begins a transaction, waits for the test, and goes on."""

    @operation(id="slow.write", answer=Done)
    async def post(self) -> Done:
        """Write in two steps."""
        db = self.deps.db

        async def work(transaction: Any) -> None:
            await db.things.insert_one({"_id": self.deps.new_id()}, session=transaction)
            begun.set()
            await go_on.wait()
            await db.things.insert_one({"_id": self.deps.new_id()}, session=transaction)

        await transact(db, work)
        return Done()


async def test_an_outage_and_its_end(tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    server = embedded.start(tmp_path)
    db = connect(server.uri, "outage")
    await migrate(db)
    try:
        async with running_service(make_deps(db, clock), clock, (*ROUTES, Route("/slow", Slow))) as service:
            assert (await service.get("/readyz")).status == 200
            request = asyncio.create_task(service.post("/slow"))
            await begun.wait()
            server.kill()
            go_on.set()
            answer = await request
            assert (answer.status, answer.error["code"]) == (503, "database_unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            # Meanwhile: alive, not ready, and nobody is told that their session has ended.
            alive, ready, me = await asyncio.gather(
                service.get("/healthz"), service.get("/readyz"), service.get("/api/me", "x" * 43)
            )
            assert (alive.status, ready.status, me.status) == (200, 503, 503)
            assert ready.error["code"] == "not_ready" and ready.error["details"]
            assert "Retry-After" in ready.headers and "Retry-After" in me.headers

            server = embedded.start(tmp_path)
            assert await db.things.count_documents({}) == 0
            assert (await service.post("/slow")).status == 200
            assert (await service.get("/readyz")).status == 200
            assert await db.things.count_documents({}) == 2
    finally:
        close(db)
        server.kill()
