"""People are added, changed and listed; whoever may act for them may do no more by it than before."""

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from backend.store.mongo import Database
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, new_id

INSPECTOR = {"role": "inspector", "school_id": None, "district": None}


@pytest.fixture
async def admin(signed_in: SignIn) -> SignedIn:
    return await signed_in("admin")


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city")


@pytest.fixture
async def school(service: Service, city: SignedIn) -> str:
    """A school of hailing."""
    return await register(service, city, "第一小学")


async def register(service: Service, city: SignedIn, name: str, district: str = "hailing") -> str:
    answer = await service.post("/api/schools", {"district": district, "name": name, "stages": ["primary"]}, city.token)
    return str(answer.json["id"])


async def add(
    service: Service, who: SignedIn, holding: dict[str, Any], phone: str = "13900000001", name: str = "李四"
) -> Answer:
    return await service.post("/api/people", {"name": name, "phone": phone, "holding": holding}, who.token)


async def added(service: Service, who: SignedIn, holding: dict[str, Any], phone: str = "13900000001") -> Any:
    answer = await add(service, who, holding, phone)
    assert answer.status == 201
    return answer.json


def contact(school_id: str) -> dict[str, Any]:
    return {"role": "school", "school_id": school_id}


async def link(service: Service, who: SignedIn, person_id: str, holding: dict[str, Any] | None = None) -> Answer:
    return await service.post(f"/api/people/{person_id}/sign-in-links", {"holding": holding}, who.token)


async def sign_in(service: Service, who: SignedIn, person_id: str, holding: dict[str, Any] | None = None) -> str:
    """The token of a session that a link of this officer opened."""
    made = await link(service, who, person_id, holding)
    opened = await service.post("/api/sessions", {"link": made.json["url"].partition("#")[2]})
    return str(opened.json["token"])


async def alive(service: Service, token: str) -> bool:
    return (await service.get("/api/me", token)).status == 200


async def test_a_person_is_added(service: Service, city: SignedIn, school: str, database: Database) -> None:
    answer = await add(service, city, contact(school), name=" 李　四 ")
    assert answer.status == 201
    person = answer.json
    assert (person["name"], person["phone"], person["version"]) == ("李四", "13900000001", 1)
    assert person["holdings"] == [{"role": "school", "role_name": "学校联系人", "school_id": school, "district": None}]
    assert (person["has_password"], person["ties"]) == (False, [])
    assert (await service.get(f"/api/people/{person['id']}", city.token)).json == person
    event = await database.audit_events.find_one({"event": "person.added"})
    assert event is not None
    assert "13900000001" not in str(event)


async def test_who_is_known_by_phone_gets_a_further_role(
    service: Service, city: SignedIn, school: str, database: Database
) -> None:
    first = await added(service, city, contact(school))
    second = await added(service, city, INSPECTOR)
    assert second["id"] == first["id"]
    assert [holding["role"] for holding in second["holdings"]] == ["school", "inspector"]
    again = await added(service, city, INSPECTOR)
    assert again == second
    assert await database.people.count_documents({"phone": "13900000001"}) == 1


async def test_a_phone_that_is_somebody_elses(service: Service, city: SignedIn, school: str) -> None:
    person = await added(service, city, contact(school))
    answer = await add(service, city, INSPECTOR, name="王五")
    assert (answer.status, answer.error["code"], answer.paths) == (409, "phone_taken", ["/phone"])
    other = await added(service, city, INSPECTOR, phone="13900000002")
    answer = await service.patch(f"/api/people/{other['id']}", {"version": 1, "phone": "13900000001"}, city.token)
    assert (answer.status, answer.error["code"]) == (409, "phone_taken")
    assert (await service.get(f"/api/people/{person['id']}", city.token)).json == person


