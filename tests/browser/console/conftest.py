"""August: schools in every state of the first review, and officers at their desks."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from playwright.async_api import Browser

from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.conftest import Field
from tests.browser.console.autumn import Autumn
from tests.browser.console.desk import Desk
from tests.http.conftest import Clock, Service, SignedIn, SignIn, make_deps, running_service
from tests.http.submitted import Registered, World, change, make_world
from tests.wechat_stub import Stub, running_stub


@dataclass(slots=True)
class Office:
    """The service, its schools by name, and the desks that were opened."""

    world: World
    browser: Browser
    schools: dict[str, Registered] = field(default_factory=dict)
    desks: list[Desk] = field(default_factory=list)

    async def desk(self, who: SignedIn | None = None) -> Desk:
        """A desk of its own: of the district hailing's officer, or of whoever."""
        return await self.open(Desk(self.browser, self.url, who or self.world.officer))

    async def open(self, desk: Desk) -> Desk:
        """Opens the desk; it is closed at the end."""
        await desk.start()
        self.desks.append(desk)
        return desk

    @property
    def url(self) -> str:
        """Where the service is."""
        return f"http://127.0.0.1:{self.world.service.port}"

    async def fill(self) -> None:
        """Schools in the states of August: drafts, submitted, returned, endorsed, declined."""
        for name in ("海陵区城东小学", "海陵区城西小学"):
            self.schools[name] = await self.world.register(name)
        await self.world.save(self.schools["海陵区城东小学"], change("/items/1.1.1/points", 1.5))
        for name in ("海陵区大冯小学", "海陵区朱庄小学", "海陵区凤凰小学", "海陵区京泰路小学", "海陵区九龙小学"):
            self.schools[name] = await self.world.submitted(name)
        remarks = {"reason": "佐证不全，请补充后重新提交", "remarks": {"1.1.1": "缺网络拓扑图"}}
        for name, verb, body in (
            ("海陵区凤凰小学", "return", remarks),
            ("海陵区京泰路小学", "endorse", {"opinion": "同意推荐"}),
            ("海陵区九龙小学", "decline", {"reason": "今年条件尚不具备"}),
        ):
            answer = await self.world.post(self.schools[name], verb, body)
            assert answer.status == 200, answer.body


@pytest.fixture
async def office(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Office]:
    """An office with nothing in it yet but an open cycle."""
    async with running_service(replace(make_deps(database, clock), web=built), clock) as service:
        found = Office(await make_world(service, signed_in), browser)
        yield found
        for desk in found.desks:
            await desk.close()


@asynccontextmanager
async def with_wechat(database: Database, clock: Clock, built: WebBuild) -> AsyncIterator[tuple[Service, Stub]]:
    """The service with its pages and the stub for WeChat, whose time is the service's."""
    async with running_stub() as stub:
        stub.platform.ahead = clock().timestamp() - time.time()
        deps = replace(make_deps(database, clock, **stub.settings), web=built)
        async with running_service(deps, clock) as service:
            yield service, stub


@pytest.fixture
async def autumn(field: Field) -> AsyncIterator[Autumn]:
    """September at the city's desk; nothing is planned yet."""
    found = Autumn(field)
    yield found
    for desk in found.desks:
        await desk.close()
