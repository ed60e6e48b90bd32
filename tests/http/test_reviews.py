"""The district's review: remarks and points, returning, endorsing, declining, and who may for 市直."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.store.mongo import Database
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, new_id
from tests.http.submitted import Registered, World, change, make_world

REVIEW_OPENS = datetime(2022, 7, 31, 16, tzinfo=UTC)
HAND_IN = datetime(2022, 8, 31, 16, tzinfo=UTC)
RETURN = {"reason": "材料不全", "remarks": {"1.1.1": "缺网络拓扑图"}}


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> World:
    return await make_world(service, signed_in)


@pytest.fixture
async def school(world: World) -> Registered:
    return await world.submitted()


async def put_review(world: World, school: Registered, by: SignedIn | None = None, **fields: Any) -> Answer:
    body = {"version": 0, "items": {}, "opinion": None} | fields
    return await world.service.put(f"{school.path}/review", body, (by or world.officer).token)


async def test_a_review_is_saved_with_a_version(world: World, school: Registered, database: Database) -> None:
    items = {"1.1.1": {"remark": "无线未全覆盖", "points": 1.5}, "1.1.2": {"points": 0}, "1.1.3": {}}
    world.service.clock.advance(minutes=1)
    answer = await put_review(world, school, items=items, opinion="同意推荐")
    assert answer.status == 200, answer.body
    assert answer.json["version"] == 1
    assert answer.json["items"] == {
        "1.1.1": {"remark": "无线未全覆盖", "points": 1.5},
        "1.1.2": {"remark": None, "points": 0},
    }
    assert answer.json["reviewers"] == [world.officer.person.id]
    read = await world.service.get(f"{school.path}/review", world.city.token)
    assert read.json["items"] == answer.json["items"]
    stale = await put_review(world, school, items={"1.1.1": {"remark": "别的"}})
    assert (stale.status, stale.error["code"]) == (409, "version_conflict")
    assert world.officer.person.name in stale.error["message"]
    assert "逐条意见" in stale.error["message"]
    assert await database.audit_events.count_documents({"event": "review.saved"}) == 1


async def test_of_two_reviews_at_once_one_is_saved(world: World, school: Registered) -> None:
    answers = await asyncio.gather(*(put_review(world, school, opinion=f"意见{number}") for number in range(5)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 4


async def test_everything_wrong_in_a_review_is_said_at_once(world: World, school: Registered) -> None:
    items = {"1.1.1": {"points": 2.5}, "9.9.9": {"points": 1}, "1.1.2": {"points": 0.25}, "1.1.3": {"points": 1}}
    answer = await put_review(world, school, items=items)
    assert answer.status == 422
    assert sorted(answer.paths) == ["/items/1.1.1/points", "/items/1.1.2/points", "/items/9.9.9"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": {"$where": {"remark": "x"}}},
        {"items": {"1.1.1": {"remark": 5}}},
        {"items": {"1.1.1": {"score": 5}}},
        {"items": None},
        {"version": "0"},
        {"opinion": "长" * 2001},
    ],
)
async def test_reviews_of_another_form(world: World, school: Registered, wrong: dict[str, Any]) -> None:
    assert (await put_review(world, school, **wrong)).status == 422


async def test_a_draft_is_not_reviewed(world: World) -> None:
    school = await world.register("别的小学")
    answer = await put_review(world, school)
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_a_returned_school_sees_why_and_submits_again(
    world: World, school: Registered, database: Database
) -> None:
    await put_review(world, school, items={"1.1.2": {"remark": "广播未联网", "points": 0}})
    answer = await world.post(school, "return", RETURN)
    assert (answer.status, answer.json["state"]) == (200, "returned")
    view = await world.read(school)
    step = view["history"][-1]
    assert (step["event"], step["round"], step["reason"]) == ("returned", 1, "材料不全")
    assert step["remarks"] == {"1.1.1": "缺网络拓扑图", "1.1.2": "广播未联网"}
    assert (step["by_role"], step["by_name"]) == ("市（区）教育局", None)
    assert (await world.read(school, by=world.city))["history"][-1]["by_name"] == "王科长"
    assert "points" not in step
    message = await database.inbox.find_one({"event": "submission.returned"})
    assert message is not None
    assert (message["person_id"], "材料不全" in message["text"]) == (school.contact.person.id, True)
    await world.save(school, change("/items/1.1.1/note", "已补"))
    assert (await world.post(school, "submit", by=school.contact)).status == 200
    await world.post(school, "return", {"reason": "再补"})
    view = await world.read(school)
    assert [(each["event"], each["round"]) for each in view["history"]] == [
        ("submitted", 1),
        ("returned", 1),
        ("submitted", 2),
        ("returned", 2),
    ]
    review = await world.service.get(f"{school.path}/review", world.officer.token)
    assert review.json["items"]["1.1.1"] == {"remark": "缺网络拓扑图", "points": None}


async def test_remarks_on_unknown_items_are_refused(world: World, school: Registered) -> None:
    answer = await world.post(school, "return", {"reason": "补充", "remarks": {"9.9.9": "？", "1.1.1": "补"}})
    assert (answer.status, answer.paths) == (422, ["/remarks/9.9.9"])
    assert (await world.read(school))["state"] == "submitted"


async def test_endorsing_needs_an_opinion(world: World, school: Registered, database: Database) -> None:
    for body in ({}, {"opinion": "  "}):
        answer = await world.post(school, "endorse", body)
        assert (answer.status, answer.paths) == (409, ["/opinion"])
    await put_review(world, school, opinion="同意推荐")
    answer = await world.post(school, "endorse", {})
    assert (answer.status, answer.json["state"]) == (200, "endorsed")
    assert (await world.read(school))["history"][-1]["opinion"] == "同意推荐"
    assert await database.inbox.count_documents({"event": "submission.endorsed"}) == 1
    answer = await world.post(school, "endorse", {})
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_declining_and_taking_it_back(world: World, school: Registered, database: Database) -> None:
    assert (await world.post(school, "undo-decline", {"reason": "？"})).status == 409
    assert (await world.post(school, "decline", {"reason": "未达基本要求"})).json["state"] == "declined"
    assert await database.inbox.count_documents({"event": "submission.declined"}) == 1
    assert (await world.post(school, "endorse", {"opinion": "同意"})).status == 409
    assert (await world.post(school, "undo-decline", {"reason": "已整改"})).json["state"] == "submitted"
    assert (await world.post(school, "endorse", {"opinion": "同意"})).status == 200
    reasons = [(each["event"], each["reason"]) for each in (await world.read(school))["history"]]
    assert reasons[1:3] == [("declined", "未达基本要求"), ("decline_undone", "已整改")]


async def test_the_city_returns_only_what_is_endorsed(world: World, school: Registered) -> None:
    assert (await world.post(school, "return", RETURN, by=world.city)).status == 403
    await world.post(school, "endorse", {"opinion": "同意"})
    assert (await world.post(school, "return", RETURN)).status == 409
    answer = await world.post(school, "return", RETURN, by=world.city)
    assert (answer.status, answer.json["state"]) == (200, "returned")
    step = (await world.read(school))["history"][-1]
    assert (step["by_role"], step["remarks"]) == ("市教育局", RETURN["remarks"])


async def test_a_district_officer_reviews_where_the_city_may_not(world: World, school: Registered) -> None:
    for verb, body in (("endorse", {"opinion": "同意"}), ("decline", {"reason": "不足"})):
        answer = await world.post(school, verb, body, by=world.city)
        assert (answer.status, answer.error["code"]) == (403, "not_the_reviewer")
    assert (await put_review(world, school, by=world.city)).status == 403
    taixing = await world.sign_in("district", district="taixing")
    assert (await put_review(world, school, by=taixing)).status == 404


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (REVIEW_OPENS - timedelta(milliseconds=1), "too_early"),
        (REVIEW_OPENS, None),
        (HAND_IN - timedelta(milliseconds=1), None),
        (HAND_IN, "too_late"),
    ],
)
async def test_dates_bound_the_review(
    world: World, school: Registered, clock: Clock, now: datetime, code: str | None
) -> None:
    clock.set(now)
    officer = await world.sign_in("district")
    for answer in (
        await put_review(world, school, by=officer),
        await world.post(school, "return", RETURN, by=officer),
    ):
        assert answer.status == (409 if code else 200)
        assert code is None or answer.error["code"] == code


async def test_a_returned_school_submits_until_hand_in(world: World, school: Registered, clock: Clock) -> None:
    """The district closed earlier; who was returned has until its list is handed in."""
    other = await world.register("别的小学")
    closing = {"closes": "2022-08-20T00:00:00+08:00"}
    answer = await world.service.put("/api/cycle/districts/hailing/closing", closing, world.officer.token)
    assert answer.status == 200, answer.body
    await world.post(school, "return", RETURN)
    clock.advance(days=6)
    stranger = await world.sign_in("school", school_id=other.id)
    assert (await world.save(other, change("/items/1.1.1/note", "迟"), by=stranger)).error["code"] == "too_late"
    clock.set(HAND_IN - timedelta(milliseconds=1))
    contact = await world.sign_in("school", school_id=school.id)
    assert (await world.save(school, change("/items/1.1.1/note", "已补"), by=contact)).status == 200
    clock.set(HAND_IN)
    answer = await world.post(school, "submit", by=contact)
    assert (answer.status, answer.error["code"]) == (409, "too_late")


async def test_returning_and_endorsing_at_once_do_one_of_them(world: World, school: Registered) -> None:
    answers = await asyncio.gather(
        world.post(school, "return", RETURN), world.post(school, "endorse", {"opinion": "同意"})
    )
    # Who comes second is told that it is not the state for it any more.
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert len((await world.read(school))["history"]) == 2


async def appoint(world: World, person_id: str, by: SignedIn | None = None, district: str = "municipal") -> Answer:
    path = f"/api/districts/{district}/reviewer"
    return await world.service.put(path, {"person_id": person_id}, (by or world.city).token)


async def test_the_municipal_district_has_a_named_reviewer(world: World, database: Database) -> None:
    school = await world.submitted("市直中学", "municipal")
    reviewer, other = await world.sign_in("city", name="赵主任"), world.city
    answer = await world.post(school, "endorse", {"opinion": "同意"}, by=reviewer)
    assert (answer.status, answer.error["code"]) == (403, "not_the_reviewer")
    path = "/api/districts/municipal/reviewer"
    assert (await world.service.get(path, other.token)).json["person_id"] is None
    answer = await appoint(world, reviewer.person.id)
    assert answer.status == 200, answer.body
    assert (await world.service.get(path, other.token)).json["name"] == "赵主任"
    assert (await world.post(school, "endorse", {"opinion": "同意"}, by=other)).status == 403
    assert (await put_review(world, school, by=other)).status == 403
    assert (await put_review(world, school, by=reviewer, opinion="同意")).status == 200
    assert {"endorse", "return", "decline"} <= {
        each["name"] for each in (await world.read(school, reviewer))["actions"]
    }
    assert "endorse" not in {each["name"] for each in (await world.read(school, other))["actions"]}
    assert (await world.post(school, "return", RETURN, by=reviewer)).json["state"] == "returned"
    assert (await world.post(school, "submit", by=school.contact)).status == 200
    assert (await world.post(school, "endorse", {}, by=reviewer)).json["state"] == "endorsed"
    stored = await database.submissions.find_one({"_id": school.submission_id})
    assert stored is not None
    assert stored["review"]["reviewers"] == [reviewer.person.id]
    assert (await world.post(school, "return", RETURN, by=other)).json["state"] == "returned"


async def test_only_a_city_officer_is_named(world: World) -> None:
    for person_id in (world.officer.person.id, new_id()):
        answer = await appoint(world, person_id)
        assert (answer.status, answer.paths) == (422, ["/person_id"])
    assert (await appoint(world, world.city.person.id, district="hailing")).status == 409
    assert (await appoint(world, world.city.person.id, district="nowhere")).status == 404
    assert (await appoint(world, world.city.person.id, by=world.officer)).status == 403
