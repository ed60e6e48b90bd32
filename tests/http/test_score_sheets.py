"""Signing: what a sheet needs, what it then refuses, who may open it again; the team's progress."""

import asyncio
from typing import Any

import pytest

from tests.http.conftest import Service, SignedIn, SignIn
from tests.http.visiting import Phone, Visiting, make_visiting


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
async def team(world: Visiting) -> list[SignedIn]:
    return await world.inspectors(3)


@pytest.fixture
async def visit(world: Visiting, team: list[SignedIn]) -> str:
    return await world.plan(await world.school(), *team)


async def test_a_complete_sheet_is_signed_and_takes_nothing_in(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    one = team[1]
    await world.score(visit, one, *world.everything())
    answer = await world.sign(visit, one)
    assert answer.status == 200
    assert answer.json["signed_at"] == "2022-09-05T02:00:00Z"
    assert sorted(answer.json["waiting_for"]) == ["专家丙", "专家甲"]
    phone = world.phone(one)
    late = (await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 0)]))).json
    assert [each["code"] for each in late["refused"]] == ["sheet_signed"]
    sheet = await world.sheet(visit, one)
    assert (sheet["state"], sheet["version"]) == ("signed", answer.json["version"])
    assert sheet["fields"][0]["value"] is True
    again = await world.sign(visit, one)
    assert (again.status, again.error["code"]) == (409, "sheet_signed")


