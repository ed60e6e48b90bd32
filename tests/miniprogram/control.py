"""What a test of the mini-program does to the service from outside: POST /NAME with a JSON object."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from backend.models.people import Holding, Role
from backend.store import people
from backend.store.people import Person
from tests.http.conftest import new_id
from tests.http.world import World
from tests.wechat.outbox import tell as tell_people
from tests.wechat.outbox import worker_of


@dataclass(frozen=True, slots=True)
class Control:
    """The steps; each has the name of its path."""

    world: World
    browser: Browser

    async def person(self, *, roles: list[str]) -> Any:
        """Somebody who is registered and bound to nobody's WeChat."""
        holdings = tuple(_holding(Role(role)) for role in roles)
        number = self.world.number()
        made = Person(new_id(), f"人员{number:05}", f"136{number:08}", holdings, school_districts=("hailing",))
        await people.insert(self.world.db, made)
        return {"id": made.id, "name": made.name, "phone": made.phone}

    async def school(self, *, stage: str) -> Any:
        """A school that has come so far; its contact is bound to nobody's WeChat."""
        subject = await self.world.subject(stage)
        contact = subject.contact.person
        await self.world.db.people.update_one({"_id": contact.id}, {"$set": {"wechat": None}})
        told = {"id": contact.id, "name": contact.name, "phone": contact.phone}
        return {"name": subject.name, "contact": told, "submission_id": subject.submission_id}

    async def submit(self, *, url: str) -> Any:
        """Somebody opens the address of a web-view and submits the form, which is filled in."""
        page = await self.browser.new_page(viewport={"width": 390, "height": 844})
        try:
            await page.goto(self._here(url))
            await page.get_by_role("link", name="核对并提交", exact=True).first.click()
            await page.get_by_role("button", name="提交", exact=True).click()
            await page.locator(".van-dialog__confirm").click()
            await page.get_by_text("现在：已提交").wait_for()
        finally:
            await page.close()
        return {}

    async def decide(self, *, submission_id: str) -> Any:
        """The district recommends the school, inspectors come, the city decides."""
        [subject] = [each for each in self.world.subjects if each.submission_id == submission_id]
        officer = await self.world.sign_in("district", district=subject.district)
        await self.world.post(f"/api/submissions/{submission_id}/endorse", {"opinion": "同意推荐"}, officer)
        await self.world.lead_on(subject, "decided")
        return {}

    async def publish(self) -> Any:
        """The city publishes what is decided."""
        await self.world.nothing_against_publishing()
        return (await self.world.post("/api/publications", {})).json

    async def advance(self, *, seconds: float) -> Any:
        """The time goes on, here and at WeChat; the city officer was at work all the while."""
        self.world.clock.advance(seconds=seconds)
        self.sync()
        session = self.world.city.actor.session_id
        await self.world.db.sessions.update_one({"_id": session}, {"$set": {"seen_at": self.world.clock()}})
        self.world.service.deps.session_cache.drop(session)
        return {}

    def sync(self) -> None:
        """WeChat's clock shows what the service's shows."""
        self.world.stub.platform.ahead = self.world.clock().timestamp() - time.time()

    async def deliver(self) -> Any:
        """The worker delivers what is due."""
        await worker_of(self.world.service.deps).round()
        return {}

    async def browse(self, *, url: str, until: str) -> Any:
        """What a web-view shows of an address, once these words are there: the path, and the text of the page."""
        page = await self.browser.new_page(viewport={"width": 390, "height": 844})
        try:
            await page.goto(self._here(url))
            await page.get_by_text(until).first.wait_for()
            return {"path": urlsplit(page.url).path, "text": await page.inner_text("body")}
        finally:
            await page.close()

    def _here(self, url: str) -> str:
        """An address of the mini-program's site as this machine serves it."""
        return urlsplit(url)._replace(netloc=f"127.0.0.1:{self.world.service.port}").geturl()

    async def tell(self, *, person_id: str, count: int) -> Any:
        """Somebody gets so many messages."""
        for number in range(count):
            await tell_people(self.world.service.deps, [person_id], f"第 {number + 1} 件事")
            self.world.clock.advance(seconds=1)
        return {}


def _holding(role: Role) -> Holding:
    return Holding(
        role=role,
        school_id=new_id() if role is Role.SCHOOL else None,
        district="hailing" if role is Role.DISTRICT else None,
    )


class _Handler(RequestHandler):
    def initialize(self, control: Control) -> None:
        self.control = control

    async def post(self, name: str) -> None:
        step: Callable[..., Awaitable[Any]] = getattr(self.control, name)
        self.finish(await step(**json.loads(self.request.body)))


@asynccontextmanager
async def running_control(control: Control) -> AsyncIterator[str]:
    """Serves for as long as the block lasts; gives its address."""
    server = HTTPServer(Application([(r"/([a-z]+)", _Handler, {"control": control})]))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        await server.close_all_connections()
