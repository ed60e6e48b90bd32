"""MongoDB's operators in any field, query or path: refused by their place, and nothing of them reaches the database."""

from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from backend.handlers.openapi_document import Line
from backend.handlers.operation import Media
from backend.services.permissions import PERMISSIONS
from inspection.rules.problems import pointer
from tests.http.conftest import Answer, Clock, StartService
from tests.http.samples import LINES, ROLES, SAMPLES, Case, Request, actor_for, case_of, request_of, stored_role
from tests.http.world import World, make_world
from tests.wechat_stub import running_stub

OPERATOR = {"$ne": None}
WHERE = {"$where": "sleep(1000)"}


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> AsyncIterator[World]:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


def spoilt(body: Any) -> Iterator[tuple[str, Any]]:
    """The body with an operator in place of each value, then with `$where` in each object; and where that is."""
    for path, keys in places(body):
        if keys:
            made = deepcopy(body)
            inner(made, keys[:-1])[keys[-1]] = OPERATOR
            yield path, made
        if isinstance(inner(body, keys), dict):
            made = deepcopy(body)
            inner(made, keys).update(WHERE)
            yield path + pointer("$where"), made


def places(data: Any, path: str = "", keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every value inside, itself first: its JSON pointer, and the keys that lead to it."""
    yield path, keys
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from places(child, path + pointer(key), (*keys, key))


def inner(data: Any, keys: tuple[str | int, ...]) -> Any:
    """What stands under the keys."""
    for key in keys:
        data = data[key]
    return data


def refused_at(answer: Answer, path: str) -> bool:
    """Whether the answer refuses what stands there: at the path, or above or below it where the form is another."""
    return answer.status == 422 and any(each.startswith(path) or path.startswith(each) for each in answer.paths)


async def send(world: World, request: Request, path: str, **sent: Any) -> Answer:
    token = request.token if request.line.operation.may else None
    return await world.service.request(request.line.verb, path, token=token, **sent)


def some_role(line: Line) -> str:
    """One who may."""
    but, may = SAMPLES[line.operation.id].but, line.operation.may
    return next(role for role in ROLES if role not in but and (may is None or stored_role(role) in PERMISSIONS[may]))


async def test_operators_in_any_field_of_a_body(world: World) -> None:
    """Whatever was refused changed nothing: the sample itself succeeds afterwards."""
    wrong, tried = [], 0
    for line in LINES:
        if line.operation.body is None or isinstance(line.operation.body, Media):
            continue
        request = await request_of(line, await case_of(world, line, some_role(line)))
        for path, body in spoilt(request.body):
            answer, tried = await send(world, request, request.path, json_body=body), tried + 1
            if not refused_at(answer, path):
                wrong.append(f"{line.operation.id} {path}: {answer.status} {answer.body.decode()[:300]}")
        answer = await send(world, request, request.path, **request.sent)
        if answer.status != line.operation.status:
            wrong.append(f"{line.operation.id}: {answer.status} {answer.body.decode()[:300]}")
    assert not wrong, "\n".join(wrong)
    assert tried > 200


async def test_operators_in_any_query_and_path(world: World) -> None:
    subject, wrong = await world.everything("hailing"), []
    actors = {role: await actor_for(world, subject, role) for role in ROLES}
    for line in (each for each in LINES if each.route.template.startswith("/api/")):
        role = some_role(line)
        case = Case(world, subject, actors[role], role)
        request = Request(line, {part: value_of(part, case) for part in line.route.parts}, {}, case.actor.token)
        sent = sent_with(line, case)
        for query in ("%24where=sleep(1000)", "limit[%24ne]=1", "district=hailing&%24or[]=1"):
            answer = await send(world, request, f"{request.path}?{query}", **sent)
            if answer.status != 422 or not any(path.startswith("/query/") and "$" in path for path in answer.paths):
                wrong.append(f"{line.operation.id} ?{query}: {answer.status} {answer.body.decode()[:200]}")
        for part in line.route.parts:
            values = {**request.values, part: quote('{"$ne":null}')}
            answer = await send(world, replace(request, values=values), replace(request, values=values).path, **sent)
            if answer.status != 404:
                wrong.append(f"{line.operation.id} {part}: {answer.status} {answer.body.decode()[:200]}")
    assert not wrong, "\n".join(wrong)


def value_of(part: str, case: Case) -> str:
    """Something of the right form for the part of a path: whether it is there comes later."""
    known = {"district": "hailing", "item": "1.1.1", "import_kind": "schools", "record_kind": "evidence", "part": "320"}
    known["rubric_hash"] = "0" * 64
    return known.get(part, case.subject.school_id)


def sent_with(line: Line, case: Case) -> dict[str, Any]:
    """A body of the right kind and headers as they should be, which are not what is wrong here."""
    declared, headers = line.operation.body, SAMPLES[line.operation.id].headers
    asked = dict(headers(case)) if headers else {}
    if isinstance(declared, Media):
        return {"body": b"-", "headers": {"Content-Type": declared.types[0], **asked}}
    return {"json_body": {} if declared is not None else None, "headers": asked}
