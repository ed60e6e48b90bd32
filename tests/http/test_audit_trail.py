"""The audit trail: city and administrator read all of it, by person, event, object and time."""

from datetime import datetime
from io import BytesIO
from urllib.parse import urlencode

import pytest
from openpyxl import load_workbook

from backend.models.outbox import MESSAGE_NAMES
from backend.services.audit import audit
from backend.store.mongo import Session, transact
from inspection.rules.notices import EVENTS
from tests.http.conftest import Service, SignedIn, SignIn, new_id


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city")


async def happen(service: Service, by: SignedIn | None, event: str, object_id: str) -> datetime:
    """Records an event and moves the clock a minute on; when it was."""
    at = service.clock()

    async def work(transaction: Session) -> None:
        actor = by.actor if by else None
        await audit(service.deps, transaction, actor, event, "thing", object_id, before={"at": at}, reason="因为")

    await transact(service.deps.db, work)
    service.clock.advance(minutes=1)
    return at


async def test_events_are_told_whole_newest_first(service: Service, signed_in: SignIn) -> None:
    city, school, thing = await signed_in("city"), await signed_in("school", name="王五"), new_id()
    await happen(service, school, "thing.made", thing)
    await happen(service, None, "thing.mended", thing)
    [mended, made] = (await service.get("/api/tables/audit-events", city.token)).json["items"]
    assert (mended["event"], mended["actor"]) == ("thing.mended", None)
    assert {**made, "id": ""} == {
        "id": "",
        "event": "thing.made",
        # Of what has no name.
        "event_name": "thing.made",
        "at": "2022-08-15T02:00:00Z",
        "actor": {
            "person_id": school.person.id,
            "name": "王五",
            "role": "school",
            "session_id": school.actor.session_id,
        },
        "object": {"kind": "thing", "kind_name": "thing", "id": thing, "name": None},
        "before": {"at": "2022-08-15T02:00:00Z"},
        "after": None,
        "changes": [{"name": "at", "before": "2022-08-15 10:00", "after": "（空）"}],
        "reason": "因为",
    }


async def test_filters_go_together(service: Service, signed_in: SignIn) -> None:
    city, one, two = await signed_in("city"), await signed_in("school"), await signed_in("district")
    here, there = new_id(), new_id()
    times = [
        await happen(service, by, event, thing)
        for by in (one, two)
        for event in ("thing.made", "thing.mended")
        for thing in (here, there)
    ]

    async def found(**query: str) -> int:
        answer = await service.get(f"/api/tables/audit-events?{urlencode(query)}", city.token)
        assert answer.status == 200, answer.body
        return len(answer.json["items"])

    assert await found() == 8
    assert await found(person_id=one.person.id) == 4
    assert await found(event="thing.made") == 4
    assert await found(object_id=here) == 4
    assert await found(person_id=one.person.id, event="thing.made", object_id=there) == 1
    assert await found(person_id=new_id()) == 0
    since, until = times[2].isoformat(), times[5].isoformat()
    assert await found(since=since, until=until) == 3
    assert await found(since=since, object_id=here) == 3
    pages = [await found(limit="3", skip=skip, event="thing.made") for skip in ("0", "3")]
    assert pages == [3, 1]


async def test_no_operator_reaches_the_database(service: Service, signed_in: SignIn) -> None:
    token = (await signed_in("admin")).token
    for query in ("event=$where", "event[$ne]=x", "object_id=a b", "person_id={}", "since=today"):
        assert (await service.get(f"/api/tables/audit-events?{query.replace(' ', '%20')}", token)).status == 422


async def test_others_may_not_read_it(service: Service, signed_in: SignIn) -> None:
    assert (await service.get("/api/tables/audit-events", (await signed_in("admin")).token)).status == 200
    for role in ("school", "inspector", "district"):
        assert (await service.get("/api/tables/audit-events", (await signed_in(role)).token)).status == 403


async def test_events_are_called_what_officers_call_them(service: Service, signed_in: SignIn) -> None:
    city = await signed_in("city")
    await happen(service, city, "visit.changed", new_id())
    [row] = (await service.get("/api/tables/audit-events?event=visit.changed", city.token)).json["items"]
    assert row["event_name"] == "改动现场评估安排"
    names = (await service.get("/api/tables/audit-events/events", city.token)).json["events"]
    assert {"event": "visit.changed", "name": "改动现场评估安排"} in names


async def test_what_is_told_in_words_is_exported(service: Service, signed_in: SignIn, city: SignedIn) -> None:
    person = await signed_in("school", name="王五")
    body = {"version": 1, "phone": "13900000099"}
    assert (await service.patch(f"/api/people/{person.person.id}", body, city.token)).status == 200
    path = f"/api/tables/audit-events?object_id={person.person.id}"
    [row] = (await service.get(path, city.token)).json["items"]
    assert (row["object"]["kind_name"], row["object"]["name"]) == ("人员", "王五")
    assert row["changes"] == [{"name": "电话", "before": person.person.phone, "after": "13900000099"}]
    query = f"object_id={person.person.id}&sort=at&columns=event_name,object,changes"
    answer = await service.get(f"/api/tables/audit-events/export?{query}", city.token)
    cells = [[cell.value for cell in each] for each in load_workbook(BytesIO(answer.body)).worksheets[0].iter_rows()]
    assert cells[:2] == [
        ["做了什么", "对象", "改动前 → 改动后"],
        ["修改人员", "王五", f"电话：{person.person.phone} → 13900000099"],
    ]


def test_everything_that_is_told_has_a_name() -> None:
    assert MESSAGE_NAMES.keys() == EVENTS.keys()