async def test_added_ten_times_at_once_there_is_one(service: Service, city: SignedIn, database: Database) -> None:
    answers = await asyncio.gather(*(add(service, city, INSPECTOR) for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert await database.people.count_documents({"phone": "13900000001"}) == 1


@pytest.mark.parametrize(
    ("holding", "paths"),
    [
        ({"role": "school", "school_id": "6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11"}, ["/holding/school_id"]),
        ({"role": "district", "district": "atlantis"}, ["/holding/district"]),
        ({"role": "district"}, ["/holding"]),
        ({"role": "school", "school_id": {"$ne": None}}, ["/holding/school_id"]),
        ({"role": "king"}, ["/holding/role"]),
    ],
)
async def test_roles_that_can_not_be(
    service: Service, city: SignedIn, holding: dict[str, Any], paths: list[str], database: Database
) -> None:
    answer = await add(service, city, holding)
    assert (answer.status, answer.paths) == (422, paths)
    assert await database.people.count_documents({"phone": "13900000001"}) == 0


async def test_only_administrators_make_and_change_administrators(
    service: Service, city: SignedIn, admin: SignedIn
) -> None:
    assert (await add(service, city, {"role": "admin"})).status == 403
    person = await added(service, city, {"role": "city"})
    path = f"/api/people/{person['id']}"
    change = {"version": 1, "holdings": [{"role": "city"}, {"role": "admin"}]}
    assert (await service.patch(path, change, city.token)).status == 403
    assert (await service.patch(path, change, admin.token)).status == 200
    assert (await service.patch(path, {"version": 2, "phone": "13900000009"}, city.token)).status == 403
    # In one of their roles they could be signed in as, and switch to the other.
    assert (await link(service, city, person["id"], {"role": "city"})).status == 403
    assert (await service.delete(f"{path}/sessions", city.token)).status == 403
    assert (await link(service, admin, person["id"], {"role": "city"})).status == 201


async def test_a_person_is_changed(service: Service, city: SignedIn, school: str, database: Database) -> None:
    person = await added(service, city, contact(school))
    token = await sign_in(service, city, person["id"])
    path = f"/api/people/{person['id']}"
    answer = await service.patch(path, {"version": 1, "name": "李四光", "phone": "13900000003"}, city.token)
    assert answer.status == 200
    assert answer.json == person | {"version": 2, "name": "李四光", "phone": "13900000003"}
    assert (await service.get("/api/me", token)).json["name"] == "李四光"
    session = await database.sessions.find_one({"person_id": person["id"]})
    assert session is not None
    assert session["name"] == "李四光"
    stale = await service.patch(path, {"version": 1, "name": "李四"}, city.token)
    assert (stale.status, stale.error["code"]) == (409, "version_conflict")


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"version": 1}, [""]),
        ({"version": 1, "phone": None}, ["/phone"]),
        ({"version": 1, "phone": "12345"}, ["/phone"]),
        ({"version": 1, "holdings": [INSPECTOR, INSPECTOR]}, ["/holdings"]),
        (
            {"version": 1, "holdings": [INSPECTOR, contact("6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11")]},
            ["/holdings/1/school_id"],
        ),
        ({"version": 1, "password_hash": "x"}, ["/password_hash"]),
    ],
)
async def test_what_can_not_be_changed(
    service: Service, city: SignedIn, change: dict[str, Any], paths: list[str]
) -> None:
    person = await added(service, city, {"role": "city"})
    answer = await service.patch(f"/api/people/{person['id']}", change, city.token)
    assert (answer.status, answer.paths) == (422, paths)


async def test_a_new_contact_takes_over_and_nothing_is_lost(
    service: Service, city: SignedIn, school: str, database: Database
) -> None:
    await service.post("/api/cycles", {"name": "2022"}, city.token)
    old = await added(service, city, contact(school))
    token = await sign_in(service, city, old["id"])
    before = await database.submissions.find_one({"school_id": school})
    new = await added(service, city, contact(school), phone="13900000002")
    answer = await service.patch(f"/api/people/{old['id']}", {"version": 1, "holdings": []}, city.token)
    assert (answer.status, answer.json["holdings"]) == (200, [])
    assert not await alive(service, token)
    assert await database.submissions.find_one({"school_id": school}) == before
    assert (await service.get("/api/schools", await sign_in(service, city, new["id"]))).json["items"][0]["id"] == school
    # Nobody signs in as who has no role.
    assert (await link(service, city, old["id"])).status == 409


