"""An evening in July: schools fill their forms in, on phones that reach the service through a proxy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import Browser

from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.proxy import Proxy, proxy_to
from tests.browser.school.phone import SchoolPhone
from tests.http.conftest import Clock, Service, SignedIn, SignIn, make_deps, running_service
from tests.http.submitted import Registered, World, make_world


@dataclass(slots=True)
class Evening:
    """The city with its schools. `restart` restarts the service behind the proxy that phones use."""

    world: World
    proxy: Proxy
    new_phone: Callable[[SignedIn], Awaitable[SchoolPhone]]
    restart: Callable[[], Awaitable[None]]

    @property
    def service(self) -> Service:
        """The service as it runs now."""
        return self.world.service

    async def second_contact(self, school: Registered, name: str = "李四") -> SignedIn:
        """Another contact of the school."""
        return await self.world.sign_in("school", school_id=school.id, name=name)


@pytest.fixture
async def evening(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Evening]:
    """Everything that a school's test needs; its phones are closed at the end."""
    serving = running_service(replace(make_deps(database, clock), web=built), clock)
    service = await serving.__aenter__()
    phones: list[SchoolPhone] = []
    try:
        async with proxy_to(service.port) as proxy:

            async def new_phone(who: SignedIn) -> SchoolPhone:
                phone = SchoolPhone(browser, f"http://127.0.0.1:{proxy.port}", who)
                phones.append(phone)
                await phone.start()
                return phone

            async def restart() -> None:
                nonlocal serving
                await serving.__aexit__(None, None, None)
                proxy.hang_up()
                serving = running_service(replace(make_deps(database, clock), web=built), clock)
                found.world = replace(found.world, service=await serving.__aenter__())
                proxy.target = found.service.port

            found = Evening(await make_world(service, signed_in), proxy, new_phone, restart)
            yield found
            for phone in phones:
                await phone.close()
    finally:
        await serving.__aexit__(None, None, None)
