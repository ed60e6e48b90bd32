"""The WebSocket: who hears what, how a socket is opened and ends, and what happens when changes are lost."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from backend.handlers import live
from tests.http.conftest import Service, SignIn
from tests.http.listening import Ear, close_all, connect, listen, ticket
from tests.http.visiting import SECRET, Visiting, make_visiting


@pytest.fixture(autouse=True)
async def _ears() -> AsyncIterator[None]:
    yield
    await close_all()


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    service.context.live.session_seconds = 0.05
    return await make_visiting(service, signed_in)


async def test_the_team_and_the_city_hear_of_progress(visiting: Visiting) -> None:
    lead, member, stranger = await visiting.inspectors(3)
    school = await visiting.school()
    visit = await visiting.plan(school, lead, member)
    ears = {
        name: (await listen(visiting.service.port, who.token))
        for name, who in (("lead", lead), ("city", visiting.city))
    }
    other, nothing = await listen(visiting.service.port, stranger.token)
    assert [(each["visit_id"], each["state"]) for each in ears["lead"][1]["visits"]] == [(visit, "planned")]
    # The city is told of those under way.
    assert ears["city"][1]["visits"] == nothing["visits"] == []
    await visiting.score(visit, member, ("1.1.4", "points", 1), ("1.1.5", "points", 0.5))
    for ear, _ in ears.values():
        heard = await ear.scored(visit, 专家乙=2)
        assert heard["inspectors"] == (await visiting.get(f"/api/visits/{visit}/progress", lead)).json["inspectors"]
    await visiting.score_and_sign(visit, member)
    for ear, _ in ears.values():
        await ear.until(lambda message: message["type"] == "progress" and message["inspectors"][1]["state"] == "signed")
    _, snapshot = await listen(visiting.service.port, visiting.city.token)
    assert [each["visit_id"] for each in snapshot["progress"]] == [visit]
    assert await silent(other)


async def silent(ear: Ear) -> bool:
    """Whether nothing was said, not even within a while."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.ensure_future(ear.socket.read_message()), 0.3)
    return True


async def test_a_visit_that_changes_is_told(visiting: Visiting) -> None:
    lead, member = await visiting.inspectors(2)
    school = await visiting.school()
    visit = await visiting.plan(school, lead, member)
    (ear, _), (left, _) = (
        await listen(visiting.service.port, lead.token),
        await listen(visiting.service.port, member.token),
    )
    version = (await visiting.get(f"/api/visits/{visit}")).json["version"]
    team = [{"inspector_id": lead.person.id, "lead": True}]
    answer = await visiting.service.patch(
        f"/api/visits/{visit}", {"version": version, "team": team}, visiting.city.token
    )
    assert answer.status == 200, answer.body
    heard = await ear.until(lambda message: message["type"] == "visit" and message["version"] > version)
    assert heard == {"type": "visit", "visit_id": visit, "state": "planned", "version": answer.json["version"]}
    assert await left.hear() == {"type": "gone", "visit_id": visit}
    await visiting.score(visit, lead, ("1.1.4", "points", 1))
    await ear.until(lambda message: message["type"] == "visit" and message["state"] == "open")
    assert await silent(left)


async def test_who_joins_a_team_hears_of_it(visiting: Visiting) -> None:
    lead, late = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead)
    ear, snapshot = await listen(visiting.service.port, late.token)
    assert snapshot["visits"] == []
    version = (await visiting.get(f"/api/visits/{visit}")).json["version"]
    team = [{"inspector_id": lead.person.id, "lead": True}, {"inspector_id": late.person.id, "lead": False}]
    body = {"version": version, "team": team}
    await visiting.service.patch(f"/api/visits/{visit}", body, visiting.city.token)
    await ear.until(lambda message: message["type"] == "visit" and message["visit_id"] == visit)
    await visiting.score(visit, lead, ("1.1.4", "points", 1))
    await ear.scored(visit, 专家甲=1)


