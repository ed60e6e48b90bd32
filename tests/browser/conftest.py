"""Debian's Chromium, the service with the pages as they are built, and phones that reach it through a proxy."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from backend.gateways import web_build
from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.phone import Phone
from tests.browser.proxy import Proxy, proxy_to
from tests.http.conftest import Clock, Service, SignedIn, SignIn, clock, make_deps, running_service, signed_in
from tests.http.conftest import steady_database as steady_database
from tests.http.visiting import Visiting, make_visiting

__all__ = ["clock", "signed_in", "steady_database"]

DIST = Path(__file__).resolve().parents[2] / "inspection" / "web" / "dist"
# No sandbox: tests may run as root. No connections but our own.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def built() -> WebBuild:
    """The pages of `make web`."""
    if not (DIST / "phone" / "index.html").is_file():
        pytest.fail("网页尚未构建：请先执行 make web")
    return web_build.load(DIST, DIST / "none")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the tests of a worker; each phone is a context of its own."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("没有 Chromium：请执行 sudo apt-get install -y chromium")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        await running.close()


@dataclass(slots=True)
class Field:
    """A city in September. `restart` restarts the service, also with other pages, behind the proxy that phones use."""

    visiting: Visiting
    proxy: Proxy
    new_phone: Callable[[SignedIn], Awaitable[Phone]]
    restart: Callable[..., Awaitable[None]]

    @property
    def service(self) -> Service:
        """The service as it runs now."""
        return self.visiting.service


@pytest.fixture
async def field(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Field]:
    """Everything that a test in the field needs; its phones are closed at the end."""
    serving = running_service(replace(make_deps(database, clock), web=built), clock)
    service = await serving.__aenter__()
    phones: list[Phone] = []
    try:
        async with proxy_to(service.port) as proxy:

            async def new_phone(who: SignedIn) -> Phone:
                phone = Phone(browser, f"http://127.0.0.1:{proxy.port}", who)
                phones.append(phone)
                await phone.start()
                return phone

            async def restart(web: WebBuild = built) -> None:
                nonlocal serving
                await serving.__aexit__(None, None, None)
                proxy.hang_up()
                serving = running_service(replace(make_deps(database, clock), web=web), clock)
                found.visiting.service = await serving.__aenter__()
                proxy.target = found.visiting.service.port

            found = Field(await make_visiting(service, signed_in), proxy, new_phone, restart)
            yield found
            for phone in phones:
                await phone.close()
    finally:
        await serving.__aexit__(None, None, None)
