"""The answer window, the school's answers, and how the city settles them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, new_id
from tests.http.scored import OCTOBER, City, Scored, make_city
from tests.http.uploading import Client, jpeg, of_submission, sha256

CLOSES = OCTOBER + timedelta(days=5)


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


@pytest.fixture
async def school(city: City) -> Scored:
    """90.5 points; it claims a point on 1.1.2 that it isn't given."""
    return await city.school(own={"1.1.2": 100}, agreed={"1.1.2": 0}, lost=1850)


async def open_window(city: City, school: Scored, closes: Any = CLOSES, who: SignedIn | None = None) -> Answer:
    return await city.post(f"{school.path}/answer-window", {"closes": closes.isoformat()}, who)


async def give(city: City, school: Scored, item: str = "1.1.2", who: SignedIn | None = None, **more: Any) -> Answer:
    body = {"text": "已于九月补齐设备，见照片"} | more
    who = who or await city.contact(school)
    return await city.service.put(f"{school.path}/answers/{item}", body, who.token)


async def settle(city: City, school: Scored, item: str = "1.1.2", who: SignedIn | None = None, **more: Any) -> Answer:
    body = {"result": "upheld", "reason": "照片不能说明"} | more
    return await city.post(f"{school.path}/answers/{item}/settle", body, who)


async def rows(city: City, school: Scored) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await city.get(f"{school.path}/discrepancies")).json["items"]
    return items


async def test_from_window_to_upheld(city: City, school: Scored) -> None:
    contact = await city.contact(school)
    opened = await open_window(city, school)
    expected = {"opened_at": "2022-10-10T02:00:00Z", "closes": "2022-10-15T02:00:00Z", "round": 1, "open": True}
    assert (opened.status, opened.json) == (200, expected)
    given = await give(city, school)
    assert (given.status, given.json["state"], given.json["version"]) == (200, "answered", 1)
    assert [row["state"] for row in await rows(city, school)] == ["answered"]
    city.service.clock.advance(hours=1)
    settled = await settle(city, school)
    assert (settled.status, settled.json["state"], settled.json["settled_by"]) == (200, "upheld", "李市长")
    seen = (await city.get(f"{school.path}/discrepancies", contact)).json
    assert [row["state"] for row in seen["items"]] == ["upheld"]
    # The school reads the reason, and no officer's name.
    assert [(answer["reason"], answer["settled_by"]) for answer in seen["answers"]] == [("照片不能说明", None)]
    assert [event for event, _ in await city.inbox(contact)] == ["answer.settled", "discrepancy.to_answer"]
    assert "2022年10月15日10:00前" in (await city.inbox(contact))[1][1]


async def test_new_proof_is_taken_in_while_the_window_is_open(city: City, school: Scored) -> None:
    contact = await city.contact(school)
    photo: dict[str, Any] = {
        "id": new_id(),
        "sha256": sha256(data := jpeg(2000)),
        "kind": "photo",
        "name": "补拍.jpg",
        "size": 2000,
        "item": "1.1.2",
    }

    async def bring(number: str) -> int:
        body = photo | {"id": new_id(), "sha256": number * 64}
        return (await city.service.post(f"{school.path}/evidence", body, contact.token)).status

    assert await bring("b") == 409
    await open_window(city, school)
    assert (await city.service.post(f"{school.path}/evidence", photo, contact.token)).status == 201
    refused = await give(city, school, evidence=[photo["id"], new_id()])
    assert [each["code"] for each in refused.error["details"]] == ["not_uploaded", "unknown_evidence"]
    said = of_submission(school.submission_id, photo["id"], item="1.1.2", name="补拍.jpg")
    await Client(city.service, contact.token).upload(said, data)
    assert (await give(city, school, evidence=[photo["id"]])).status == 200
    city.service.clock.set(CLOSES)
    assert await bring("c") == 409


async def test_revised_is_a_ruling(city: City, school: Scored) -> None:
    await open_window(city, school)
    await give(city, school)
    before = (await city.get(f"{school.path}/decision")).json["grade"]["total"]
    answer = await settle(city, school, result="revised", points=1, reason="照片属实")
    assert (answer.status, answer.json["state"]) == (200, "revised")
    [row] = await rows(city, school)
    # The revision made an end of it; it is kept for its answer.
    assert (row["state"], row["current"]) == ("revised", False)
    assert (await city.get("/api/discrepancies")).json["items"] == []
    assert (await city.get(f"{school.path}/decision")).json["grade"]["total"] == before + 1
    visit = await city.service.deps.db.visits.find_one({"_id": school.visit_id})
    assert visit is not None
    [ruling] = visit["rulings"]
    assert (ruling["item"], ruling["rank"], ruling["points"], ruling["reason"]) == ("1.1.2", "city", 100, "照片属实")
    assert (await city.inbox(await city.contact(school)))[0][1].startswith(
        "海陵小学对 1.1.2 的答复已处理：已调整评估结果"
    )


async def test_a_partly_revised_row_stays(city: City, school: Scored) -> None:
    await open_window(city, school)
    await give(city, school)
    assert (await settle(city, school, result="revised", points=0.5)).status == 200
    [row] = await rows(city, school)
    assert (row["state"], row["current"], row["delta"]) == ("revised", True, 0.5)


async def test_what_cannot_be_ruled_is_said(city: City, school: Scored) -> None:
    await open_window(city, school)
    await give(city, school)
    for body, paths in (
        ({"points": 0.25}, ["/points"]),
        ({"points": 9, "clauses": {"basic": True}}, ["/points", "/clauses/basic"]),
        ({}, [""]),
        ({"points": "1"}, ["/points"]),
    ):
        answer = await settle(city, school, result="revised", **body)
        assert (answer.status, answer.paths) == (422, paths)
    assert (await settle(city, school, points=1)).paths == ["/points"]
    assert (await settle(city, school, reason=" ")).paths == ["/reason"]
    assert (await settle(city, school, result="dropped")).paths == ["/result"]
    assert [row["state"] for row in await rows(city, school)] == ["answered"]