async def test_only_sessions_in_roles_that_are_gone_end(service: Service, city: SignedIn, school: str) -> None:
    await added(service, city, contact(school))
    person = await added(service, city, INSPECTOR)
    as_contact = await sign_in(service, city, person["id"], contact(school))
    as_inspector = await sign_in(service, city, person["id"], INSPECTOR)
    unused = (await link(service, city, person["id"], INSPECTOR)).json["url"].partition("#")[2]
    await service.patch(
        f"/api/people/{person['id']}", {"version": person["version"], "holdings": [INSPECTOR]}, city.token
    )
    assert (await alive(service, as_contact), await alive(service, as_inspector)) == (False, True)
    assert (await service.post("/api/sessions", {"link": unused})).status == 401


async def test_a_link_of_the_district_makes_no_city_officer(
    service: Service, signed_in: SignIn, city: SignedIn, school: str
) -> None:
    """Whoever was let in as a contact must not find themself promoted with that person."""
    district = await signed_in("district", district="hailing")
    person = await added(service, city, contact(school))
    token = await sign_in(service, district, person["id"])
    waiting = (await link(service, district, person["id"])).json["url"].partition("#")[2]
    assert await alive(service, token)
    await added(service, city, {"role": "city"})
    assert not await alive(service, token)
    assert (await service.post("/api/sessions", {"link": waiting})).status == 401
    assert (await link(service, district, person["id"], contact(school))).status == 403


async def test_a_district_makes_links_for_its_own_contacts(
    service: Service, signed_in: SignIn, city: SignedIn, school: str
) -> None:
    district = await signed_in("district", district="hailing")
    elsewhere = await register(service, city, "第二小学", "xinghua")
    own = await added(service, city, contact(school))
    other = await added(service, city, contact(elsewhere), phone="13900000002")
    both = await added(service, city, contact(school), phone="13900000003")
    await added(service, city, contact(elsewhere), phone="13900000003")
    assert (await link(service, district, own["id"])).status == 201
    assert (await link(service, district, other["id"])).status == 404
    assert (await link(service, district, both["id"], contact(school))).status == 403
    assert (await link(service, district, city.person.id)).status == 404
    assert (await link(service, district, district.person.id)).status == 403


async def names(service: Service, who: SignedIn, query: str = "") -> list[str]:
    answer = await service.get(f"/api/people{query}", who.token)
    assert answer.status == 200
    return sorted(person["name"] for person in answer.json["items"])


async def test_who_sees_whom(
    service: Service, signed_in: SignIn, admin: SignedIn, school: str, database: Database
) -> None:
    city = await signed_in("city", name="市")
    await database.people.delete_many({"name": "张三", "_id": {"$ne": admin.person.id}})
    elsewhere = await register(service, city, "第二小学", "xinghua")
    district = await signed_in("district", district="hailing", name="区")
    inspector = await signed_in("inspector", name="专家")
    await add(service, city, contact(school), "13900000001", "甲")
    await add(service, city, contact(elsewhere), "13900000002", "乙")
    everybody = sorted(["市", "区", "专家", "甲", "乙", "张三"])
    assert await names(service, city) == await names(service, admin) == everybody
    assert await names(service, city, "?role=school") == ["乙", "甲"]
    assert await names(service, city, "?role=inspector") == ["专家"]
    assert await names(service, city, "?district=hailing") == ["区", "甲"]
    assert await names(service, city, "?district=xinghua") == ["乙"]
    assert await names(service, city, "?district=hailing&role=district") == ["区"]
    assert await names(service, city, "?district=hailing&role=school") == ["甲"]
    assert await names(service, city, "?district=hailing&role=city") == []
    assert await names(service, city, f"?school_id={school}") == ["甲"]
    assert await names(service, city, f"?school_id={school}&role=inspector") == []
    assert await names(service, district) == ["区", "甲"]
    assert await names(service, district, "?role=city") == []
    assert await names(service, district, "?district=xinghua") == []
    assert await names(service, district, f"?school_id={elsewhere}") == []
    assert await names(service, district, f"?school_id={school}") == ["甲"]
    assert (await service.get("/api/people", inspector.token)).status == 403
    assert (await service.get(f"/api/people/{inspector.person.id}", inspector.token)).status == 200
    assert (await service.get(f"/api/people/{city.person.id}", inspector.token)).status == 404
    assert (await service.get(f"/api/people/{city.person.id}", district.token)).status == 404
    for who in (district, inspector):
        assert (await add(service, who, INSPECTOR)).status == 403


