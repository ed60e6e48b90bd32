"""A year that begins with nothing: officers at their desks, and who comes by WeChat, through the API alone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playwright.async_api import Browser

from backend.services.sessions import actor_of
from backend.store import people, sessions
from backend.store.sessions import hash_token
from inspection.rules.rubric import Rubric
from tests.browser.console.desk import Desk
from tests.http.conftest import Answer, Service, SignedIn, SignIn
from tests.http.submitted import Registered, World, change
from tests.http.visiting import Visiting
from tests.wechat_stub import Stub

PASSWORD = "a good long password"


@dataclass(slots=True)
class Year:
    """The service on an empty database, WeChat beside it, and the desks that were opened."""

    service: Service
    stub: Stub
    sign_in: SignIn
    browser: Browser
    desks: list[Desk] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the service is."""
        return f"http://127.0.0.1:{self.service.port}"

    @property
    def rubric(self) -> Rubric:
        """The rubric of the cycle."""
        return self.service.deps.rubrics["taizhou-2022"]

    def go_on(self, to: str) -> None:
        """Goes on to a moment, with WeChat."""
        before = self.service.clock()
        self.service.clock.set(datetime.fromisoformat(to))
        self.stub.platform.advance((self.service.clock() - before).total_seconds())

    async def desk(self, link: str) -> Desk:
        """A desk at which somebody has opened their link."""
        desk = Desk(self.browser, self.url, None)
        self.desks.append(desk)
        await desk.start()
        await desk.page.goto(f"{self.url}/sign-in#{link.partition('#')[2]}")
        return desk

    async def read(self, desk: Desk, path: str) -> Any:
        """What the service tells whoever sits there."""
        token = await desk.page.evaluate("localStorage.getItem('zhiping.token')")
        return ok(await self.service.get(path, token)).json

    async def bind(self, openid: str, invitation: str) -> None:
        """A WeChat user types the code of an invitation."""
        came = ok(await self.service.post("/api/wechat/sessions", {"code": self.stub.platform.code_for(openid)})).json
        code = {"ticket": came["ticket"], "invitation": invitation}
        ok(await self.service.post("/api/wechat/bindings", code))

    async def enter(self, openid: str) -> SignedIn:
        """A WeChat user who is bound comes in."""
        came = ok(await self.service.post("/api/wechat/sessions", {"code": self.stub.platform.code_for(openid)})).json
        token = came["session"]["token"]
        session = await sessions.find(self.service.deps.db, hash_token(token))
        assert session is not None
        person = await people.find(self.service.deps.db, session.person_id)
        assert person is not None
        return SignedIn(token, actor_of(session), person)

    async def school_of(self, openid: str) -> Registered:
        """The school whose contact comes in, with its submission."""
        contact = await self.enter(openid)
        [found] = ok(await self.service.get("/api/submissions", contact.token)).json["items"]
        return Registered(found["school"]["id"], found["school"]["name"], contact, found["id"])

    async def submit(self, school: Registered, **values: Any) -> None:
        """The school fills in everything and submits; `values` replace some fields."""
        world = World(self.service, self.sign_in, self.rubric, school.contact, school.contact)
        await world.fill_in(school, **values)
        ok(await world.post(school, "submit"))

    async def submit_again(self, school: Registered, note: str) -> None:
        """The school says what it has mended in 1.1.1, and submits again."""
        world = World(self.service, self.sign_in, self.rubric, school.contact, school.contact)
        versions = (await world.read(school))["versions"]
        ok(await world.save(school, change("/items/1.1.1/note", note, versions.get("/items/1.1.1/note", 0))))
        ok(await world.post(school, "submit"))

    def visiting(self, who: SignedIn) -> Visiting:
        """How inspectors score."""
        return Visiting(self.service, self.sign_in, self.rubric, who)


def ok(answer: Answer) -> Answer:
    """The answer, which is no refusal."""
    assert answer.status < 300, answer.body.decode()
    return answer