async def test_the_window_bounds_the_answers(city: City, school: Scored, clock: Clock) -> None:
    assert (await give(city, school)).error["code"] == "window_closed"
    assert (await open_window(city, school, OCTOBER)).paths == ["/closes"]
    await open_window(city, school)
    clock.set(CLOSES - timedelta(milliseconds=1))
    contact = await city.sign_in("school", school_id=school.id)
    assert (await give(city, school, who=contact)).status == 200
    clock.set(CLOSES)
    late = await give(city, school, who=contact, version=1)
    assert (late.status, late.error["code"]) == (409, "window_closed")
    seen = (await city.get(f"{school.path}/discrepancies", contact)).json
    assert seen["window"]["open"] is False
    again = await city.sign_in("city")
    assert (await open_window(city, school, CLOSES + timedelta(days=1), again)).json["round"] == 2
    assert (await give(city, school, who=contact, version=1)).json["version"] == 2


async def test_an_open_window_is_moved_not_reopened(city: City, school: Scored) -> None:
    first = (await open_window(city, school)).json
    second = (await open_window(city, school, OCTOBER + timedelta(days=1))).json
    assert (second["opened_at"], second["round"]) == (first["opened_at"], 1)
    assert second["closes"] == "2022-10-11T02:00:00Z"


async def test_an_answer_has_versions(city: City, school: Scored) -> None:
    await open_window(city, school)
    await give(city, school)
    stale = await give(city, school, text="另一位老师")
    assert (stale.status, stale.error["code"]) == (409, "version_conflict")
    assert (await give(city, school, text="改了", version=1)).json["version"] == 2
    assert (await settle(city, school, version=1)).error["code"] == "version_conflict"
    assert (await settle(city, school, version=2)).json["version"] == 3
    again = await settle(city, school)
    assert (again.status, again.error["code"]) == (409, "settled")
    assert (await give(city, school, version=3)).error["code"] == "settled"
    trail = (await city.get(f"/api/tables/audit-events?object_id={school.submission_id}")).json["items"]
    texts = [event["before"]["text"] for event in trail if event["event"] == "answer.given" and event["before"]]
    assert texts == ["已于九月补齐设备，见照片"]


async def test_two_at_once_are_one(city: City, school: Scored) -> None:
    await open_window(city, school)
    answers = await asyncio.gather(*(give(city, school, text=f"第{number}次") for number in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    settled = await asyncio.gather(*(settle(city, school, result="revised", points=1) for _ in range(5)))
    assert sorted(answer.status for answer in settled) == [200, 409, 409, 409, 409]
    visit = await city.service.deps.db.visits.find_one({"_id": school.visit_id})
    assert visit is not None
    assert len(visit["rulings"]) == 1


async def test_only_what_there_is_can_be_answered_and_settled(city: City, school: Scored) -> None:
    await open_window(city, school)
    assert (await give(city, school, item="1.1.3")).status == 404
    assert (await give(city, school, item="9.9.9")).status == 404
    assert (await settle(city, school)).status == 404
    unknown, foreign = new_id(), new_id()
    await city.service.deps.db.evidence.insert_one({"_id": foreign, "submission_id": new_id(), "removed_at": None})
    assert (await give(city, school, evidence=[unknown, foreign])).paths == ["/evidence/0", "/evidence/1"]
    own = {"_id": unknown, "submission_id": school.submission_id, "removed_at": None, "blob_id": new_id()}
    await city.service.deps.db.evidence.insert_one(own)
    assert (await give(city, school, evidence=[unknown, unknown])).json["evidence"] == [unknown]


async def test_who_may(city: City, school: Scored) -> None:
    await open_window(city, school)
    stranger, district = await city.sign_in("school"), await city.sign_in("district")
    assert (await give(city, school, who=stranger)).status == 404
    assert (await give(city, school, who=district)).status == 403
    assert (await settle(city, school, who=await city.contact(school))).status == 403
    assert (await settle(city, school, who=district)).status == 403
    assert (await open_window(city, school, who=district)).status == 403
    assert (await city.post("/api/answer-windows", {"all": True, "closes": CLOSES.isoformat()}, district)).status == 403


async def test_windows_of_many(city: City, school: Scored) -> None:
    without = await city.school("无差异小学")
    other = await city.school("另一小学", own={"1.1.2": 100}, agreed={"1.1.2": 0})
    decided = await city.decided("已认定小学", own={"1.1.2": 100}, agreed={"1.1.2": 0})
    body = {"all": True, "closes": CLOSES.isoformat()}
    answer = await city.post("/api/answer-windows", body)
    assert answer.json == {"opened": sorted([school.submission_id, other.submission_id]), "refused": []}
    ids = [other.submission_id, without.submission_id, decided.submission_id, unknown := new_id()]
    some = (await city.post("/api/answer-windows", {"submission_ids": ids, "closes": CLOSES.isoformat()})).json
    assert some["opened"] == [other.submission_id]
    assert [(each["submission_id"], each["code"]) for each in some["refused"]] == [
        (without.submission_id, "nothing_to_answer"),
        (decided.submission_id, "wrong_state"),
        (unknown, "not_found"),
    ]
    wrongs: tuple[dict[str, Any], ...] = (
        {},
        {"submission_ids": []},
        {"all": False},
        {"all": True, "submission_ids": ids},
    )
    for wrong in wrongs:
        assert (await city.post("/api/answer-windows", {"closes": CLOSES.isoformat(), **wrong})).status == 422
