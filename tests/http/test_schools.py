"""Registering schools, changing them, and who sees which."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from backend.names import name_key, tidy
from backend.store.mongo import Database
from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id

NEW: dict[str, Any] = {
    "district": "hailing",
    "name": "泰州市第一小学",
    "stages": ["primary"],
    "phone": "0523-86880000",
    "location": {"lat": 32.455, "lon": 119.92},
    "past_awards": [{"year": 2021, "grade": "qualified"}, {"year": 2019, "grade": "qualified"}],
}


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city")


async def register(service: Service, city: SignedIn, **fields: Any) -> Answer:
    return await service.post("/api/schools", NEW | fields, city.token)


async def open_cycle(service: Service, city: SignedIn) -> None:
    assert (await service.post("/api/cycles", {"name": "2022"}, city.token)).status == 201


async def test_a_school_is_registered(service: Service, city: SignedIn, database: Database) -> None:
    answer = await register(service, city)
    assert answer.status == 201
    school = answer.json
    assert school["past_awards"] == [{"year": 2019, "grade": "qualified"}, {"year": 2021, "grade": "qualified"}]
    assert {name: school[name] for name in NEW if name != "past_awards"} == {
        name: value for name, value in NEW.items() if name != "past_awards"
    }
    assert (await service.get(f"/api/schools/{school['id']}", city.token)).json == school
    event = await database.audit_events.find_one({"event": "school.registered"})
    assert event is not None
    assert (event["object"]["id"], event["after"]["name"]) == (school["id"], NEW["name"])
    assert await database.submissions.count_documents({}) == 0


async def test_in_an_open_cycle_it_gets_a_draft(service: Service, city: SignedIn, database: Database) -> None:
    await open_cycle(service, city)
    school = (await register(service, city)).json
    (draft,) = await database.submissions.find().to_list(None)
    assert (draft["school_id"], draft["cycle"], draft["state"]) == (school["id"], "2022", "draft")


async def test_no_school_is_left_without_a_draft_by_an_opening_at_the_same_time(
    service: Service, city: SignedIn, database: Database
) -> None:
    names = [f"第{number}小学" for number in range(8)]
    answers = await asyncio.gather(
        *(register(service, city, name=name) for name in names[:4]),
        service.post("/api/cycles", {"name": "2022"}, city.token),
        *(register(service, city, name=name) for name in names[4:]),
    )
    assert {answer.status for answer in answers} == {201}
    schools = await database.schools.distinct("_id")
    assert sorted(await database.submissions.distinct("school_id")) == sorted(schools)
    assert len(schools) == 8


async def test_names_are_tidied(service: Service, city: SignedIn) -> None:
    answer = await register(service, city, name=" 泰州市\u3000第１２  小学（ＡＢ East  Campus） ")
    assert answer.json["name"] == "泰州市第12小学（AB East Campus）"


@pytest.mark.parametrize("name", ["泰州市第一小学", " 泰州市 第一小学", "泰州市\u3000第一小学"])
async def test_a_district_has_each_name_once(service: Service, city: SignedIn, name: str) -> None:
    await register(service, city)
    answer = await register(service, city, name=name)
    assert (answer.status, answer.error["code"], answer.paths) == (409, "school_exists", ["/name"])
    assert (await register(service, city, name=name, district="xinghua")).status == 201


async def test_of_twins_at_once_one_is_registered(service: Service, city: SignedIn, database: Database) -> None:
    answers = await asyncio.gather(*(register(service, city) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert await database.schools.count_documents({}) == 1
    assert await database.audit_events.count_documents({"event": "school.registered"}) == 1


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"district": "atlantis"}, ["/district"]),
        ({"district": "$ne"}, ["/district"]),
        ({"name": {"$gt": ""}}, ["/name"]),
        ({"name": "\u2003"}, ["/name"]),
        ({"name": "校" * 101}, ["/name"]),
        ({"stages": []}, ["/stages"]),
        ({"stages": ["primary", "primary"]}, ["/stages"]),
        ({"stages": ["kindergarten"]}, ["/stages/0"]),
        ({"stages": "primary"}, ["/stages"]),
        ({"phone": "call me"}, ["/phone"]),
        ({"location": {"lat": 91, "lon": 0}}, ["/location/lat"]),
        ({"location": {"lat": 32.4}}, ["/location/lon"]),
        ({"location": {"lat": "32.4", "lon": True}}, ["/location/lat", "/location/lon"]),
        ({"past_awards": [{"year": 2021, "grade": "golden"}]}, ["/past_awards/0/grade"]),
        ({"past_awards": [{"year": 21, "grade": "qualified"}]}, ["/past_awards/0/year"]),
        ({"past_awards": [{"year": 2023, "grade": "qualified"}]}, ["/past_awards/0/year"]),
        ({"past_awards": [{"year": 2021, "grade": "qualified"}] * 2}, ["/past_awards"]),
        ({"owner": "me"}, ["/owner"]),
        (
            {"district": "atlantis", "past_awards": [{"year": 2021, "grade": "golden"}]},
            ["/district", "/past_awards/0/grade"],
        ),
    ],
)
async def test_what_can_not_be_registered(
    service: Service, city: SignedIn, database: Database, fields: dict[str, Any], paths: list[str]
) -> None:
    answer = await register(service, city, **fields)
    assert (answer.status, answer.paths) == (422, paths)
    assert await database.schools.count_documents({}) == 0


async def test_a_school_is_changed(service: Service, city: SignedIn, database: Database) -> None:
    school = (await register(service, city)).json
    path = f"/api/schools/{school['id']}"
    change = {"version": 1, "name": "泰州市实验小学", "phone": None}
    answer = await service.patch(path, change, city.token)
    assert answer.status == 200
    assert answer.json == school | {"version": 2, "name": "泰州市实验小学", "phone": None}
    assert (await service.get(path, city.token)).json == answer.json
    # The old name is free again, the new one is not.
    again = (await register(service, city)).json
    taken = await service.patch(f"/api/schools/{again['id']}", {"version": 1, "name": "泰州市 实验小学"}, city.token)
    assert (taken.status, taken.error["code"]) == (409, "school_exists")
    event = await database.audit_events.find_one({"event": "school.changed"})
    assert event is not None
    assert event["before"] == {"name": NEW["name"], "phone": NEW["phone"]}
    assert event["after"] == {"name": "泰州市实验小学", "phone": None}


async def test_a_stale_change_is_a_conflict(service: Service, city: SignedIn) -> None:
    school = (await register(service, city)).json
    path = f"/api/schools/{school['id']}"
    changes = [{"version": 1, "phone": f"0523-8688000{number}"} for number in range(6)]
    answers = await asyncio.gather(*(service.patch(path, change, city.token) for change in changes))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 5
    assert {answer.error["code"] for answer in answers if answer.status == 409} == {"version_conflict"}
    assert (await service.get(path, city.token)).json["version"] == 2


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"version": 1}, [""]),
        ({"version": 1, "name": None}, ["/name"]),
        ({"version": 1, "stages": []}, ["/stages"]),
        ({"version": 1, "district": "xinghua"}, ["/district"]),
        ({"phone": None}, ["/version"]),
        ({"version": 1, "past_awards": [{"year": 2020, "grade": "golden"}]}, ["/past_awards/0/grade"]),
    ],
)
async def test_what_can_not_be_changed(
    service: Service, city: SignedIn, change: dict[str, Any], paths: list[str]
) -> None:
    school = (await register(service, city)).json
    answer = await service.patch(f"/api/schools/{school['id']}", change, city.token)
    assert (answer.status, answer.paths) == (422, paths)


async def test_a_draft_follows_its_school(service: Service, city: SignedIn, database: Database) -> None:
    await open_cycle(service, city)
    school = (await register(service, city)).json
    path = f"/api/schools/{school['id']}"
    await service.patch(path, {"version": 1, "name": "泰州市实验学校", "stages": ["junior", "primary"]}, city.token)
    submission = await database.submissions.find_one({})
    assert submission is not None
    assert submission["school"] == {"name": "泰州市实验学校", "stages": ["primary", "junior"]}
    # Once handed in, its stages, by which clauses apply, stay as they are; its name may still be corrected.
    await database.submissions.update_one({}, {"$set": {"state": "submitted"}})
    answer = await service.patch(path, {"version": 2, "stages": ["junior"]}, city.token)
    assert (answer.status, answer.error["code"], answer.paths) == (409, "stages_in_use", ["/stages"])
    change = {"version": 2, "name": "泰州市实验中学", "stages": ["primary", "junior"]}
    assert (await service.patch(path, change, city.token)).status == 200
    submission = await database.submissions.find_one({})
    assert submission is not None
    assert submission["school"] == {"name": "泰州市实验中学", "stages": ["primary", "junior"]}


async def names(service: Service, who: SignedIn, query: str = "") -> list[str]:
    answer = await service.get(quote(f"/api/schools{query}", safe="/?=&"), who.token)
    assert answer.status == 200
    return [school["name"] for school in answer.json["items"]]


async def test_who_sees_which(service: Service, signed_in: SignIn, city: SignedIn) -> None:
    first = (await register(service, city, name="甲小学")).json
    second = (await register(service, city, name="乙小学", district="xinghua")).json
    district = await signed_in("district", district="hailing")
    school = await signed_in("school", school_id=first["id"])
    admin = await signed_in("admin")
    inspector = await signed_in("inspector")
    for who, expected in [(city, 2), (admin, 2), (district, 1), (school, 1)]:
        assert len(await names(service, who)) == expected
        assert (await service.get(f"/api/schools/{first['id']}", who.token)).status == 200
        assert (await service.get(f"/api/schools/{second['id']}", who.token)).status == (200 if expected == 2 else 404)
    assert (await service.get("/api/schools", inspector.token)).status == 403
    assert await names(service, district, "?district=xinghua") == []
    assert await names(service, school, "?district=xinghua") == []
    assert await names(service, school, "?name=甲") == ["甲小学"]
    assert await names(service, school, "?name=乙") == []
    for who in (admin, district, school, inspector):
        assert (await register(service, who)).status == 403
        assert (
            await service.patch(f"/api/schools/{first['id']}", {"version": 1, "phone": None}, who.token)
        ).status == 403
    assert (await service.get(f"/api/schools/{new_id()}", city.token)).status == 404
    assert (await service.get("/api/schools/1", city.token)).status == 404
    assert (await service.patch(f"/api/schools/{new_id()}", {"version": 1, "phone": None}, city.token)).status == 404


async def test_lists_by_the_page(service: Service, city: SignedIn) -> None:
    districts = ("xinghua", "hailing", "taixing")
    for number in range(21):
        await register(service, city, name=f"第{number:02}小学", district=districts[number % 3])
    for query, count in [("?limit=4", 21), ("?limit=2&district=xinghua", 7), ("?limit=3&name=第 １", 10)]:
        path, seen = f"/api/schools{query}", []
        while True:
            answer = (await service.get(quote(path, safe="/?=&"), city.token)).json
            seen += answer["items"]
            if answer["next_cursor"] is None:
                break
            path = f"/api/schools{query}&cursor={answer['next_cursor']}"
        assert len({school["id"] for school in seen}) == len(seen) == count
        by_name = sorted(seen, key=lambda school: (school["district"] if "name" not in query else "", school["name"]))
        assert seen == by_name


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=ten",
        "cursor=",
        "cursor=%7B%7D",
        "district[$ne]=x",
        "name=",
        "order=name",
        "limit=1&limit=2",
    ],
)
async def test_wrong_queries(service: Service, city: SignedIn, query: str) -> None:
    answer = await service.get(f"/api/schools?{query}", city.token)
    assert answer.status == 422
    assert all(path.startswith("/query/") for path in answer.paths)


async def test_a_cursor_of_another_list(service: Service, city: SignedIn) -> None:
    for number in range(3):
        await register(service, city, name=f"第{number}小学")
    cursor = (await service.get("/api/schools?limit=1", city.token)).json["next_cursor"]
    answer = await service.get(f"/api/schools?limit=1&name={quote('第')}&cursor={cursor}", city.token)
    assert (answer.status, answer.error["details"][0]["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize(
    ("typed", "kept", "key"),
    [
        (" 泰州市　第一小学 ", "泰州市第一小学", "泰州市第一小学"),
        ("Ａ１ Ｂ２", "A1 B2", "A1B2"),
        ("泰州 International  School", "泰州International School", "泰州InternationalSchool"),
        ("医药高新区（高港区）\u00a0小学\t", "医药高新区（高港区）小学", "医药高新区(高港区)小学"),
        ("第（ １ ）小学", "第（1）小学", "第(1)小学"),
    ],
)
def test_tidy_names(typed: str, kept: str, key: str) -> None:
    assert tidy(typed) == kept
    assert tidy(kept) == kept
    assert name_key(typed) == name_key(kept) == key
