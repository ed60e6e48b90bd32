"""Signing in by link and by password, who one is, when it ends."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.models.people import Holding, Role
from backend.services import people as people_service
from backend.services import sign_in_links, throttle
from backend.store import people
from backend.store.mongo import Database
from backend.store.people import Person
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService, new_id

INSPECTOR = Holding(role=Role.INSPECTOR)


async def make_link(service: Service, holding: Holding = INSPECTOR, phone: str = "13900000001") -> str:
    """A fresh link's token, as the command line makes it."""
    person = await people_service.find_or_add(service.deps, phone, "李四", holding)
    made = await sign_in_links.make(service.deps, None, person.id, holding)
    page, _, token = made.url.partition("#")
    assert page.endswith("/sign-in")
    return token


async def officer(service: Service) -> Person:
    """A city officer with a password."""
    hashed = await service.deps.passwords.hash("correct horse battery")
    person = Person(new_id(), "王五", "13700000001", (Holding(role=Role.CITY), INSPECTOR), hashed)
    await people.insert(service.deps.db, person)
    return person


async def test_a_link_signs_in_once(service: Service, database: Database) -> None:
    link = await make_link(service)
    opened = await service.post("/api/sessions", {"link": link})
    assert opened.status == 201
    me = await service.get("/api/me", opened.json["token"])
    assert me.status == 200
    assert me.json == opened.json["me"]
    assert (me.json["name"], me.json["holding"]["role"], me.json["holding"]["role_name"]) == (
        "李四",
        "inspector",
        "市级评估专家",
    )
    again = await service.post("/api/sessions", {"link": link})
    assert (again.status, again.error["code"]) == (401, "link_spent")
    assert "WWW-Authenticate" in again.headers


