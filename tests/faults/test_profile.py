"""MongoDB's profiler over a run of the whole API: an index serves every operation."""

import dataclasses
import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from backend.app import ROUTES
from backend.demonstration import cycle, forms, visits
from backend.demonstration.registration import City, Entrant, Member, add, add_officers, open_cycle, register
from backend.demonstration.schools import demo_schools
from backend.deps import utc_now
from backend.handlers.operation import Operation
from backend.models.audit_trail import EVENT_NAMES
from backend.models.outbox import ResendAll
from backend.services import sent_events
from backend.services.outbox import resend, summed
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database, close, connect
from tests.faults.profile import complaints, profiled
from tests.faults.world import city_on
from tests.http.conftest import Clock, Service, make_deps, running_service
from tests.wechat import outbox
from tests.wechat_stub import Rule, running_stub

SCHOOLS = 14
# Enough people, messages and events that an index that is missing shows.
MORE_PEOPLE = 60
FILTERS = {
    "district": "hailing",
    "role": "district",
    "name": "海",
    "event": "submission.submit",
    "since": "2020-01-01T00:00:00Z",
    "until": "2099-01-01T00:00:00Z",
    "severity": "minor",
    "date": "2022-09-05",
    "what": "publication",
    "late": "true",
    "bound": "false",
    "awarded": "excellent",
    "figure": "gaps",
}
KINDS = {"/api/discrepancies": "overstated", "/api/photo-flags": "no_capture_time"}
STATES = {
    "/api/photo-flags": "open",
    "/api/tables/outbox": "pending",
    "/api/discrepancies": "open",
    "/api/visits": "closed",
    "/api/decisions": "decided",
    "/api/tables/decisions": "decided",
    "/api/tables/submissions": "decided",
    "/api/tables/invitations": "open",
}


@pytest.fixture
async def profile_database(mongodb: Embedded) -> AsyncIterator[Database]:
    """A migrated database of its own: the profiler's records are in it."""
    db = connect(mongodb.uri, "profile")
    await db.client.drop_database("profile")
    await migrate(db)
    yield db
    await db.client.drop_database("profile")
    close(db)


async def test_an_index_serves_every_operation(profile_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "ANSWER_SECONDS", 1)
    db = profile_database
    deps = dataclasses.replace(make_deps(db, Clock()), clock=utc_now)
    (rubric,) = deps.rubrics.values()
    there = set(await db.list_collection_names())
    async with running_service(deps, Clock()) as service, profiled(db):
        city = await city_on(db, f"http://127.0.0.1:{service.port}", rubric)
        try:
            published = await _drive(city)
            asked = await _read_everything(service, city, published)
        finally:
            city.api.close()
    # Every GET that has one thing to read was answered.
    assert asked > 150
    # On a full disk there would be no room for a collection's first document.
    assert set(await db.list_collection_names()) - there <= {"system.profile"}
    assert set(await db.audit_events.distinct("event")) <= set(EVENT_NAMES)
    count, found = await complaints(db)
    assert count > 2000
    assert not found, "\n".join(f"{times} × {what}" for what, times in sorted(found.items()))


