"""The stub of WeChat, and our gateway to it."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from backend.config_files import default_config_folder
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


@pytest.fixture(scope="session")
def notices_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config folder whose notices.yaml names a template of each event: t-result-published …"""
    given = yaml.safe_load((default_config_folder() / "notices.yaml").read_text("utf-8"))
    for event, notice in given["notices"].items():
        notice["template"] = template_of(event)
    folder = tmp_path_factory.mktemp("config")
    (folder / "notices.yaml").write_text(yaml.safe_dump(given, allow_unicode=True), "utf-8")
    return folder


def template_of(event: str) -> str:
    """The id of an event's template in the tests."""
    return f"t-{re.sub('[._]', '-', event)}-0123456789"


@pytest.fixture
async def service(
    start_service: StartService, stub: Stub, clock: Clock, notices_folder: Path
) -> AsyncIterator[Service]:
    """The whole service on an empty database, with the stub for WeChat; the stub's time is the service's."""
    async with start_service(**stub.settings, config_folder=notices_folder) as running:
        stub.platform.ahead = clock().timestamp() - time.time()
        stub.push_url = f"http://127.0.0.1:{running.port}/wechat/push"
        yield running
