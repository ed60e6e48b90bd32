"""Coming in through WeChat: signing in, binding by code and by phone, unbinding; what is wrong gets in nowhere."""

import asyncio
import re
from typing import Any

import pytest

from backend.gateways.passwords import Passwords
from backend.models.people import Holding, Role
from backend.services import throttle
from backend.services.invitations import ALPHABET
from backend.store import people
from backend.store.mongo import Database
from backend.store.people import Person
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService, new_id
from tests.wechat_stub import Rule, Stub

OPENID = "o-teacher"
PHONE = "13900000001"
INSPECTOR = Holding(role=Role.INSPECTOR)
CONTACT = Holding(role=Role.SCHOOL, school_id=new_id())


async def login(service: Service, stub: Stub, openid: str = OPENID, **more: Any) -> Answer:
    return await service.post("/api/wechat/sessions", {"code": stub.platform.code_for(openid), **more})


async def ticket(service: Service, stub: Stub, openid: str = OPENID) -> str:
    answer = await login(service, stub, openid)
    assert (answer.status, answer.json["state"]) == (201, "unbound")
    return str(answer.json["ticket"])


async def somebody(database: Database, *holdings: Holding, phone: str = PHONE, name: str = "李老师") -> Person:
    person = Person(new_id(), name, phone, holdings or (CONTACT,), school_districts=("hailing",))
    await people.insert(database, person)
    return person


async def invite(service: Service, who: SignedIn, person: Person, holding: Holding | None = None) -> Any:
    body = {} if holding is None else {"holding": holding.model_dump(mode="json")}
    answer = await service.post(f"/api/people/{person.id}/invitations", body, who.token)
    assert answer.status == 201, answer.body
    return answer.json


async def bind(service: Service, ticket: str, **code: str) -> Answer:
    return await service.post("/api/wechat/bindings", {"ticket": ticket, **code})


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city")