async def test_what_was_sent_before_signing_is_known_afterwards(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    phone = world.phone(team[0])
    operations = world.operations(phone, world.everything())
    await world.send(visit, phone, operations)
    await world.sign(visit, team[0])
    answer = (await world.send(visit, phone, operations)).json
    assert answer["known"] == [each["id"] for each in operations]
    assert answer["refused"] == []


async def test_everything_that_is_unanswered_is_said_at_once(world: Visiting, team: list[SignedIn], visit: str) -> None:
    changes = [each for each in world.everything() if each[0] not in ("1.1.1", "1.1.2", "1.3.6")]
    await world.score(visit, team[0], *changes)
    answer = await world.sign(visit, team[0])
    assert (answer.status, answer.error["code"]) == (409, "not_ready")
    assert answer.paths == [
        "/1.1.1/points",
        "/1.1.1/clauses/basic",
        "/1.1.2/points",
        "/1.3.6/points",
        "/1.3.6/clauses/basic",
    ]


async def test_only_what_is_assigned_must_be_answered(world: Visiting, team: list[SignedIn]) -> None:
    assignments = {team[0].person.id: ["6.4"], team[1].person.id: ["1.2"]}
    visit = await world.plan(await world.school(), *team, assignments=assignments)
    await world.score(visit, team[0], ("6.4.1", "points", 1))
    assert (await world.sign(visit, team[0])).status == 200
    # Figures decide the clauses of 1.2.1 and 1.2.2: they may stay unanswered.
    answer = await world.sign(visit, team[1])
    assert answer.paths == [f"/1.2.{number}/points" for number in range(1, 6)]
    # Who has nothing to score may sign that.
    assert (await world.sign(visit, team[2])).status == 200


async def test_one_signs_what_one_has_seen(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await world.score(visit, team[0], *world.everything())
    version = (await world.sheet(visit, team[0]))["version"]
    other = Phone(team[0])
    seen = (await world.sheet(visit, team[0]))["fields"]
    saw = next(each["id"] for each in seen if (each["item"], each["field"]) == ("1.1.1", "points"))
    await world.send(visit, other, [other.operation(world.service.clock(), "1.1.1", "points", 0, saw)])
    answer = await world.sign(visit, team[0], version)
    assert (answer.status, answer.error["code"]) == (409, "version_conflict")
    assert (await world.sign(visit, team[0], version + 1)).status == 200


async def test_a_visit_that_has_not_begun_is_not_signed(world: Visiting, team: list[SignedIn], visit: str) -> None:
    answer = await world.sign(visit, team[0])
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_operations_and_signing_at_once_either_count_or_are_refused(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    await world.score(visit, team[0], *world.everything())
    version = (await world.sheet(visit, team[0]))["version"]
    phone = world.phone(team[0])
    batches = [world.operations(phone, [("1.1.1", "note", f"补充{number}")]) for number in range(6)]
    sending = [world.send(visit, phone, batch) for batch in batches]
    *sent, signed = await asyncio.gather(*sending, world.sign(visit, team[0], version))
    applied = [answer.json["applied"][0] for answer in sent if answer.json["applied"]]
    refused = [each for answer in sent for each in answer.json["refused"]]
    assert len(applied) + len(refused) == 6
    assert {each["code"] for each in refused} <= {"sheet_signed"}
    # It signed what it had seen, or it didn't sign.
    assert (signed.status == 200) == (applied == [])
    stored = await world.db.score_sheets.find_one({"inspector_id": team[0].person.id})
    assert {each["id"] for batch in stored["batches"] for each in batch["operations"]} >= set(applied)
    assert (stored["state"] == "signed") == (signed.status == 200)


async def test_two_signatures_at_once_are_one(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await world.score(visit, team[0], *world.everything())
    version = (await world.sheet(visit, team[0]))["version"]
    answers = await asyncio.gather(*(world.sign(visit, team[0], version) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert await world.db.audit_events.count_documents({"event": "score_sheet.signed"}) == 1


async def test_the_lead_is_told_when_all_have_signed(world: Visiting, team: list[SignedIn], visit: str) -> None:
    for each in team:
        await world.score_and_sign(visit, each)
    assert await world.inbox(team[0]) == ["visit.all_signed", "visit.assigned"]
    assert await world.inbox(team[1]) == ["visit.assigned"]


async def reopen(world: Visiting, visit: str, who: SignedIn, by: SignedIn | None = None) -> Any:
    return await world.post(f"/api/visits/{visit}/sheets/{who.person.id}/reopen", {"reason": "漏看了机房"}, by)


async def test_the_city_opens_a_sheet_again(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await world.score_and_sign(visit, team[1])
    assert (await reopen(world, visit, team[1], team[0])).status == 403
    assert (await reopen(world, visit, team[2])).error["code"] == "sheet_unsigned"
    assert (await reopen(world, visit, team[1])).status == 204
    assert (await world.sheet(visit, team[1]))["state"] == "draft"
    merged = (await world.get(f"/api/visits/{visit}/reconciliation")).json
    assert (merged["signed"], len(merged["unsigned"])) == ([], 3)
    assert "score_sheet.reopened" in await world.inbox(team[1])
    event = await world.db.audit_events.find_one({"event": "score_sheet.reopened"})
    assert event["reason"] == "漏看了机房"
    await world.score(visit, team[1], ("1.1.1", "points", 0))
    assert (await world.sign(visit, team[1])).status == 200


async def test_progress_counts_and_shows_no_values(world: Visiting, team: list[SignedIn]) -> None:
    assignments = {team[1].person.id: ["1.1", "1.2"], team[2].person.id: ["6"]}
    visit = await world.plan(await world.school(), *team, assignments=assignments)
    await world.score(visit, team[1], ("1.1.1", "points", 0.5), ("1.1.2", "points", 0), ("6.4.1", "points", 1))
    await world.score(visit, team[1], ("1.1.3", "note", "看了"), ("1.1.1", "clauses/basic", True))
    for who in (team[0], team[2], world.city):
        answer = await world.get(f"/api/visits/{visit}/progress", who)
        counts = [
            (each["name"], each["lead"], each["state"], each["assigned"], each["scored"], each["scored_in_all"])
            for each in answer.json["inspectors"]
        ]
        assert counts == [
            ("专家甲", True, "draft", 0, 0, 0),
            ("专家乙", False, "draft", 10, 2, 3),
            ("专家丙", False, "draft", 9, 0, 0),
        ]
        assert "points" not in answer.body.decode()
        assert "看了" not in answer.body.decode()