async def test_lists_by_the_page(service: Service, city: SignedIn, school: str) -> None:
    for number in range(9):
        await add(service, city, contact(school), f"1390000000{number}", f"联系人{number}")
    for query, count in [("limit=4", 10), ("limit=4&district=hailing", 9), (f"limit=2&school_id={school}", 9)]:
        cursor, seen = "", []
        while True:
            answer = (await service.get(f"/api/people?{query}{cursor}", city.token)).json
            seen += [(person["name"], person["id"]) for person in answer["items"]]
            if answer["next_cursor"] is None:
                break
            cursor = f"&cursor={answer['next_cursor']}"
        assert len(seen) == count
        assert seen == sorted(set(seen))


async def test_people_whose_name_begins_so(service: Service, city: SignedIn, school: str) -> None:
    for number, name in enumerate(("王一", "王二", "李一")):
        await add(service, city, contact(school), f"1390000000{number}", name)
    await add(service, city, INSPECTOR, "13900000009", "王三")

    async def named(query: str) -> list[str]:
        answer = await service.get(f"/api/people?{query}", city.token)
        assert answer.status == 200, answer.body
        return sorted(each["name"] for each in answer.json["items"])

    wang = quote("王")
    assert await named(f"name={wang}") == ["王一", "王三", "王二"]
    assert await named(f"name={wang}&role=inspector") == ["王三"]
    assert await named(f"name={wang}&district=hailing") == ["王一", "王二"]
    assert await named(f"name={wang}&school_id={school}") == ["王一", "王二"]
    assert await named(f"name={quote('一')}") == []


async def test_sessions_of_a_person(service: Service, signed_in: SignIn, city: SignedIn, clock: Clock) -> None:
    person = await added(service, city, INSPECTOR)
    path = f"/api/people/{person['id']}/sessions"
    first = await sign_in(service, city, person["id"])
    clock.advance(minutes=5)
    second = await sign_in(service, city, person["id"])
    seen = (await service.get(path, second)).json["items"]
    assert sorted((each["opened_at"], each["current"]) for each in seen) == [
        ("2022-08-15T02:00:00Z", False),
        ("2022-08-15T02:05:00Z", True),
    ]
    assert {each["holding"]["role"] for each in seen} == {"inspector"}
    assert first not in str(seen)
    assert [each["current"] for each in (await service.get(path, city.token)).json["items"]] == [False, False]
    stranger = await signed_in("inspector")
    assert (await service.get(path, stranger.token)).status == 404
    assert (await service.delete(path, stranger.token)).status == 404
    unused = (await link(service, city, person["id"])).json["url"].partition("#")[2]
    assert (await service.delete(path, city.token)).status == 204
    assert [await alive(service, token) for token in (first, second)] == [False, False]
    assert (await service.post("/api/sessions", {"link": unused})).status == 401
    assert (await service.get(path, city.token)).json["items"] == []


async def test_one_session_of_several_ends(
    service: Service, signed_in: SignIn, city: SignedIn, school: str, database: Database
) -> None:
    person = await added(service, city, contact(school))
    path = f"/api/people/{person['id']}/sessions"
    edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
    tokens = []
    for agent in (edge, "curl/7.88.1"):
        made = await link(service, city, person["id"])
        body = {"link": made.json["url"].partition("#")[2]}
        opened = await service.request("POST", "/api/sessions", json_body=body, headers={"User-Agent": agent})
        tokens.append(str(opened.json["token"]))
    seen = {each["device"]: each["id"] for each in (await service.get(path, city.token)).json["items"]}
    assert seen.keys() == {"Windows 电脑上的 Edge", "其他程序"}
    stranger = await signed_in("inspector")
    gone, other = f"{path}/{seen['其他程序']}", f"{path}/{stranger.actor.session_id}"
    assert (await service.delete(gone, stranger.token)).status == 404
    assert (await service.delete(other, city.token)).status == 404
    assert (await service.delete(gone, city.token)).status == 204
    assert [await alive(service, token) for token in tokens] == [True, False]
    assert (await service.delete(gone, city.token)).status == 404
    # One's own, on another device or on this.
    assert (await service.delete(f"{path}/{seen['Windows 电脑上的 Edge']}", tokens[0])).status == 204
    assert not await alive(service, tokens[0])
    events = await database.audit_events.find({"event": "person.session_ended"}).to_list(None)
    assert {each["before"]["device"] for each in events} == seen.keys()