async def test_of_ten_at_once_one_gets_in(service: Service, database: Database) -> None:
    link = await make_link(service)
    answers = await asyncio.gather(*(service.post("/api/sessions", {"link": link}) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [401] * 9
    assert await database.sessions.count_documents({}) == 1
    assert await database.audit_events.count_documents({"event": "session.opened"}) == 1


async def test_a_get_uses_no_link_up(service: Service) -> None:
    link = await make_link(service)
    for path in ("/sign-in", f"/sign-in?{link}", "/api/sessions"):
        await service.get(path)
    assert (await service.post("/api/sessions", {"link": link})).status == 201


async def test_a_link_expires(service: Service, clock: Clock) -> None:
    link = await make_link(service)
    clock.advance(hours=service.deps.settings.link_hours)
    answer = await service.post("/api/sessions", {"link": link})
    assert (answer.status, answer.error["code"]) == (401, "link_spent")


@pytest.mark.parametrize("link", ["", "x" * 43, "x" * 44, {"$ne": None}, None, 7])
async def test_what_is_no_link_opens_nothing(service: Service, link: object) -> None:
    answer = await service.post("/api/sessions", {"link": link})
    assert answer.status == (401 if link == "x" * 43 else 422)


async def test_what_is_wrong_stands_where_it_is(service: Service) -> None:
    answer = await service.post("/api/sessions", {"account": "", "password": 1, "holding": {"role": "city", "x": 1}})
    assert answer.paths == ["/account", "/password", "/holding/x"]
    answer = await service.post("/api/sessions", {"link": "short", "account": "x"})
    assert answer.paths == ["/link", "/account"]


async def test_tokens_are_not_in_the_database(service: Service, database: Database) -> None:
    link = await make_link(service)
    token = (await service.post("/api/sessions", {"link": link})).json["token"]
    for name in await database.list_collection_names():
        async for document in database[name].find():
            assert link not in str(document) and token not in str(document)


async def test_a_session_ends_when_it_goes_unused(service: Service, signed_in: SignIn, clock: Clock) -> None:
    token = (await signed_in("inspector")).token
    idle = timedelta(hours=service.deps.settings.session_idle_hours)
    for _ in range(3):
        clock.set(clock() + idle - timedelta(seconds=1))
        assert (await service.get("/api/me", token)).status == 200
    clock.set(clock() + idle)
    answer = await service.get("/api/me", token)
    assert (answer.status, answer.error["code"]) == (401, "session_ended")


async def test_a_session_ends_in_any_case(service: Service, signed_in: SignIn, clock: Clock) -> None:
    token = (await signed_in("inspector")).token
    opened = clock()
    for hours in range(100, 1440, 100):
        clock.set(opened + timedelta(hours=hours))
        assert (await service.get("/api/me", token)).status == 200
    clock.set(opened + timedelta(hours=1440, milliseconds=-1))
    assert (await service.get("/api/me", token)).status == 200
    clock.set(opened + timedelta(hours=1440))
    assert (await service.get("/api/me", token)).status == 401


async def test_use_is_noted_at_most_once_a_minute(
    service: Service, signed_in: SignIn, clock: Clock, database: Database
) -> None:
    signed = await signed_in("inspector")
    start = clock()
    seen = []
    for _ in range(4):
        clock.advance(seconds=31)
        assert (await service.get("/api/me", signed.token)).status == 200
        session = await database.sessions.find_one({"_id": signed.actor.session_id})
        assert session
        seen.append((session["seen_at"] - start).total_seconds())
    assert seen == [0, 62, 62, 124]


async def test_signing_out_ends_the_session_at_once(service: Service, signed_in: SignIn, database: Database) -> None:
    signed = await signed_in("school")
    assert (await service.get("/api/me", signed.token)).status == 200
    assert (await service.delete("/api/sessions/current", signed.token)).status == 204
    answer = await service.get("/api/me", signed.token)
    assert (answer.status, answer.error["code"]) == (401, "session_ended")
    event = await database.audit_events.find_one({"event": "session.closed"})
    assert event and event["actor"]["person_id"] == signed.person.id


async def test_a_session_ended_elsewhere_is_good_for_seconds_only(
    start_service: StartService, service: Service, signed_in: SignIn, clock: Clock
) -> None:
    """Another process of the service remembers the session for 5 seconds."""
    signed = await signed_in("school")
    async with start_service() as other:
        assert (await other.get("/api/me", signed.token)).status == 200
        await service.delete("/api/sessions/current", signed.token)
        clock.advance(seconds=5)
        assert (await other.get("/api/me", signed.token)).status == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", f"Bearer {'x' * 43}", f"Bearer {'x' * 5000}", "Bearer $ne"]
)
async def test_without_a_good_token_nobody_is_signed_in(service: Service, header: str) -> None:
    answer = await service.get("/api/me", headers={"Authorization": header})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="zhiping"')


async def test_a_password_signs_in(service: Service) -> None:
    await officer(service)
    answer = await service.post("/api/sessions", {"account": "13700000001", "password": "correct horse battery"})
    assert answer.status == 201
    assert answer.json["me"]["holding"]["role"] == "city"
    chosen = {"account": "13700000001", "password": "correct horse battery", "holding": {"role": "inspector"}}
    assert (await service.post("/api/sessions", chosen)).json["me"]["holding"]["role"] == "inspector"
    answer = await service.post("/api/sessions", chosen | {"holding": {"role": "admin"}})
    assert (answer.status, answer.error["code"]) == (403, "not_held")


async def test_unknown_accounts_and_wrong_passwords_look_alike(service: Service) -> None:
    await officer(service)
    known = await service.post("/api/sessions", {"account": "13700000001", "password": "wrong"})
    unknown = await service.post("/api/sessions", {"account": "13700000002", "password": "wrong"})
    assert known.status == unknown.status == 401
    assert known.body == unknown.body


async def test_an_unknown_account_takes_a_hash_as_well(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str | None] = []
    original = type(service.deps.passwords).verify

    async def verify(passwords: object, password: str, hashed: str | None) -> bool:
        verified.append(hashed)
        return await original(service.deps.passwords, password, hashed)

    monkeypatch.setattr(type(service.deps.passwords), "verify", verify)
    await service.post("/api/sessions", {"account": "13700000002", "password": "wrong"})
    assert verified == [None]


async def test_guessing_at_an_account_is_throttled(service: Service, clock: Clock) -> None:
    await officer(service)
    guess = {"account": "13700000001", "password": "wrong"}
    right = {"account": "13700000001", "password": "correct horse battery"}
    statuses = [(await service.post("/api/sessions", guess)).status for _ in range(throttle.PER_ACCOUNT)]
    assert statuses == [401] * throttle.PER_ACCOUNT
    answer = await service.post("/api/sessions", right)
    assert (answer.status, answer.error["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "900"
    clock.advance(minutes=15)
    assert (await service.post("/api/sessions", right)).status == 201


async def test_guesses_at_once_are_all_counted(service: Service) -> None:
    await officer(service)
    guess = {"account": "13700000001", "password": "wrong"}
    answers = await asyncio.gather(*(service.post("/api/sessions", guess) for _ in range(18)))
    assert sorted(answer.status for answer in answers) == [401] * throttle.PER_ACCOUNT + [429] * 8


async def test_guessing_from_an_address_is_throttled(service: Service) -> None:
    for number in range(throttle.PER_ADDRESS):
        guess = {"account": f"136{number:08}", "password": "wrong"}
        assert (await service.post("/api/sessions", guess)).status == 401
    answer = await service.post("/api/sessions", {"account": "13700000001", "password": "wrong"})
    assert answer.status == 429


async def test_signing_in_rightly_is_not_held_against_an_address(service: Service) -> None:
    await officer(service)
    right = {"account": "13700000001", "password": "correct horse battery"}
    for _ in range(throttle.PER_ADDRESS + 5):
        assert (await service.post("/api/sessions", right)).status == 201


async def test_setting_a_password_ends_the_other_sessions(
    service: Service, signed_in: SignIn, database: Database
) -> None:
    signed = await signed_in("district")
    link = await sign_in_links.make(service.deps, None, signed.person.id, None)
    other = (await service.post("/api/sessions", {"link": link.url.partition("#")[2]})).json["token"]
    new = {"new": "a password of my own"}
    assert (await service.put("/api/me/password", new, signed.token)).status == 204
    service.clock.advance(seconds=5)
    assert (await service.get("/api/me", signed.token)).json["has_password"] is True
    assert (await service.get("/api/me", other)).status == 401
    # From now on the current one is asked for.
    for wrong in (new, new | {"current": "guess"}):
        answer = await service.put("/api/me/password", wrong, signed.token)
        assert (answer.status, answer.error["code"]) == (403, "wrong_password")
    changed = {"current": "a password of my own", "new": "another password"}
    assert (await service.put("/api/me/password", changed, signed.token)).status == 204
    sign_in = {"account": signed.person.phone, "password": "another password"}
    assert (await service.post("/api/sessions", sign_in)).status == 201


async def test_the_phone_roles_have_no_password(service: Service, signed_in: SignIn) -> None:
    for role in ("school", "inspector"):
        token = (await signed_in(role)).token
        answer = await service.put("/api/me/password", {"new": "a password of my own"}, token)
        assert (answer.status, answer.error["code"]) == (403, "forbidden")


async def test_who_holds_two_roles_may_switch(service: Service, signed_in: SignIn, clock: Clock) -> None:
    municipal = Holding(role=Role.DISTRICT, district="municipal")
    signed = await signed_in("city", more=(municipal,))
    clock.advance(hours=10)
    switched = await service.put("/api/sessions/current", {"holding": municipal.model_dump(mode="json")}, signed.token)
    assert switched.status == 200
    assert switched.json["me"]["holding"]["district"] == "municipal"
    # The end stays where it was: a switch is no new sign-in.
    assert switched.json["me"]["session"]["expires_at"] == "2022-10-14T02:00:00Z"
    assert (await service.get("/api/me", signed.token)).status == 401
    token = switched.json["token"]
    assert (await service.get("/api/me", token)).json["holding"]["role"] == "district"
    answer = await service.put("/api/sessions/current", {"holding": {"role": "admin"}}, token)
    assert (answer.status, answer.error["code"]) == (403, "not_held")
    assert (await service.get("/api/me", token)).status == 200


async def test_officers_make_links(service: Service, signed_in: SignIn) -> None:
    admin, city, school = await signed_in("admin"), await signed_in("city"), await signed_in("school")
    made = await link_for(service, city, school)
    assert made.status == 201
    assert made.json["holding"]["school_id"] == school.actor.school_id
    png = base64.b64decode(made.json["qr"].removeprefix("data:image/png;base64,"))
    assert png.startswith(b"\x89PNG")
    opened = await service.post("/api/sessions", {"link": made.json["url"].partition("#")[2]})
    assert opened.json["me"]["person_id"] == school.person.id
    assert (await link_for(service, admin, admin)).status == 201
    assert (await link_for(service, city, admin)).status == 403
    nobody = replace(school, person=replace(school.person, id=new_id()))
    assert (await link_for(service, city, nobody)).status == 404
    for role in ("school", "inspector"):
        assert (await link_for(service, await signed_in(role), school)).status == 403
    # Not one of the district's own schools, as far as is known.
    assert (await link_for(service, await signed_in("district"), school)).status == 404


async def link_for(service: Service, officer: SignedIn, whom: SignedIn) -> Answer:
    """Asks for a link as the officer."""
    return await service.post(f"/api/people/{whom.person.id}/sign-in-links", {}, officer.token)


async def test_a_link_for_who_holds_two_roles_names_one(service: Service, signed_in: SignIn) -> None:
    admin, both = await signed_in("admin"), await signed_in("city", more=(INSPECTOR,))
    path = f"/api/people/{both.person.id}/sign-in-links"
    answer = await service.post(path, {}, admin.token)
    assert (answer.status, answer.error["code"]) == (409, "role_needed")
    answer = await service.post(path, {"holding": {"role": "admin"}}, admin.token)
    assert (answer.status, answer.error["code"]) == (409, "not_held")
    answer = await service.post(path, {"holding": {"role": "inspector"}}, admin.token)
    assert (answer.status, answer.json["holding"]["role"]) == (201, "inspector")
    for wrong in ({"role": "school"}, {"role": "inspector", "district": "hailing"}, {"role": "district"}):
        answer = await service.post(path, {"holding": wrong}, admin.token)
        assert (answer.status, answer.paths) == (422, ["/holding"])


async def test_a_link_is_worth_nothing_once_the_role_is_gone(service: Service, database: Database) -> None:
    link = await make_link(service)
    await database.people.update_one({"phone": "13900000001"}, {"$set": {"holdings": []}})
    assert (await service.post("/api/sessions", {"link": link})).status == 401


async def test_the_trail_tells_of_links_and_sessions(service: Service, database: Database) -> None:
    link = await make_link(service)
    service.clock.advance(minutes=1)
    await service.post("/api/sessions", {"link": link})
    events = [event async for event in database.audit_events.find().sort("at")]
    assert {event["event"] for event in events[:2]} == {"person.added", "link.made"}
    assert events[2]["event"] == "session.opened"
    assert events[0]["actor"] is None
    assert events[2]["actor"]["role"] == "inspector"
    for event in events:
        assert "13900000001" not in str(event)
