"""Public notices: whom they list, when they are over to the millisecond, and that objections stand in the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.conftest import Clock, Service, SignIn, new_id
from tests.http.scored import City, Scored, make_city

# 20 October 24:00 in Asia/Shanghai.
OVER = datetime(2022, 10, 20, 16, 0, tzinfo=UTC)


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def open_notice(city: City, until: str = "2022-10-20") -> Any:
    answer = await city.post("/api/public-notices", {"until": until, "text": "现予公示"})
    assert answer.status == 201, answer.body
    return answer.json


async def object_to(city: City, notice: Any, school: Scored, **more: Any) -> Any:
    body = {"school_id": school.id, "text": "机房未开放", "from": "家长王先生 13800000000"} | more
    return await city.post(f"/api/public-notices/{notice['id']}/objections", body)


async def test_a_notice_lists_awarded_schools_alone(city: City) -> None:
    await city.decided("乙小学", lost=1000, unmet=[("1.1.5", "demonstration")])
    await city.decided("丙小学", district="xinghua")
    await city.decided("甲小学")
    failed = await city.decided("丁小学", unmet=[("1.1.1", "basic")])
    await city.school("未认定小学")
    notice = await open_notice(city)
    assert [(each["school"], each["district"], each["grade"]) for each in notice["awarded"]] == [
        ("甲小学", "海陵区", "示范型"),
        ("丙小学", "兴化市", "示范型"),
        ("乙小学", "海陵区", "优秀型"),
    ]
    assert (notice["schools"], notice["ends_at"], notice["over"]) == (3, "2022-10-20T16:00:00Z", False)
    for role in ("school", "district", "inspector"):
        who = await city.sign_in(role)
        answer = await city.get(f"/api/public-notices/{notice['id']}", who)
        assert answer.json == notice
        assert failed.name.encode() not in answer.body
        [summary] = (await city.get("/api/public-notices", who)).json["items"]
        assert summary == {name: value for name, value in notice.items() if name != "awarded"}
    assert (await city.get(f"/api/public-notices/{new_id()}")).status == 404


async def test_the_day_is_bounded(city: City) -> None:
    assert (await city.post("/api/public-notices", {"until": "2022-10-20", "text": "现予公示"})).status == 409
    await city.decided("甲小学")
    for until in ("2022-10-09", "2024-01-01", "2022-02-30", "20 October"):
        answer = await city.post("/api/public-notices", {"until": until, "text": "现予公示"})
        assert (answer.status, answer.paths) == (422, ["/until"])
    assert (await open_notice(city, "2022-10-10"))["ends_at"] == "2022-10-10T16:00:00Z"


async def test_publishing_waits_for_the_end_of_the_day(city: City, clock: Clock) -> None:
    school = await city.decided("甲小学")
    await open_notice(city)
    clock.set(OVER - timedelta(milliseconds=1))
    city.officer = await city.sign_in("city")
    answer = await city.publish()
    assert (answer.status, [detail["code"] for detail in answer.error["details"]]) == (409, ["notice_over"])
    assert "2022年10月20日24:00" in answer.error["message"]
    assert await city.state(school) == "decided"
    clock.set(OVER)
    assert (await city.publish()).status == 201
    assert (await city.get("/api/public-notices")).json["items"][0]["over"] is True


async def test_an_objection_blocks_until_it_is_settled(city: City, clock: Clock) -> None:
    school = await city.decided("甲小学")
    notice = await open_notice(city)
    objection = await object_to(city, notice, school)
    assert (objection.status, objection.json["from"], objection.json["state"]) == (
        201,
        "家长王先生 13800000000",
        "open",
    )
    answer = await city.publish()
    assert [detail["code"] for detail in answer.error["details"]] == ["notice_over", "objections_settled"]
    clock.set(OVER)
    city.officer = await city.sign_in("city", name="赵主任")
    late = await object_to(city, notice, school, text="信在路上耽搁了")
    assert late.status == 201
    path = f"/api/public-notices/{notice['id']}/objections"
    for each in (objection, late):
        answer = await city.publish()
        assert [detail["code"] for detail in answer.error["details"]] == ["objections_settled"]
        assert "甲小学" in answer.error["message"]
        body = {"result": "dismissed", "reason": "经核查机房正常开放"}
        settled = await city.post(f"{path}/{each.json['id']}/settle", body)
        assert (settled.status, settled.json["settled_by"]) == (200, "赵主任")
        again = await city.post(f"{path}/{each.json['id']}/settle", body)
        assert (again.status, again.error["code"]) == (409, "settled")
    assert (await city.publish()).status == 201
    listed = (await city.get(path)).json["items"]
    assert [each["text"] for each in listed] == ["机房未开放", "信在路上耽搁了"]
    after = await object_to(city, notice, school)
    assert (after.status, after.error["code"]) == (409, "published")


async def test_a_sustained_objection_leads_back_to_the_decision(city: City, clock: Clock) -> None:
    school = await city.decided("甲小学")
    notice = await open_notice(city)
    objection = (await object_to(city, notice, school)).json
    path = f"/api/public-notices/{notice['id']}/objections/{objection['id']}/settle"
    assert (await city.post(path, {"result": "sustained", "reason": "属实"})).json["state"] == "sustained"
    assert (await city.post(f"{school.path}/reopen-decision", {"reason": "异议属实"})).status == 204
    clock.set(OVER)
    city.officer = await city.sign_in("city")
    assert (await city.publish()).error["code"] == "nothing_decided"


async def test_objections_are_of_the_notice_and_the_citys_alone(city: City) -> None:
    school = await city.decided("甲小学")
    notice = await open_notice(city)
    outside = await city.school("乙小学")
    assert (await object_to(city, notice, outside)).paths == ["/school_id"]
    assert (await object_to(city, {"id": new_id()}, school)).status == 404
    objection = (await object_to(city, notice, school)).json
    other = await open_notice(city, "2022-10-21")
    path = f"/api/public-notices/{other['id']}/objections"
    settle = {"result": "dismissed", "reason": "不属实"}
    assert (await city.post(f"{path}/{objection['id']}/settle", settle)).status == 404
    assert (await city.get(path)).json["items"] == []
    for role in ("school", "district", "inspector", "admin"):
        who = await city.sign_in(role)
        assert (await city.get(path, who)).status == 403
        assert (await city.post(path, {"school_id": school.id, "text": "x", "from": "y"}, who)).status == 403
        assert (await city.post("/api/public-notices", {"until": "2022-10-20", "text": "x"}, who)).status == 403
