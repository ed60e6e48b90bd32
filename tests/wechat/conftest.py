"""The stub of WeChat, and our gateway to it."""

from collections.abc import AsyncIterator

import pytest

from backend.deps import Deps
from backend.gateways.wechat import WeChat
from backend.store.mongo import Database
from tests.http.conftest import Clock, clock, make_deps, signed_in, start_service, steady_database
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
