"""Schemathesis on the whole service, as every role: no 5xx, and no answer that the document doesn't promise.

The service runs in a thread with an event loop of its own, on a database of its own. `tests.http.samples` knows how
every operation succeeds; schemathesis sends these requests first, then its own, good and bad, on the same objects.
"""

import asyncio
import json
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonpointer import resolve_pointer
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from backend.handlers.openapi_document import Line
from backend.handlers.operation import Media
from backend.services.permissions import PERMISSIONS
from backend.store.embedded import Embedded
from backend.store.mongo import close, connect
from tests.http.conftest import Clock, SignedIn, make_deps, running_service
from tests.http.samples import (
    LINES,
    ROLES,
    SAMPLES,
    Case,
    Request,
    actor_for,
    case_of,
    invited,
    message_of,
    request_of,
    stored_role,
)
from tests.http.world import Subject, World, make_world
from tests.seeds import fresh_seed
from tests.wechat_stub import running_stub

_T = TypeVar("_T")
# Cases of each kind for each operation as each role, and ways through the links.
EXAMPLES, SCENARIOS = 2, 3
# `make soak` tries as many of both.
MANY = int(os.environ.get("ZHIPING_SEEDS", "20"))
STEPS = 15
GENERATE = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

# What is wrong in one place may be too long in another: then the answer is 413.
REFUSALS = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, "5xx"]
CONFIG = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})


@schemathesis.serializer(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/xml",
    "application/offset+octet-stream",
    "multipart/form-data",
)
def as_it_is(context: Any, value: Any) -> bytes:
    """Workbooks, pushes and photos go as they are; what schemathesis makes up is none, and is refused."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


def _excluded() -> list[Any]:
    load_all_checks()
    unfit = (
        # A request of the right form is refused with 409 or 422 where the state or the rubric, which are stored and in
        # no schema, forbid it. The samples, which fit both, are held to a 2xx here.
        "positive_data_acceptance",
    )
    return [CHECKS.get_one(name) for name in unfit]


@dataclass(slots=True)
class Served:
    """The service in its thread."""

    loop: asyncio.AbstractEventLoop
    world: World
    schema: Any
    excluded: list[Any]
    subjects: dict[str, Subject] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Does the work in the service's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def of(self, line: Line) -> Any:
        """Schemathesis' view of the operation."""
        return self.schema.find_operation_by_id(line.operation.id)

    def check(self, case: Any, line: Line, actor: SignedIn | None) -> Any:
        """Sends the case, holds the answer to all checks, and gives it."""
        headers = {"Authorization": f"Bearer {actor.token}"} if actor else {}
        excluded = self.excluded
        # A header that was made up wrong, or left out, is replaced by the right one; and an odd time of one change is
        # refused in a good answer, so that it does not lose a phone's whole batch.
        if _has_bad_headers(case) or line.operation.id == "operation.sync":
            excluded = [*excluded, CHECKS.get_one("negative_data_rejection")]
        return case.call_and_validate(
            headers=headers, excluded_checks=excluded, session=self.http, allow_redirects=False
        )


def _has_bad_headers(case: Any) -> bool:
    header = case.meta and case.meta.components.get(ParameterLocation.HEADER)
    return bool(header and header.mode.is_negative)