async def test_a_code_binds_and_then_the_login_alone_signs_in(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    person = await somebody(database)
    invitation = await invite(service, city, person)
    bound = await bind(service, await ticket(service, stub), invitation=invitation["code"])
    assert bound.status == 201
    assert (bound.json["me"]["person_id"], bound.json["me"]["holding"]["role"]) == (person.id, "school")
    known = await login(service, stub)
    assert (known.status, known.json["state"]) == (201, "signed_in")
    me = await service.get("/api/me", known.json["session"]["token"])
    assert me.json["person_id"] == person.id
    shown = await service.get(f"/api/people/{person.id}", city.token)
    assert shown.json["wechat_bound_at"] is not None
    events = [each["event"] async for each in database.audit_events.find().sort("at")]
    assert events.count("wechat.bound") == 1
    assert events.count("session.opened") == 2


async def test_officers_see_the_invitations_of_all(
    service: Service, stub: Stub, database: Database, city: SignedIn, clock: Clock
) -> None:
    person = await somebody(database)
    first = await invite(service, city, person)
    clock.advance(minutes=1)
    second = await invite(service, city, person)
    answer = await service.get("/api/tables/invitations", city.token)
    assert answer.status == 200, answer.body
    rows = answer.json["items"]
    assert [(row["id"], row["state"]) for row in rows] == [(second["id"], "open"), (first["id"], "revoked")]
    assert {(row["person_id"], row["person_name"], row["made_by_name"]) for row in rows} == {
        (person.id, person.name, city.person.name)
    }
    assert second["code"] not in answer.body.decode()


async def test_the_openid_never_leaves_the_server(
    service: Service, stub: Stub, database: Database, city: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    person = await somebody(database)
    invitation = await invite(service, city, person)
    answers = [await login(service, stub)]
    answers.append(await bind(service, answers[0].json["ticket"], invitation=invitation["code"]))
    token = answers[1].json["token"]
    answers.append(await service.get(f"/api/people/{person.id}", city.token))
    answers.append(await service.get("/api/people", city.token))
    answers.append(await service.get("/api/tables/audit-events", city.token))
    answers.append(await service.get("/api/wechat/accepts", token))
    for answer in answers:
        assert answer.status < 300
        assert OPENID not in answer.body.decode()
    assert OPENID not in caplog.text


async def test_a_phone_number_that_wechat_verified_binds(
    service: Service, stub: Stub, database: Database, clock: Clock
) -> None:
    person = await somebody(database)
    code = stub.platform.phone_code(PHONE)
    bound = await bind(service, await ticket(service, stub), phone_code=code)
    assert bound.status == 201
    assert bound.json["me"]["person_id"] == person.id
    stored = await people.find(database, person.id)
    assert stored and stored.wechat
    assert (stored.wechat.openid, stored.wechat.unionid, stored.wechat.bound_at) == (OPENID, f"union-{OPENID}", clock())


async def test_a_phone_number_that_nobody_has_says_what_to_do(service: Service, stub: Stub, database: Database) -> None:
    await somebody(database)
    await people.insert(database, Person(new_id(), "王五", "13900000003", ()))
    held = await ticket(service, stub)
    for number in ("13900000002", "13900000003"):
        answer = await bind(service, held, phone_code=stub.platform.phone_code(number))
        assert (answer.status, answer.error["code"]) == (404, "phone_not_invited")
        assert "邀请码" in answer.error["message"]
    # The ticket is still good for the right number.
    assert (await bind(service, held, phone_code=stub.platform.phone_code(PHONE))).status == 201


async def test_a_phone_code_is_good_once(service: Service, stub: Stub, database: Database) -> None:
    await somebody(database)
    code = stub.platform.phone_code(PHONE)
    assert (await bind(service, await ticket(service, stub), phone_code=code)).status == 201
    answer = await bind(service, await ticket(service, stub, "o-other"), phone_code=code)
    assert (answer.status, answer.error["code"]) == (401, "wechat_code_spent")


async def test_a_foreign_number_is_nobodys(
    service: Service, stub: Stub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.wechat_stub import handlers

    await somebody(database)
    info = {"phoneNumber": f"+852{PHONE}", "purePhoneNumber": PHONE, "countryCode": "852"}
    monkeypatch.setitem(handlers._ANSWERS, "phone", lambda *_: {"errcode": 0, "errmsg": "ok", "phone_info": info})
    answer = await bind(service, await ticket(service, stub), phone_code="x")
    assert (answer.status, answer.error["code"]) == (404, "phone_not_invited")


async def test_a_person_of_several_roles_chooses(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    person = await somebody(database, CONTACT, INSPECTOR)
    invitation = await invite(service, city, person, INSPECTOR)
    bound = await bind(service, await ticket(service, stub), invitation=invitation["code"])
    assert bound.json["me"]["holding"]["role"] == "inspector"
    assert [each["role"] for each in bound.json["me"]["holdings"]] == ["school", "inspector"]
    first = (await login(service, stub)).json["session"]
    assert first["me"]["holding"]["role"] == "school"
    chosen = await login(service, stub, holding=INSPECTOR.model_dump(mode="json"))
    assert chosen.json["session"]["me"]["holding"]["role"] == "inspector"
    wanted = {"holding": CONTACT.model_dump(mode="json")}
    switched = await service.put("/api/sessions/current", wanted, chosen.json["session"]["token"])
    assert switched.json["me"]["holding"]["role"] == "school"
    refused = await login(service, stub, holding={"role": "city"})
    assert (refused.status, refused.error["code"]) == (403, "not_held")


async def test_who_lost_all_roles_is_told(service: Service, stub: Stub, database: Database) -> None:
    person = await somebody(database)
    await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    await database.people.update_one({"_id": person.id}, {"$set": {"holdings": []}})
    answer = await login(service, stub)
    assert (answer.status, answer.error["code"]) == (403, "no_role")


async def test_a_login_code_is_good_once(service: Service, stub: Stub) -> None:
    code = stub.platform.code_for(OPENID)
    assert (await service.post("/api/wechat/sessions", {"code": code})).status == 201
    for wrong in (code, "unknown"):
        answer = await service.post("/api/wechat/sessions", {"code": wrong})
        assert (answer.status, answer.error["code"]) == (401, "wechat_code_spent")
        assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        (Rule("login", errcode=45011), 429, "wechat_too_often"),
        (Rule("login", errcode=40226), 403, "wechat_blocked"),
        (Rule("login", errcode=-1, times=None), 503, "wechat_unavailable"),
        (Rule("login", errcode=40013), 503, "wechat_misconfigured"),
        (Rule("login", html=True), 503, "wechat_unavailable"),
        (Rule("login", status=502), 503, "wechat_unavailable"),
        (Rule("login", cut=True), 503, "wechat_unavailable"),
    ],
)
async def test_what_wechat_refuses_is_said_in_chinese(
    service: Service, stub: Stub, rule: Rule, status: int, code: str
) -> None:
    stub.rules.append(rule)
    answer = await login(service, stub)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert re.search("[\u4e00-\u9fff]", answer.error["message"])
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_login_works_when_wechat_is_well_again(service: Service, stub: Stub) -> None:
    stub.rules.append(Rule("login", errcode=-1))
    code = stub.platform.code_for(OPENID)
    answers = [await service.post("/api/wechat/sessions", {"code": code}) for _ in range(2)]
    assert answers[-1].status == 201


async def test_a_login_asks_wechat_once_and_for_no_token(service: Service, stub: Stub, database: Database) -> None:
    await somebody(database)
    await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    stub.calls.clear()
    await database.wechat_tokens.delete_many({})
    assert (await login(service, stub)).status == 201
    assert [name for name, _ in stub.calls] == ["login"]


async def test_an_invitation_is_good_once_though_many_try(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    person = await somebody(database)
    code = (await invite(service, city, person))["code"]
    tickets = [await ticket(service, stub, f"o-{number}") for number in range(5)]
    answers = await asyncio.gather(*(bind(service, each, invitation=code) for each in tickets))
    assert sorted(answer.status for answer in answers) == [201, 401, 401, 401, 401]
    assert {answer.error["code"] for answer in answers if answer.status == 401} == {"invitation_refused"}
    assert await database.people.count_documents({"wechat.openid": {"$exists": True}}) == 1


async def test_a_ticket_is_good_once_and_for_ten_minutes(
    service: Service, stub: Stub, database: Database, city: SignedIn, clock: Clock
) -> None:
    one, two = await somebody(database), await somebody(database, phone="13900000002", name="王老师")
    codes = [(await invite(service, city, each))["code"] for each in (one, two)]
    held = await ticket(service, stub)
    answers = await asyncio.gather(*(bind(service, held, invitation=code) for code in codes))
    assert sorted(answer.status for answer in answers) == [201, 401]
    assert {answer.error["code"] for answer in answers if answer.status == 401} == {"ticket_spent"}
    late = await ticket(service, stub, "o-late")
    clock.advance(minutes=10)
    answer = await bind(service, late, invitation="ACDEFHJK")
    assert (answer.status, answer.error["code"]) == (401, "ticket_spent")


async def test_an_invitation_expires_is_revoked_or_replaced(
    service: Service, stub: Stub, database: Database, city: SignedIn, clock: Clock
) -> None:
    person = await somebody(database)
    replaced, revoked = [await invite(service, city, person) for _ in range(2)]
    path = f"/api/people/{person.id}/invitations"
    assert (await service.delete(f"{path}/{revoked['id']}", city.token)).status == 204
    again = await service.delete(f"{path}/{revoked['id']}", city.token)
    assert (again.status, again.error["code"]) == (409, "not_open")
    expired = await invite(service, city, person)
    clock.advance(hours=service.deps.settings.invitation_hours)
    for each in (replaced, revoked, expired):
        answer = await bind(service, await ticket(service, stub), invitation=each["code"])
        assert (answer.status, answer.error["code"]) == (401, "invitation_refused")
    listed = (await service.get(path, (await _city_again(service, database, city)))).json["items"]
    assert sorted(each["state"] for each in listed) == ["expired", "revoked", "revoked"]
    assert all("code" not in each for each in listed)


async def _city_again(service: Service, database: Database, city: SignedIn) -> str:
    """The officer's session has gone unused for too long by now."""
    await database.sessions.update_many({}, {"$set": {"seen_at": service.clock()}})
    service.deps.session_cache.drop(city.actor.session_id)
    return city.token


async def test_an_invitation_for_a_role_that_is_gone_is_refused(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    person = await somebody(database, CONTACT, INSPECTOR)
    code = (await invite(service, city, person, INSPECTOR))["code"]
    change = {"version": 1, "holdings": [CONTACT.model_dump(mode="json")]}
    await database.schools.insert_one({"_id": CONTACT.school_id, "schema": 2, "district": "hailing", "name_key": "x"})
    assert (await service.patch(f"/api/people/{person.id}", change, city.token)).status == 200
    answer = await bind(service, await ticket(service, stub), invitation=code)
    assert (answer.status, answer.error["code"]) == (401, "invitation_refused")


async def test_codes_are_hard_to_mistake_and_to_guess_and_stored_hashed(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    person = await somebody(database)
    made = await invite(service, city, person)
    assert re.fullmatch(f"[{ALPHABET}]{{8}}", made["code"])
    for alike in ("0OQ", "1IL7", "2Z", "5S", "6G", "8B", "UV"):
        assert len(set(ALPHABET) & set(alike)) <= 1
    assert made["scene"] == f"i={made['code']}"
    assert len(made["scene"]) <= 32
    assert made["qr"].startswith("data:image/png;base64,")
    assert stub.asked("code")[0]["scene"] == made["scene"]
    stored = await database.invitations.find_one({})
    assert made["code"] not in str(stored)
    # As people type it.
    typed = f" {made['code'][:4].lower()}-{made['code'][4:]} ".translate({ord("A"): "Ａ"})
    assert (await bind(service, await ticket(service, stub), invitation=typed)).status == 201


async def test_without_the_picture_the_code_can_still_be_typed(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    stub.rules.append(Rule("code", status=500))
    made = await invite(service, city, await somebody(database))
    assert made["qr"] is None
    assert (await bind(service, await ticket(service, stub), invitation=made["code"])).status == 201


async def test_the_lookup_hash_costs_as_much_as_a_password(city: SignedIn) -> None:
    passwords = Passwords()
    try:
        one, again, other = [await passwords.lookup_hash(code) for code in ("ACDEFHJK", "ACDEFHJK", "ACDEFHJM")]
        assert one == again != other
        assert passwords.hasher.memory_cost >= 64 * 1024
    finally:
        passwords.close()


async def test_guessing_is_slowed_by_user(service: Service, stub: Stub, database: Database, clock: Clock) -> None:
    held = await ticket(service, stub)
    for _ in range(throttle.PER_OPENID):
        assert (await bind(service, held, invitation="ACDEFHJK")).status == 401
    # Another ticket is the same user.
    for each in (held, await ticket(service, stub)):
        answer = await bind(service, each, invitation="ACDEFHJK")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "900")
    assert (await bind(service, await ticket(service, stub, "o-2"), invitation="ACDEFHJK")).status == 401
    clock.advance(minutes=15)
    assert (await bind(service, await ticket(service, stub), invitation="ACDEFHJK")).status == 401


async def test_guessing_is_slowed_by_address(
    service: Service, stub: Stub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 6)
    for number in range(6):
        held = await ticket(service, stub, f"o-{number}")
        assert (await bind(service, held, invitation="ACDEFHJK")).status == 401
    answer = await bind(service, await ticket(service, stub, "o-6"), invitation="ACDEFHJK")
    assert (answer.status, answer.error["code"]) == (429, "too_many_requests")


async def test_a_right_code_forgives_the_wrong_ones_before(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    code = (await invite(service, city, await somebody(database)))["code"]
    held = await ticket(service, stub)
    for _ in range(throttle.PER_OPENID - 1):
        await bind(service, held, invitation="ACDEFHJK")
    assert (await bind(service, held, invitation=code)).status == 201
    assert await database.sign_in_attempts.count_documents({"_id": {"$regex": "^openid:"}}) == 0


async def test_a_person_has_one_wechat_and_a_wechat_one_person(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    one, two = await somebody(database), await somebody(database, phone="13900000002", name="王老师")
    spare, other = await ticket(service, stub), await ticket(service, stub, "o-other")
    code = (await invite(service, city, two))["code"]
    bound = await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    assert bound.status == 201
    answer = await bind(service, spare, invitation=code)
    assert (answer.status, answer.error["code"]) == (409, "user_bound")
    answer = await bind(service, other, phone_code=stub.platform.phone_code(PHONE))
    assert (answer.status, answer.error["code"]) == (409, "already_bound")
    invited = await service.post(f"/api/people/{one.id}/invitations", {}, city.token)
    assert (invited.status, invited.error["code"]) == (409, "already_bound")
    # Nothing was used up by what was refused.
    assert (await bind(service, other, invitation=code)).status == 201


async def test_an_officer_unbinds(service: Service, stub: Stub, database: Database, city: SignedIn) -> None:
    person = await somebody(database)
    bound = await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    path = f"/api/people/{person.id}/wechat"
    assert (await service.delete(path, city.token)).status == 204
    ended = await service.get("/api/me", bound.json["token"])
    assert (ended.status, ended.error["code"]) == (401, "session_ended")
    again = await service.delete(path, city.token)
    assert (again.status, again.error["code"]) == (409, "not_bound")
    # The WeChat user is free for another, and the person for another WeChat user.
    held = await ticket(service, stub)
    other = await ticket(service, stub, "o-new-phone")
    assert (await bind(service, other, phone_code=stub.platform.phone_code(PHONE))).status == 201
    await somebody(database, phone="13900000002", name="王老师")
    assert (await bind(service, held, phone_code=stub.platform.phone_code("13900000002"))).status == 201
    event = await database.audit_events.find_one({"event": "wechat.unbound"})
    assert event and event["actor"]["person_id"] == city.person.id


async def test_who_may_unbind_and_invite(
    service: Service, stub: Stub, database: Database, signed_in: SignIn, city: SignedIn
) -> None:
    person = await somebody(database, CONTACT, INSPECTOR)
    await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    district, stranger = await signed_in("district"), await signed_in("district", district="xinghua")
    path = f"/api/people/{person.id}"
    # The district sees its contact, who is an inspector too: not its to act for.
    assert (await service.delete(f"{path}/wechat", district.token)).status == 403
    assert (await service.post(f"{path}/invitations", {}, district.token)).status == 403
    assert (await service.delete(f"{path}/wechat", stranger.token)).status == 404
    assert (await service.get(f"{path}/invitations", stranger.token)).status == 404
    mine = (await login(service, stub)).json["session"]["token"]
    assert (await service.delete(f"{path}/wechat", mine)).status == 204
    assert (await service.get("/api/me", mine)).status == 401


async def test_a_web_view_gets_a_session_of_its_own(
    service: Service, stub: Stub, database: Database, clock: Clock
) -> None:
    await somebody(database)
    bound = await bind(service, await ticket(service, stub), phone_code=stub.platform.phone_code(PHONE))
    clock.advance(hours=100)
    made = await service.post("/api/wechat/web-view-tickets", None, bound.json["token"])
    assert made.status == 201
    page, _, link = made.json["url"].partition("#")
    assert page.endswith("/sign-in")
    opened = await service.post("/api/sessions", {"link": link})
    assert opened.status == 201
    assert opened.json["token"] != bound.json["token"]
    assert opened.json["me"]["holding"] == bound.json["me"]["holding"]
    # It ends with the session that it came from.
    assert opened.json["me"]["session"]["expires_at"] == bound.json["me"]["session"]["expires_at"]
    assert (await service.post("/api/sessions", {"link": link})).status == 401
    assert (await service.get("/api/me", bound.json["token"])).status == 200


async def test_a_web_view_ticket_is_good_for_a_minute(service: Service, signed_in: SignIn, clock: Clock) -> None:
    someone = await signed_in("inspector")
    made = await service.post("/api/wechat/web-view-tickets", None, someone.token)
    clock.advance(seconds=60)
    answer = await service.post("/api/sessions", {"link": made.json["url"].partition("#")[2]})
    assert (answer.status, answer.error["code"]) == (401, "link_spent")


async def test_secrets_are_in_no_stored_document(
    service: Service, stub: Stub, database: Database, city: SignedIn
) -> None:
    code = (await invite(service, city, await somebody(database)))["code"]
    held = await ticket(service, stub)
    bound = await bind(service, held, invitation=code)
    made = await service.post("/api/wechat/web-view-tickets", None, bound.json["token"])
    secrets = (code, held, bound.json["token"], made.json["url"].partition("#")[2])
    for name in await database.list_collection_names():
        async for document in database[name].find():
            assert not [each for each in secrets if each in str(document)], name


async def test_without_wechat_all_that_is_its_own_says_so(
    start_service: StartService, database: Database, signed_in: SignIn
) -> None:
    city, person = await signed_in("city"), await somebody(database)
    async with start_service() as service:
        path = f"/api/people/{person.id}/invitations"
        now = "2022-08-15T10:00:00+08:00"
        accept = {"id": new_id(), "template_id": "t", "result": "accept", "at": now}
        for answer in (
            await service.post("/api/wechat/sessions", {"code": "x"}),
            await bind(service, "x" * 43, invitation="ACDEFHJK"),
            await service.post(path, {}, city.token),
            await service.post("/api/wechat/accepts", {"device_now": now, "accepts": [accept]}, city.token),
            await service.get("/wechat/push?signature=x"),
            await service.post("/wechat/push?signature=x", body=b"{}"),
        ):
            assert (answer.status, answer.error["code"]) == (503, "wechat_not_configured")
            assert "登录链接" in answer.error["message"]
        assert (await service.get(path, city.token)).status == 200
        assert (await service.post(f"/api/people/{person.id}/sign-in-links", {}, city.token)).status == 201
