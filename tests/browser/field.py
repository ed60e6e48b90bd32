"""A city in September with phones in the field, for tests and benches: the service, a proxy before it, a browser."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from backend.gateways import web_build
from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.phone import Phone
from tests.browser.proxy import Proxy, proxy_to
from tests.http.conftest import Clock, Service, SignedIn, SignIn, make_deps, running_service
from tests.http.visiting import Visiting, make_visiting

DIST = Path(__file__).resolve().parents[2] / "inspection" / "web" / "dist"
# No sandbox: tests may run as root. No connections but our own.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
# A machine of a network, as phones without HTTPS see it: to a browser this machine itself is as good as HTTPS.
ELSEWHERE = "elsewhere.test"
FLAGS += [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]


def built_pages() -> WebBuild:
    """The pages of `make web`. Raises `FileNotFoundError`."""
    if not (DIST / "phone" / "index.html").is_file():
        raise FileNotFoundError("网页尚未构建：请先执行 make web")
    return web_build.load(DIST, DIST / "none")


def chromium() -> str:
    """Debian's Chromium. Raises `FileNotFoundError`."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise FileNotFoundError("没有 Chromium：请执行 sudo apt-get install -y chromium")
    return found


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A browser, in which each phone is a context of its own."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield running
        await running.close()


@dataclass(slots=True)
class Field:
    """A running service behind the proxy that phones use."""

    visiting: Visiting
    proxy: Proxy
    browser: Browser
    serving: "Serving"
    phones: list[Phone] = field(default_factory=list)

    @property
    def service(self) -> Service:
        """The service as it runs now."""
        return self.visiting.service

    async def new_phone(self, who: SignedIn, host: str = "127.0.0.1") -> Phone:
        """A phone on which the person has signed in; switched off at the end."""
        phone = Phone(self.browser, f"http://{host}:{self.proxy.port}", who)
        self.phones.append(phone)
        await phone.start()
        return phone

    async def restart(self, web: WebBuild | None = None) -> None:
        """Restarts the service, also with other pages."""
        await self.serving.stop()
        self.proxy.hang_up()
        self.visiting.service = await self.serving.start(web)
        self.proxy.target = self.service.port


class Serving:
    """The service, which can be stopped and started."""

    def __init__(self, database: Database, clock: Clock, built: WebBuild) -> None:
        self.database, self.clock, self.built = database, clock, built

    async def start(self, web: WebBuild | None = None) -> Service:
        """Starts it, with these pages or those as they are built."""
        deps = replace(make_deps(self.database, self.clock), web=web or self.built)
        self._running = running_service(deps, self.clock)
        return await self._running.__aenter__()

    async def stop(self) -> None:
        """As SIGTERM does."""
        await self._running.__aexit__(None, None, None)


@asynccontextmanager
async def in_the_field(
    database: Database, clock: Clock, sign_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Field]:
    """Everything that a test in the field needs."""
    serving = Serving(database, clock, built)
    service = await serving.start()
    try:
        async with proxy_to(service.port) as proxy:
            found = Field(await make_visiting(service, sign_in), proxy, browser, serving)
            yield found
            for phone in found.phones:
                await phone.close()
    finally:
        await serving.stop()