@pytest.fixture(scope="module")
def served(mongodb: Embedded) -> Iterator[Served]:
    """The service on a world of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="service")
    thread.start()
    stack = AsyncExitStack()
    try:
        world = asyncio.run_coroutine_threadsafe(_start(stack, mongodb), loop).result(60)
        address = f"http://127.0.0.1:{world.service.port}/api/openapi.json"
        schema = schemathesis.openapi.from_url(address, config=CONFIG)
        running = Served(loop, world, schema, _excluded())
        for district in ("hailing", "jingjiang"):
            running.subjects[district] = running.run(world.everything(district))
        with running.http:
            yield running
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(stack: AsyncExitStack, mongodb: Embedded) -> World:
    db = connect(mongodb.uri, "schemathesis")
    stack.callback(close, db)
    await db.client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
    await db.client.drop_database("schemathesis")
    clock = Clock()
    stub = await stack.enter_async_context(running_stub())
    service = await stack.enter_async_context(running_service(make_deps(db, clock, **stub.settings), clock))
    return await make_world(service, clock, stub)


def may(line: Line, role: str) -> bool:
    """Whether the role succeeds with the sample."""
    permitted = line.operation.may is None or stored_role(role) in PERMISSIONS[line.operation.may]
    return permitted and role not in SAMPLES[line.operation.id].but


def sample_case(served: Served, request: Request) -> Any:
    """The sample as a case of schemathesis."""
    more: dict[str, Any] = {"query": dict(parse_qsl(request.query)), "headers": dict(request.headers)}
    if request.line.operation.body is not None:
        declared = request.line.operation.body
        media_type = declared.types[0] if isinstance(declared, Media) else "application/json"
        more |= {"body": request.body, "media_type": media_type}
    return served.of(request.line).Case(path_parameters=dict(request.values), **more)


def prepared(served: Served, line: Line, role: str) -> Case:
    """The role's business with the operation: a school of its own where the request may change something, or something
    is to be there."""
    shared, sample = served.subjects["hailing"], SAMPLES[line.operation.id]
    if may(line, role) and (line.verb != "GET" or sample.prepare or sample.district != shared.district):
        return served.run(case_of(served.world, line, role))
    return Case(served.world, shared, served.run(actor_for(served.world, shared, role)), role)


def test_every_operation_succeeds_for_some_role() -> None:
    """The next test sees to it that it does."""
    assert [line.operation.id for line in LINES if not any(may(line, role) for role in ROLES)] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_in_the_document(served: Served, role: str) -> None:
    every_operation(served, role, EXAMPLES)


@pytest.mark.soak
@pytest.mark.parametrize("role", ROLES)
def test_every_answer_of_many_is_in_the_document(served: Served, role: str) -> None:
    every_operation(served, role, MANY, everywhere=True)


def every_operation(served: Served, role: str, examples: int, *, everywhere: bool = False) -> None:
    """The sample of every operation, which succeeds where the role may, and what schemathesis makes of it.

    Who may not is refused before anything of the request is read: there good cases say as much as bad ones, which are
    sent `everywhere` only if asked for.
    """
    drawn, failures = fresh_seed(), []
    for line in LINES:
        case = prepared(served, line, role)
        request = served.run(request_of(line, case))
        actor = case.actor if line.operation.may else None
        try:
            status = served.check(sample_case(served, request), line, actor).status_code
            assert status == line.operation.status or not may(line, role), f"the sample got {status}"
            strategies = strategies_of(served, request)[: None if everywhere or may(line, role) else 1]
            fuzz(served, request, actor, strategies, settings(GENERATE, max_examples=examples), drawn)
        except Exception as error:
            failures.append(f"{line.operation.id} as {role}: {error}")
    # A case may have half a surrogate pair in it, which pytest-xdist can't hand on.
    assert not failures, "\n\n".join(failures).encode(errors="backslashreplace").decode()


def strategies_of(served: Served, request: Request) -> list[Any]:
    """What schemathesis makes of the document: good and bad on the sample's objects, and bad paths."""
    operation, declared = served.of(request.line), request.line.operation
    fixed: dict[str, Any] = {"path_parameters": dict(request.values)}
    bad: dict[str, Any] = {"generation_mode": GenerationMode.NEGATIVE}
    if request.headers:
        # Of bad headers `test_uploads` has its own; here they would hide what is done with a body.
        fixed, bad = fixed | {"headers": dict(request.headers)}, bad | {"headers": dict(request.headers)}
    strategies = [operation.as_strategy(**fixed)]
    # What takes nothing can be given nothing bad.
    if declared.may or declared.body or declared.query:
        strategies.append(operation.as_strategy(**(fixed | bad)))
    if request.line.route.parts:
        strategies.append(operation.as_strategy(**bad))
    return strategies


def fuzz(
    served: Served, request: Request, actor: SignedIn | None, strategies: list[Any], how: settings, drawn: int
) -> None:
    """Sends cases of each of the strategies."""
    for strategy in strategies:

        @seed(drawn)
        @how
        @given(case=strategy)
        def run(case: Any) -> None:
            served.check(case, request.line, actor)

        run()


def test_links_lead_to_what_the_answer_is_about(served: Served) -> None:
    """Every link finds its id in the answer, and the thing itself is there under it."""
    followed = set()
    for line in LINES:
        links = served.of(line).definition.raw["responses"][str(line.operation.status)].get("links")
        if not links:
            continue
        role = next(each for each in ("city", "school", "inspector") if may(line, each))
        case = prepared(served, line, role)
        # Empty at first, and links start from the first of what is in them: an inbox, the invitations of a person.
        served.run(message_of(case))
        served.run(invited(case))
        request = served.run(request_of(line, case))
        answer = served.check(sample_case(served, request), line, case.actor).json()
        for name, link in links.items():
            values = {part: _value(expression, request, answer) for part, expression in link["parameters"].items()}
            target = next(each for each in LINES if each.operation.id == name)
            assert set(values) == set(target.route.parts)
            if name.endswith(".read") and may(target, role) and target.route.template.endswith("_id}"):
                found = served.of(target).Case(path_parameters=values)
                assert served.check(found, target, case.actor).status_code == 200
                followed.add(name)
    things = ("school", "person", "submission", "visit", "evidence", "upload", "public_notice", "publication")
    assert followed == {f"{thing}.read" for thing in things}


def _value(expression: str, request: Request, answer: Any) -> str:
    """What a link's expression stands for; fails where there is nothing."""
    if expression.startswith("$request.path."):
        return request.values[expression.removeprefix("$request.path.")]
    found = resolve_pointer(answer, expression.removeprefix("$response.body#"))
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_ways_through_the_links(served: Served, role: str) -> None:
    walk_links(served, role, SCENARIOS)


@pytest.mark.soak
@pytest.mark.parametrize("role", ROLES)
def test_many_ways_through_the_links(served: Served, role: str) -> None:
    walk_links(served, role, MANY)


def walk_links(served: Served, role: str, scenarios: int) -> None:
    """What an answer names, the next request is about: as schemathesis finds its way by the document's links."""
    subject = served.run(served.world.everything("hailing"))
    headers = {"Authorization": f"Bearer {served.run(actor_for(served.world, subject, role)).token}"}
    # Whoever signs out on the way is at its end.
    ending = ["session.close", "session.switch", "person.end_sessions", "me.set_password", "wechat.unbind"]

    base: Any = served.schema.exclude(operation_id=ending).as_state_machine()

    class Machine(base):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers, "session": served.http, "allow_redirects": False}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            case.validate_response(
                response, excluded_checks=served.excluded, recorder=self.recorder, transport_kwargs=more
            )

    seed(fresh_seed())(Machine)
    Machine.run(settings=settings(GENERATE, max_examples=scenarios, stateful_step_count=STEPS))
