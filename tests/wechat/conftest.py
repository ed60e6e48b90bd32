"""The stub of WeChat, and our gateway to it."""

import time
from collections.abc import AsyncIterator

import pytest

from backend.deps import Deps
from backend.gateways.wechat import WeChat
from backend.store.mongo import Database
from tests.http.conftest import (
    Clock,
    Service,
    StartService,
    clock,
    make_deps,
    signed_in,
    start_service,
    steady_database,
)
from tests.wechat_stub import Stub, running_stub

__all__ = ["clock", "signed_in", "start_service", "steady_database"]


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    """WeChat, as far as we are concerned."""
    async with running_stub() as running:
        yield running


@pytest.fixture
async def deps(database: Database, clock: Clock, stub: Stub) -> AsyncIterator[Deps]:
    """The parts of a service that uses the stub."""
    parts = make_deps(database, clock, **stub.settings)
    yield parts
    assert parts.wechat is not None
    parts.wechat.close()


@pytest.fixture
def wechat(deps: Deps) -> WeChat:
    """Our gateway to the stub."""
    assert deps.wechat is not None
    return deps.wechat


@pytest.fixture
async def service(start_service: StartService, stub: Stub, clock: Clock) -> AsyncIterator[Service]:
    """The whole service on an empty database, with the stub for WeChat; the stub's time is the service's."""
    async with start_service(**stub.settings) as running:
        stub.platform.ahead = clock().timestamp() - time.time()
        stub.push_url = f"http://127.0.0.1:{running.port}/wechat/push"
        yield running