async def _drive(city: City) -> str:
    """A cycle of some schools from nothing to a publication, with everything that may go wrong on the way."""
    await open_cycle(city, datetime.now(UTC), "2022")
    await add_officers(city)
    for number in range(MORE_PEOPLE):
        await add(city, f"干事{number}", {"role": "district", "district": "taixing"})
    schools = demo_schools()
    city.entrants = [await register(city, school) for school in schools[:: len(schools) // SCHOOLS]]
    going, staying = city.entrants[:-2], city.entrants[-2:]
    for entrant in city.entrants:
        await forms.fill_in(city, entrant)
        await forms.submit(city, entrant)
    for entrant, action in zip(staying, ("decline", "withdraw"), strict=True):
        officer = city.districts[entrant.school.district] if action == "decline" else entrant.contact
        await forms.step(city, entrant, officer.token, action, {"reason": "今年条件尚不具备"})
    for entrant in going:
        await forms.endorse(city, entrant)
    for district in city.districts:
        await forms.hand_in(city, district)
    await visits.plan(city, going, datetime.now(UTC))
    for entrant in going:
        await visits.inspect(city, entrant)
    await cycle.answers(city, going)
    body = {"submission_ids": [entrant.submission_id for entrant in going], "opinion": "同意"}
    await city.api.call("POST", "/api/decisions", city.officer.token, body)
    published = await city.api.call("POST", "/api/publications", city.officer.token, {})
    return str(published["id"])


async def _read_everything(service: Service, city: City, published: str) -> int:
    """Every GET, as every role, with each of its filters and a second page; gives how many were answered."""
    entrant = city.entrants[0]
    evidence = await city.api.call("GET", f"/api/submissions/{entrant.submission_id}/evidence", entrant.contact.token)
    _, team = await visits.team_of(city, entrant)
    known = {
        "submission_id": entrant.submission_id,
        "school_id": entrant.id,
        "visit_id": entrant.visit_id,
        "evidence_id": evidence["items"][0]["id"],
        "person_id": team[0].id,
        "object_id": entrant.submission_id,
        "publication_id": published,
        "district": entrant.school.district,
        "import_kind": "schools",
    }
    answered = 0
    for (template, operation), who in itertools.product(_reads(), _roles(city, entrant, team[0])):
        missing = [name for name in _parts(template) if name not in known]
        if missing:
            continue
        path = template.format(**known)
        for query in _queries(template, operation, known):
            answer = await service.get(f"{path}?{query}" if query else path, who.token)
            assert answer.status < 500, (path, query, answer.body)
            answered += answer.status == 200
            if answer.status == 200 and "limit=" in query and answer.json.get("next_cursor"):
                again = await service.get(f"{path}?{query}&cursor={answer.json['next_cursor']}", who.token)
                assert again.status == 200
    return answered


def _roles(city: City, entrant: Entrant, inspector: Member) -> list[Member]:
    return [city.officer, city.districts[entrant.school.district], inspector, entrant.contact]


def _parts(template: str) -> tuple[str, ...]:
    return tuple(part.strip("{}") for part in template.split("/") if part.startswith("{"))


def _reads() -> list[tuple[str, Operation]]:
    found = [(route.template, getattr(getattr(route.handler, "get", None), "operation", None)) for route in ROUTES]
    return [(template, operation) for template, operation in found if operation and template.startswith("/api/")]


def _queries(template: str, operation: Operation, known: Mapping[str, Any]) -> list[str]:
    """No query, one page of two, and the same with each filter alone and with each pair of filters."""
    if operation.query is None:
        return [""]
    names = set(operation.query.model_fields)
    page = "limit=2" if "limit" in names else ""
    of_template = {"state": STATES.get(template, "published"), "kind": KINDS.get(template, "outcomes")}
    values = {**FILTERS, **known, **of_template, "since": FILTERS["since"]}
    filters = [f"{name}={values[name]}" for name in sorted(names - {"limit", "cursor"}) if name in values]
    if names == {"since"}:
        filters = ["since=1"]
    if "sort" in names:
        filters += [f"sort={order}" for order in get_args(operation.query.model_fields["sort"].annotation)]
    pairs = ["&".join(pair) for pair in itertools.combinations(filters, 2) if _name(pair[0]) != _name(pair[1])]
    return ["", *("&".join(part for part in (page, each) if part) for each in ("", *filters, *pairs))]


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


async def test_an_index_serves_the_worker(profile_database: Database) -> None:
    db, clock = profile_database, Clock()
    async with running_stub() as stub:
        deps = outbox.with_templates(make_deps(db, clock, **stub.settings))
        people = [await outbox.bound(deps, stub, number, accepts=number % 3) for number in range(MORE_PEOPLE)]
        async with profiled(db):
            for reason in ("甲", "乙"):
                await outbox.tell(deps, people, reason, once=reason)
            stub.rules += [Rule("send", errcode=code) for code in (-1, 43101, 47003, 40003)]
            for _ in range(4):
                await outbox.work_on(deps)
                clock.advance(minutes=1)
            for message_id in ("1", "", "unknown"):
                await sent_events.note(
                    deps,
                    openid="o-1",
                    template_id=outbox.TEMPLATE,
                    msg_id=message_id,
                    error_code="0",
                    at=clock(),
                )
            assert sum((await summed(deps, "甲")).model_dump().values()) == MORE_PEOPLE
            await resend(deps, None, ResendAll(state="no_quota"))
            await outbox.worker_of(deps).round()
        assert deps.wechat is not None
        deps.wechat.close()
    count, found = await complaints(db)
    assert count > 500
    assert not found, "\n".join(f"{times} × {what}" for what, times in sorted(found.items()))
