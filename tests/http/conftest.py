"""The service itself, on a free port, with a real database and a clock that the test turns."""

import json
import secrets
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from tornado.httpclient import HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.app import ROUTES, context_of, make_app, make_server
from backend.config_files import default_config_folder, load_cycle, load_districts, load_notices, load_rubric
from backend.deps import Deps, wechat_of
from backend.gateways import web_build
from backend.gateways.passwords import Passwords
from backend.gateways.web_build import WebBuild
from backend.handlers.context import Context
from backend.handlers.routing import Route
from backend.models.people import Actor, Holding, Role
from backend.services.sessions import actor_of
from backend.settings import Settings
from backend.store import people, sessions
from backend.store.mongo import Database
from backend.store.people import Person
from backend.store.sessions import Session, hash_token
from inspection.rules.cycle import Cycle
from inspection.rules.rubric import Rubric
from tests.web import make_build

START = datetime(2022, 8, 15, 2, 0, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """The time of day of the service; it stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        """Moves it to a moment."""
        self.now = now

    def advance(self, **duration: float) -> None:
        """Moves it on: `advance(hours=1)`."""
        self.now += timedelta(**duration)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered; `json` is None for an empty body, and fails the test for one that is no JSON."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def error(self) -> Any:
        """The error inside; fails the test where the answer has another shape."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message", "details"}
        return self.json["error"]

    @property
    def paths(self) -> list[str]:
        """Where the details say that something is wrong."""
        return [detail["path"] for detail in self.error["details"]]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session: what the handlers see, and the token of their requests."""

    token: str
    actor: Actor
    person: Person


@dataclass(slots=True)
class Service:
    """A running service and a client of it."""

    port: int
    deps: Deps
    clock: Clock
    context: Context
    _http: SimpleAsyncHTTPClient = field(
        default_factory=lambda: SimpleAsyncHTTPClient(force_instance=True, max_clients=200)
    )

    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        body: bytes | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Sends one request; `json_body` goes as JSON, `body` as it is."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method,
            headers=sent,
            body=body,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            # Tests see what was sent.
            decompress_response=False,
            request_timeout=30,
        )
        response = await self._http.fetch(request, raise_error=False)
        return Answer(response.code, response.headers, response.body)

    async def get(self, path: str, token: str | None = None, **more: Any) -> Answer:
        """GET."""
        return await self.request("GET", path, token=token, **more)

    async def post(self, path: str, json_body: Any = None, token: str | None = None, **more: Any) -> Answer:
        """POST."""
        return await self.request("POST", path, json_body=json_body, token=token, **more)

    async def put(self, path: str, json_body: Any = None, token: str | None = None, **more: Any) -> Answer:
        """PUT."""
        return await self.request("PUT", path, json_body=json_body, token=token, **more)

    async def patch(self, path: str, json_body: Any = None, token: str | None = None, **more: Any) -> Answer:
        """PATCH."""
        return await self.request("PATCH", path, json_body=json_body, token=token, **more)

    async def delete(self, path: str, token: str | None = None, **more: Any) -> Answer:
        """DELETE."""
        return await self.request("DELETE", path, token=token, **more)

    def close(self) -> None:
        """Ends the client."""
        self._http.close()


@cache
def _config() -> tuple[Cycle, Rubric]:
    folder = default_config_folder()
    cycle = load_cycle(folder, "2022")
    return cycle, load_rubric(folder, cycle.rubric)


# Every test starts a service, and files of config/ are slow to read.
_districts = cache(load_districts)
_notices = cache(load_notices)


@cache
def _web() -> WebBuild:
    with tempfile.TemporaryDirectory() as folder:
        return web_build.load(make_build(Path(folder)), Path(folder) / "none")


def make_deps(db: Database, clock: Clock, **settings: Any) -> Deps:
    """The parts of a service for tests: real but for the clock, and for passwords that are quick to hash."""
    cycle, rubric = _config()
    # Tests are not limited unless they ask to be.
    chosen: dict[str, Any] = {"rate_per_person": 0, "rate_per_address": 0, "data_folder": Path("unused")} | settings
    valid = Settings(**chosen)
    return Deps(
        db=db,
        settings=valid,
        wechat=wechat_of(valid, db, clock),
        cycle=cycle,
        rubrics={rubric.name: rubric},
        districts=_districts(default_config_folder()),
        notices=_notices(valid.config_folder),
        clock=clock,
        web=_web(),
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
    )


@asynccontextmanager
async def running_service(deps: Deps, clock: Clock, routes: tuple[Route, ...] = ROUTES) -> AsyncIterator[Service]:
    """Serves on a free port for as long as the block lasts."""
    app = make_app(deps, routes)
    server = make_server(app)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    service = Service(sockets[0].getsockname()[1], deps, clock, context_of(app))
    try:
        yield service
    finally:
        service.close()
        server.stop()
        await service.context.live.close()
        await server.close_all_connections()
        deps.passwords.close()
        deps.threads.close()
        deps.decoders.close()
        if deps.wechat is not None:
            deps.wechat.close()


StartService = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def clock() -> Clock:
    """The clock of `service`."""
    return Clock()


@pytest.fixture(scope="session")
async def steady_database(indexed_database: Database) -> Database:
    """MongoDB must not remove what has expired by its own clock: the clock here stands in another year."""
    await indexed_database.client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
    return indexed_database


@pytest.fixture
def start_service(steady_database: Database, database: Database, clock: Clock) -> StartService:
    """Starts a service with other settings or routes: `async with start_service(max_body=2048) as service`."""

    def start(
        routes: tuple[Route, ...] = ROUTES, db: "Database | None" = None, **settings: Any
    ) -> AbstractAsyncContextManager[Service]:
        return running_service(make_deps(database if db is None else db, clock, **settings), clock, routes)

    return start


@pytest.fixture
async def service(start_service: StartService) -> AsyncIterator[Service]:
    """The whole service on an empty database."""
    async with start_service() as running:
        yield running


@pytest.fixture
def client(service: Service) -> Service:
    """The same, for tests that only send requests."""
    return service


SignIn = Callable[..., Awaitable[SignedIn]]


def signing_in(database: Database, clock: Clock) -> SignIn:
    """What makes people with a session in this database."""
    count = 0

    async def make(
        role: str,
        *,
        school_id: str | None = None,
        district: str | None = None,
        name: str = "张三",
        more: tuple[Holding, ...] = (),
    ) -> SignedIn:
        nonlocal count
        count += 1
        if role == "school":
            school_id = school_id or new_id()
        if role == "district":
            district = district or "hailing"
        holding = Holding(role=Role(role), school_id=school_id, district=district)
        person = Person(new_id(), name, f"138{count:08}", (holding, *more))
        token = secrets.token_urlsafe(32)
        session = Session(
            id=new_id(),
            token_hash=hash_token(token),
            person_id=person.id,
            name=name,
            holding=holding,
            opened_at=clock(),
            seen_at=clock(),
            expires_at=clock() + timedelta(days=60),
        )
        await people.insert(database, person)
        await sessions.insert(database, session)
        return SignedIn(token, actor_of(session), person)

    return make


@pytest.fixture
def signed_in(database: Database, clock: Clock) -> SignIn:
    """Makes a person with a session: `await signed_in("district", district="hailing")`."""
    return signing_in(database, clock)


def new_id() -> str:
    """A random id."""
    return str(uuid.uuid4())