async def test_one_may_sign_oneself_out_everywhere(service: Service, signed_in: SignIn) -> None:
    for role in ("school", "inspector", "district", "city", "admin"):
        who = await signed_in(role)
        assert (await service.delete(f"/api/people/{who.person.id}/sessions", who.token)).status == 204
        assert not await alive(service, who.token)


async def test_sessions_that_went_unused_are_not_listed(service: Service, signed_in: SignIn, clock: Clock) -> None:
    inspector = await signed_in("inspector")
    clock.advance(hours=169)
    city = await signed_in("city")
    answer = await service.get(f"/api/people/{inspector.person.id}/sessions", city.token)
    assert answer.json == {"items": [], "next_cursor": None}


async def test_ties_of_an_inspector(
    service: Service, signed_in: SignIn, city: SignedIn, school: str, database: Database
) -> None:
    inspector, other = await signed_in("inspector"), await signed_in("inspector")
    path = f"/api/people/{inspector.person.id}/ties"
    answer = await service.put(path, {"school_ids": [school, school]}, inspector.token)
    assert (answer.status, answer.json["ties"]) == (200, [school])
    stored = await database.people.find_one({"_id": inspector.person.id})
    assert stored is not None
    assert stored["ties"] == [school]
    assert (await service.put(path, {"school_ids": []}, other.token)).status == 404
    unknown = await service.put(path, {"school_ids": [school, new_id()]}, inspector.token)
    assert (unknown.status, unknown.paths) == (422, ["/school_ids/1"])
    assert (await service.put(path, {"school_ids": []}, city.token)).json["ties"] == []
    no_inspector = await service.put(f"/api/people/{city.person.id}/ties", {"school_ids": []}, city.token)
    assert (no_inspector.status, no_inspector.error["code"]) == (409, "not_an_inspector")
    assert await database.audit_events.count_documents({"event": "person.ties_set"}) == 2


async def test_nobody_else_is_there(service: Service, city: SignedIn) -> None:
    path = f"/api/people/{new_id()}"
    for answer in (
        await service.get(path, city.token),
        await service.patch(path, {"version": 1, "name": "甲"}, city.token),
        await service.get(f"{path}/sessions", city.token),
        await service.delete(f"{path}/sessions", city.token),
        await service.put(f"{path}/ties", {"school_ids": []}, city.token),
    ):
        assert answer.status == 404


async def test_the_table_tells_roles_in_words_and_who_is_bound(
    service: Service, signed_in: SignIn, city: SignedIn, school: str, database: Database
) -> None:
    district = await signed_in("district", district="hailing", name="丁科长")
    await add(service, city, contact(school), "13900000001", "甲老师")
    await add(service, city, contact(school), "13900000002", "乙老师")
    await add(service, city, INSPECTOR, "13900000003", "丙专家")
    wechat = {"openid": "o-1", "unionid": None, "bound_at": service.clock()}
    await database.people.update_one({"name": "乙老师"}, {"$set": {"wechat": wechat}})

    async def rows(who: SignedIn, **query: str) -> list[tuple[str, list[str]]]:
        answer = await service.get(f"/api/tables/people?{urlencode(query)}", who.token)
        assert answer.status == 200, answer.body
        assert answer.json["total"] == len(answer.json["items"])
        return [(row["name"], row["roles"]) for row in answer.json["items"]]

    contact_words = ["学校联系人（第一小学）"]
    own = sorted([("甲老师", contact_words), ("乙老师", contact_words), ("丁科长", ["市（区）教育局（海陵区）"])])
    assert await rows(district) == own
    assert await rows(district, sort="-name") == own[::-1]
    assert await rows(district, role="inspector") == []
    assert (await service.get("/api/tables/people?district=xinghua", district.token)).status == 404
    assert await rows(city, bound="true") == [("乙老师", contact_words)]
    assert await rows(city, role="school", bound="false", name="甲") == [("甲老师", contact_words)]
    assert await rows(city, district="hailing", bound="false") == [row for row in own if row[0] != "乙老师"]
    assert await rows(city, role="inspector", bound="false") == [("丙专家", ["市级评估专家"])]