async def test_no_message_holds_a_value(visiting: Visiting) -> None:
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    ear, snapshot = await listen(visiting.service.port, lead.token)
    await visiting.score(visit, member, ("1.1.4", "points", 0.5), ("1.1.4", "note", "只有我知道"))
    heard = [snapshot, await ear.scored(visit, 专家乙=1)]
    text = json.dumps(heard, ensure_ascii=False)
    assert SECRET not in text and "只有我知道" not in text and "1.1.4" not in text and "points" not in text


async def test_a_ticket_is_good_once_and_not_for_long(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    used = await ticket(visiting.service.port, inspector.token)
    first = await connect(visiting.service.port)
    await first.socket.write_message(json.dumps({"ticket": used}))
    assert (await first.hear())["type"] == "snapshot"
    for hello in (used, "x" * 43):
        ear = await connect(visiting.service.port)
        await ear.socket.write_message(json.dumps({"ticket": hello}))
        assert await ear.closed() == 4401
    late = await ticket(visiting.service.port, inspector.token)
    visiting.service.clock.advance(seconds=31)
    ear = await connect(visiting.service.port)
    await ear.socket.write_message(json.dumps({"ticket": late}))
    assert await ear.closed() == 4401
    # Who reads the database finds no ticket.
    fresh = await ticket(visiting.service.port, inspector.token)
    stored = [each async for each in visiting.db.live_tickets.find({})]
    assert stored and fresh not in str(stored)


async def test_of_many_with_one_ticket_one_gets_in(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    shared = await ticket(visiting.service.port, inspector.token)
    ears = [await connect(visiting.service.port) for _ in range(8)]
    for ear in ears:
        await ear.socket.write_message(json.dumps({"ticket": shared}))
    heard = await asyncio.gather(*(ear.hear() for ear in ears))
    assert sum(each is not None for each in heard) == 1


@pytest.mark.parametrize("message", ["", "{}", "[", '{"ticket": 1}', '{"ticket": "short"}', b"\xff\xfe", "x" * 5000])
async def test_what_is_no_ticket_ends_the_socket(visiting: Visiting, message: str | bytes) -> None:
    ear = await connect(visiting.service.port)
    await ear.socket.write_message(message, binary=isinstance(message, bytes))
    # Tornado ends one that is too long by itself.
    assert await ear.closed() in ((4400,) if len(message) < 4096 else (1009, None))


async def test_after_the_ticket_clients_only_listen(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    ear, _ = await listen(visiting.service.port, inspector.token)
    await ear.socket.write_message("{}")
    assert await ear.closed() == 4400


async def test_without_a_ticket_a_socket_does_not_stay(visiting: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_TICKET_SECONDS", 0.1)
    ear = await connect(visiting.service.port)
    assert await ear.closed() == 4408


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://zhiping.example.cn.evil.example"}, 403),
        ({"Origin": "https://zhiping.example.cn"}, 101),
        ({}, 101),
    ],
)
async def test_pages_of_other_sites_stay_out(start_service: Any, headers: dict[str, str], status: int) -> None:
    async with start_service(public_url="https://zhiping.example.cn") as service:
        if status == 101:
            ear = await connect(service.port, headers)
            ear.socket.close()
        else:
            with pytest.raises(HTTPClientError) as refused:
                await connect(service.port, headers)
            assert refused.value.code == status
        # The page's own host is ours, by whatever name it was asked for.
        ear = await connect(service.port, {"Origin": f"http://127.0.0.1:{service.port}"})
        ear.socket.close()


async def test_a_plain_request_is_told_what_is_expected(visiting: Visiting) -> None:
    answer = await visiting.service.get("/api/live")
    assert (answer.status, answer.error["code"]) == (400, "websocket_expected")
    answer = await visiting.service.get(
        "/api/live", headers={"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "7"}
    )
    assert (answer.status, answer.error["code"]) == (400, "websocket_expected")


async def test_only_inspectors_and_the_city_get_a_ticket(visiting: Visiting, signed_in: SignIn) -> None:
    for role, status in (("school", 403), ("district", 403), ("admin", 403), ("inspector", 201), ("city", 201)):
        who = await signed_in(role)
        assert (await visiting.service.post("/api/live-tickets", token=who.token)).status == status


async def test_a_session_that_ends_closes_its_sockets(visiting: Visiting) -> None:
    one, other, expired = await visiting.inspectors(3)
    ears = [(await listen(visiting.service.port, who.token))[0] for who in (one, one, other, expired)]
    assert (await visiting.service.delete("/api/sessions/current", one.token)).status == 204
    assert [await ear.closed() for ear in ears[:2]] == [4401, 4401]
    # An officer ends another's.
    path = f"/api/people/{other.person.id}/sessions"
    assert (await visiting.service.delete(path, visiting.city.token)).status < 300
    assert await ears[2].closed() == 4401
    visiting.service.clock.advance(hours=visiting.service.deps.settings.session_idle_hours + 1)
    assert await ears[3].closed() == 4401


async def test_a_ticket_of_an_ended_session_opens_nothing(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    left = await ticket(visiting.service.port, inspector.token)
    await visiting.service.delete("/api/sessions/current", inspector.token)
    ear = await connect(visiting.service.port)
    await ear.socket.write_message(json.dumps({"ticket": left}))
    assert await ear.closed() == 4401


async def test_one_person_has_not_too_many(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    ears = [(await listen(visiting.service.port, inspector.token))[0] for _ in range(10)]
    ear = await connect(visiting.service.port)
    await ear.socket.write_message(json.dumps({"ticket": await ticket(visiting.service.port, inspector.token)}))
    assert await ear.closed() == 4429
    ears[0].socket.close()
    await ears[0].closed()
    await gone(visiting, 10)
    await listen(visiting.service.port, inspector.token)


async def gone(visiting: Visiting, fewer_than: int) -> None:
    """Waits until the hub has fewer sockets."""
    for _ in range(2000):
        if len(visiting.service.context.live.sockets) < fewer_than:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came about")


async def test_many_sockets_hear_all_that_happens(visiting: Visiting, signed_in: SignIn) -> None:
    """Two hundred of the city and of a team, on one change stream."""
    team = await visiting.inspectors(8)
    visit = await visiting.plan(await visiting.school(), *team)
    officers = [await signed_in("city") for _ in range(12)]
    ears = [(await listen(visiting.service.port, who.token))[0] for who in (*team, *officers) for _ in range(10)]
    assert len(ears) == 200
    text = (await visiting.service.get("/metrics")).body.decode()
    assert "zhiping_live_sockets 200.0" in text
    codes = list(visiting.rubric.items)
    for number, inspector in enumerate(team, start=1):
        await visiting.score(visit, inspector, *((code, "points", 0) for code in codes[:number]))
    wanted = {inspector.person.name: number for number, inspector in enumerate(team, start=1)}
    await asyncio.gather(*(ear.scored(visit, **wanted) for ear in ears))
    await close_all()
    await gone(visiting, 1)
    assert "zhiping_live_sockets 0.0" in (await visiting.service.get("/metrics")).body.decode()
    assert visiting.service.context.live.listeners == set()


async def test_a_client_that_does_not_read_is_dropped_and_nobody_waits_for_it(
    visiting: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    ear, _ = await listen(visiting.service.port, member.token)
    slow = await deaf(visiting.service, await ticket(visiting.service.port, lead.token))
    hub = visiting.service.context.live
    while len(hub.listeners) < 2:  # noqa: ASYNC110 - once
        await asyncio.sleep(0.01)
    monkeypatch.setattr(live, "_MOST_BYTES_WAITING", 64 * 1024)
    # So much that no kernel holds it all for a client that does not read.
    (listener,) = [each for each in hub.listeners if each.actor.person_id == lead.person.id]
    for _ in range(2000):
        listener.socket.send(b'"' + b"x" * 32 * 1024 + b'"')
        await asyncio.sleep(0)
    assert listener.socket._waiting <= 64 * 1024  # type: ignore[attr-defined]
    await visiting.score(visit, member, ("1.1.4", "points", 1))
    await ear.scored(visit, 专家乙=1)
    await gone(visiting, 2)
    slow.close()


async def deaf(service: Service, hello: str) -> socket.socket:
    """A client that sends its ticket and never reads an answer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", service.port))
    await loop.sock_sendall(
        client,
        b"GET /api/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(client, 2048)
    payload = json.dumps({"ticket": hello}).encode()
    mask = b"\x01\x02\x03\x04"
    masked = bytes(each ^ mask[place % 4] for place, each in enumerate(payload))
    await loop.sock_sendall(client, bytes([0x81, 0x80 | len(payload)]) + mask + masked)
    return client


async def test_a_dead_phone_is_noticed(visiting: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that went out of range says nothing: the ping that it does not answer tells."""
    monkeypatch.setattr(live.Live, "ping_interval", 0.2)
    monkeypatch.setattr(live.Live, "ping_timeout", 0.2)
    (inspector,) = await visiting.inspectors(1)
    slow = await deaf(visiting.service, await ticket(visiting.service.port, inspector.token))
    ear, _ = await listen(visiting.service.port, inspector.token)
    await gone(visiting, 2)
    # Who answers stays.
    assert await silent(ear)
    slow.close()


async def test_changes_that_are_lost_are_made_up_for(visiting: Visiting) -> None:
    """The oplog no longer reaches back to the place of the stream: everybody is told everything anew."""
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    ear, _ = await listen(visiting.service.port, lead.token)
    await fail_once(visiting, "getMore", 286)
    snapshot = await ear.until(lambda message: message["type"] == "snapshot")
    assert [each["visit_id"] for each in snapshot["visits"]] == [visit]
    await visiting.score(visit, member, ("1.1.4", "points", 1))
    await ear.scored(visit, 专家乙=1)


@pytest.mark.parametrize("code", [10107, 91, 43])
async def test_an_election_loses_no_change(visiting: Visiting, code: int) -> None:
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    ear, _ = await listen(visiting.service.port, lead.token)
    await fail_once(visiting, "getMore", code)
    phone = visiting.phone(member)
    operations = visiting.operations(phone, [("1.1.4", "points", 1)])
    # The driver drops its connections: what was on its way may be answered 503, and a phone sends it again.
    while (answer := await visiting.send(visit, phone, operations)).status == 503:
        pass
    assert answer.status == 200
    await ear.scored(visit, 专家乙=1)


async def fail_once(visiting: Visiting, command: str, code: int) -> None:
    """Lets MongoDB fail the next such command of the service."""
    await visiting.db.client.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": {"times": 1},
            "data": {"failCommands": [command], "errorCode": code, "appName": "zhiping"},
        }
    )


async def test_a_snapshot_misses_nothing_that_happens_meanwhile(
    visiting: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.services import live_messages

    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    first, _ = await listen(visiting.service.port, lead.token)
    make = live_messages.snapshot

    async def slow(*args: Any) -> Any:
        """Made before, sent after."""
        made = await make(*args)
        await visiting.score(visit, member, ("1.1.4", "points", 1))
        await first.scored(visit, 专家乙=1)
        return made

    monkeypatch.setattr(live_messages, "snapshot", slow)
    ear, snapshot = await listen(visiting.service.port, lead.token)
    assert snapshot["progress"] == []
    await ear.scored(visit, 专家乙=1)


async def test_before_a_restart_all_are_told_to_come_again(visiting: Visiting) -> None:
    (inspector,) = await visiting.inspectors(1)
    ear, _ = await listen(visiting.service.port, inspector.token)
    unknown = await connect(visiting.service.port)
    await asyncio.gather(visiting.service.context.live.close(), listening_closes(ear), listening_closes(unknown))
    visiting.service.context.traffic.draining = True
    with pytest.raises(HTTPClientError) as refused:
        await connect(visiting.service.port)
    assert refused.value.code == 503


async def listening_closes(ear: Ear) -> None:
    assert await ear.closed() == 1012


async def test_the_document_describes_the_messages(service: Service) -> None:
    document = (await service.get("/api/openapi.json")).json
    body = document["webhooks"]["live.connect"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert {each["$ref"].rpartition("/")[2] for each in schema["oneOf"]} == {
        "LiveSnapshot",
        "LiveProgress",
        "LiveVisit",
        "LiveGone",
    }
