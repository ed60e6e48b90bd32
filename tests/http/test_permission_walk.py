"""Every operation of the URL table, as every role, on one's own and on others' objects: what the table says, happens.

Each operation has a sample request that succeeds (`tests.http.samples`), so that a refusal is one of the actor alone.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from backend.handlers.openapi_document import Line
from backend.services.permissions import PERMISSIONS, Scope
from tests.http.conftest import Answer, Clock, SignedIn, StartService, new_id
from tests.http.samples import (
    LINES,
    REVIEWS,
    ROLES,
    SAMPLES,
    Case,
    Request,
    actor_for,
    case_of,
    request_of,
    stored_role,
)
from tests.http.world import Subject, World, make_world
from tests.wechat_stub import running_stub

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Whom the city awards, everybody may know by name; and whoever holds a document, whose it is.
_PUBLIC = {
    "document.verify",
    "public_notice.list",
    "public_notice.read",
    "publication.list",
    "publication.read",
    "publication.read_public",
}


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> AsyncIterator[World]:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


async def send(world: World, request: Request, token: str | None) -> Answer:
    return await world.service.request(request.line.verb, request.path, token=token, **request.sent)


def of_nobody(request: Request) -> Request:
    """The same request on something that isn't there."""
    values = {name: new_id() if _UUID.fullmatch(value) else value for name, value in request.values.items()}
    if "district" in values:
        values["district"] = "nowhere"
    return replace(request, values=values)


def scope_of(line: Line, role: str) -> Scope | None:
    """What the table says."""
    return PERMISSIONS.get(line.operation.may or "", {}).get(stored_role(role))


def test_every_operation_has_a_sample_and_every_permission_an_operation() -> None:
    assert sorted(SAMPLES) == sorted(line.operation.id for line in LINES)
    assert set(PERMISSIONS) == {line.operation.may for line in LINES if line.operation.may}


async def test_without_a_session_only_what_is_public_is_there(world: World) -> None:
    subject = await world.everything("hailing")
    wrong = []
    for line in LINES:
        request = await request_of(line, Case(world, subject, world.city, "city"))
        answer = await send(world, request, None)
        expected = line.operation.status if line.operation.may is None else 401
        if answer.status != expected or (expected == 401 and answer.error["code"] != "not_signed_in"):
            wrong.append(told(line, "nobody", answer, str(expected)))
        wrong += [f"{line.operation.id} tells nobody of {mark}" for mark in told_of(world, answer, line, None, None)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_the_table_says(world: World, role: str) -> None:
    own, elsewhere = await world.everything("hailing"), await world.everything("jingjiang")
    neighbour = await world.everything("hailing") if role in ("school", "inspector", "lead") else elsewhere
    actor = await actor_for(world, own, role)
    wrong = []
    for line in (each for each in LINES if each.operation.may):
        match scope_of(line, role):
            case None:
                request = await request_of(line, Case(world, own, actor, role))
                answer = await send(world, request, actor.token)
                if answer.status != 403:
                    wrong.append(told(line, role, answer, "403"))
            case scope:
                # Reading changes nothing: the one school will do.
                shared = line.verb == "GET" and SAMPLES[line.operation.id].district == own.district
                case = Case(world, own, actor, role) if shared else await case_of(world, line, role)
                wrong += [each async for each in walk_own(line, case)]
                if scope is Scope.OWN and line.route.parts:
                    others = {id(each): each for each in (elsewhere, neighbour)}.values()
                    for other in others:
                        wrong += [each async for each in walk_others(world, line, role, actor, other)]
    assert not wrong, "\n".join(wrong)


async def test_a_district_that_asks_for_another_is_told_nothing(world: World) -> None:
    own, elsewhere = await world.everything("hailing"), await world.everything("jingjiang")
    actor = await actor_for(world, own, "district")
    asked = 0
    for line in (each for each in LINES if scope_of(each, "district")):
        if "district" in getattr(line.operation.query, "model_fields", {}):
            answer = await world.service.get(f"{line.route.template}?district={elsewhere.district}", actor.token)
            assert answer.status == 404 or answer.json["items"] == [], told(line, "district", answer, "nothing")
            asked += 1
    assert asked >= 4


async def walk_own(line: Line, case: Case) -> AsyncIterator[str]:
    """The sample succeeds on what is one's own."""
    answer = await send(case.world, await request_of(line, case), case.actor.token)
    name, role = line.operation.id, case.role
    expected = 403 if role in SAMPLES[name].but else line.operation.status
    if answer.status != expected:
        yield told(line, role, answer, str(expected))
    for mark in told_of(case.world, answer, line, case.subject, case.actor):
        yield f"{line.operation.id} tells {role} of {mark}"


async def walk_others(world: World, line: Line, role: str, actor: SignedIn, other: Subject) -> AsyncIterator[str]:
    """What is others' is not there, just like what isn't; but what may be seen and not be changed is said to be so."""
    request = await request_of(line, Case(world, other, await actor_for(world, other, role), role))
    answer = await send(world, request, actor.token)
    if role == "city" and line.operation.id in REVIEWS:
        if answer.status != 403 or answer.error["code"] != "not_the_reviewer":
            yield told(line, role, answer, "403 not_the_reviewer")
        return
    missing = await send(world, of_nobody(request), actor.token)
    if answer.status != 404:
        yield told(line, role, answer, "404 for another's")
    elif (answer.status, answer.body) != (missing.status, missing.body):
        yield f"{line.operation.id} as {role}: {answer.body.decode()} for another's, {missing.body.decode()} for none"


def told(line: Line, role: str, answer: Answer, expected: str) -> str:
    said = answer.body[:300].decode(errors="replace")
    return f"{line.operation.id} as {role}: {answer.status} instead of {expected}: {said}"


def told_of(world: World, answer: Answer, line: Line, subject: Subject | None, actor: SignedIn | None) -> list[str]:
    """What the answer tells of others' that the actor may not know: their schools, and phone numbers."""
    role = actor.actor.role.value if actor else None
    if role in ("city", "admin"):
        return []
    text = answer.body.decode(errors="replace")
    others = [each for each in world.subjects if not _is_own(each, subject, role)]
    marks = [mark for each in others for mark in each.marks]
    if line.operation.id not in _PUBLIC:
        marks += [each.name for each in others]
    numbers = {phone for each in world.subjects for phone in each.phones if each in others or role == "inspector"}
    numbers |= {each.person.phone for each in world.people if not _may_call(each, subject, actor)}
    return [mark for mark in (*marks, *numbers) if mark in text]


def _is_own(school: Subject, own: Subject | None, role: str | None) -> bool:
    return own is not None and (school.district == own.district if role == "district" else school is own)


def _may_call(person: SignedIn, own: Subject | None, actor: SignedIn | None) -> bool:
    """Whether the actor may see the person's phone number."""
    if actor is None or own is None:
        return False
    if actor.actor.role == "district":
        return own.district in (person.actor.district, *person.person.school_districts)
    return person is actor
