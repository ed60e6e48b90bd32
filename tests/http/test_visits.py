"""Planning visits: what stands against one, many at once, who sees what, changes of the team."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from inspection.rules.workflow import State
from tests.http.conftest import Service, SignedIn, SignIn, new_id
from tests.http.visiting import Visiting, make_visiting


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


async def test_a_visit_is_planned_and_everybody_is_told(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(3)
    contact = await world.sign_in("school", school_id=school.id)
    assignments = {team[1].person.id: ["2", "1.1"]}
    answer = await world.post("/api/visits", world.body(school, *team, assignments=assignments))
    assert answer.status == 201
    visit = answer.json
    assert (visit["state"], visit["date"], visit["half"]) == ("planned", "2022-09-05", "morning")
    assert visit["school"] == {"id": school.id, "name": school.name}
    assert [(each["name"], each["lead"]) for each in visit["team"]] == [
        ("专家甲", True),
        ("专家乙", False),
        ("专家丙", False),
    ]
    # A group stands for its indicators.
    assert visit["assignments"] == {team[1].person.id: ["1.1", "2.1", "2.2"]}
    assert await world.inbox(contact) == ["visit.planned"]
    assert [await world.inbox(each) for each in team] == [["visit.assigned"]] * 3
    event = await world.db.audit_events.find_one({"event": "visit.planned"})
    assert event["object"] == {"kind": "visit", "id": visit["id"]}
    assert await world.db.score_sheets.count_documents({"visit_id": visit["id"]}) == 3
    assert await world.state(school) == "endorsed"


async def test_all_that_is_wrong_is_said_at_once(world: Visiting) -> None:
    school, (one, two) = await world.school(), await world.inspectors(2)
    officer = await world.sign_in("district")
    await world.db.people.update_one({"_id": two.person.id}, {"$set": {"ties": [school.id]}})
    body = world.body(
        school, one, two, officer, date="2022-10-01", assignments={new_id(): ["1.1"], one.person.id: ["7"]}
    )
    body["team"][1]["lead"] = True
    body["team"].append({"inspector_id": one.person.id})
    answer = await world.post("/api/visits", body)
    assert answer.status == 422
    assert sorted(detail["code"] for detail in answer.error["details"]) == [
        "duplicate",
        "lead_count",
        "not_an_inspector",
        "not_in_team",
        "out_of_range",
        "tied",
        "unknown_part",
    ]
    assert "/team/1/inspector_id" in answer.paths
    assert await world.db.visits.count_documents({}) == 0


@pytest.mark.parametrize(("state", "handed_in", "code"), [
    (State.SUBMITTED, True, "wrong_state"),
    (State.WITHDRAWN, True, "wrong_state"),
    (State.ENDORSED, False, "list_not_handed_in"),
])  # fmt: skip
async def test_only_endorsed_schools_of_a_handed_in_list(
    world: Visiting, state: State, handed_in: bool, code: str
) -> None:
    school, team = await world.school(state=state, handed_in=handed_in), await world.inspectors(1)
    answer = await world.post("/api/visits", world.body(school, *team))
    assert (answer.status, answer.error["code"]) == (409, code)


async def test_an_unknown_submission(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(1)
    answer = await world.post("/api/visits", world.body(school, *team, submission_id=new_id()))
    assert (answer.status, answer.paths) == (422, ["/submission_id"])


async def test_a_school_has_one_visit(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(2)
    await world.plan(school, team[0])
    answer = await world.post("/api/visits", world.body(school, team[1]))
    assert (answer.status, answer.error["code"]) == (409, "already_planned")


async def test_nobody_is_in_two_places_at_once(world: Visiting) -> None:
    team = await world.inspectors(3)
    first, second = await world.school("甲小学"), await world.school("乙小学")
    await world.plan(first, team[0], team[1])
    answer = await world.post("/api/visits", world.body(second, team[2], team[1]))
    assert (answer.status, answer.error["code"], answer.paths) == (409, "inspector_busy", ["/team/1/inspector_id"])
    await world.plan(second, team[2], team[1], half="afternoon")


async def test_of_two_at_the_same_moment_one_gets_the_inspector(world: Visiting) -> None:
    schools = [await world.school(f"{name}小学") for name in "甲乙丙丁"]
    (inspector,) = await world.inspectors(1)
    answers = await asyncio.gather(*(world.post("/api/visits", world.body(each, inspector)) for each in schools))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert await world.db.visits.count_documents({}) == 1
    assert await world.db.visit_slots.count_documents({}) == 1


async def test_of_two_plans_for_a_school_at_the_same_moment_one_stands(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(4)
    answers = await asyncio.gather(*(world.post("/api/visits", world.body(school, each)) for each in team))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert await world.db.score_sheets.count_documents({}) == 1


async def test_a_plan_is_saved_whole_or_not_at_all(world: Visiting) -> None:
    schools, team = [await world.school(f"{name}小学") for name in "甲乙丙"], await world.inspectors(2)
    body = {
        "visits": [world.body(schools[0], team[0]), world.body(schools[1], team[0]), world.body(schools[0], team[1])]
    }
    answer = await world.post("/api/visits/plan", body)
    assert answer.status == 409
    assert answer.paths == ["/visits/1/team/0/inspector_id", "/visits/2/submission_id"]
    assert await world.db.visits.count_documents({}) == 0
    assert await world.db.visit_slots.count_documents({}) == 0
    body["visits"] = [
        world.body(schools[0], team[0]),
        world.body(schools[1], team[0], half="afternoon"),
        world.body(schools[2], team[1]),
    ]
    answer = await world.post("/api/visits/plan", body)
    assert answer.status == 201
    assert [visit["school"]["name"] for visit in answer.json["visits"]] == ["甲小学", "乙小学", "丙小学"]
    assert await world.inbox(team[0]) == ["visit.assigned"] * 2


async def test_who_sees_what_of_a_visit(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(2)
    visit = await world.plan(school, team[0])
    contact = await world.sign_in("school", school_id=school.id)
    officer = await world.sign_in("district", district="hailing")
    path = f"/api/visits/{visit}"
    city, member, office, own = [(await world.get(path, who)).json for who in (world.city, team[0], officer, contact)]
    assert city == member | {"own_sheet": None}
    assert city["team"][0]["inspector_id"] == team[0].person.id
    hidden = {"version": None, "assignments": None}
    assert office == city | hidden | {"team": None}
    assert own == city | hidden | {"team": [{"inspector_id": None, "name": "专家甲", "lead": True}]}
    for stranger in (
        team[1],
        await world.sign_in("district", district="taixing"),
        await world.sign_in("school", school_id=new_id()),
    ):
        assert (await world.get(path, stranger)).status == 404
    assert (await world.get(path, await world.sign_in("admin"))).status == 403


async def test_lists_hold_what_one_may_see_by_date(world: Visiting) -> None:
    team = await world.inspectors(2)
    schools = [
        await world.school("甲小学"),
        await world.school("乙小学", district="taixing"),
        await world.school("丙小学"),
    ]
    visits = [
        await world.plan(schools[0], team[0], date="2022-09-07"),
        await world.plan(schools[1], team[0], date="2022-09-06"),
        await world.plan(schools[2], team[1], date="2022-09-06", half="afternoon"),
    ]
    contact = await world.sign_in("school", school_id=schools[1].id)
    officer = await world.sign_in("district", district="hailing")

    async def listed(who: SignedIn, query: str = "") -> list[str]:
        answer = await world.get(f"/api/visits{query}", who)
        assert answer.status == 200
        return [visit["id"] for visit in answer.json["items"]]

    assert await listed(world.city) == [*sorted(visits[1:]), visits[0]]
    assert await listed(team[0]) == [visits[1], visits[0]]
    assert await listed(officer) == [visits[2], visits[0]]
    assert await listed(contact) == [visits[1]]
    assert await listed(world.city, "?district=taixing") == [visits[1]]
    assert await listed(world.city, "?date=2022-09-06&state=planned&district=hailing") == [visits[2]]
    assert await listed(world.city, "?state=open") == []
    assert await listed(officer, "?district=taixing") == []
    first = (await world.get("/api/visits?limit=2")).json
    rest = (await world.get(f"/api/visits?limit=2&cursor={first['next_cursor']}")).json
    assert [visit["id"] for visit in (*first["items"], *rest["items"])] == await listed(world.city)
    assert rest["next_cursor"] is None


async def test_a_planned_visit_is_changed(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(3)
    contact = await world.sign_in("school", school_id=school.id)
    visit = await world.plan(school, team[0], team[1], assignments={team[1].person.id: ["1"]})
    members = [{"inspector_id": team[2].person.id, "lead": True}, {"inspector_id": team[0].person.id}]
    change = {"version": 1, "date": "2022-09-08", "team": members}
    answer = await world.service.patch(f"/api/visits/{visit}", change, world.city.token)
    assert answer.status == 200
    assert (answer.json["date"], answer.json["half"], answer.json["version"]) == ("2022-09-08", "morning", 2)
    assert [each["name"] for each in answer.json["team"]] == ["专家丙", "专家甲"]
    assert answer.json["assignments"] == {}
    assert await world.inbox(contact) == ["visit.changed", "visit.planned"]
    assert await world.inbox(team[0]) == ["visit.assigned", "visit.changed"]
    assert await world.inbox(team[1]) == ["visit.assigned", "visit.unassigned"]
    assert await world.inbox(team[2]) == ["visit.assigned"]
    assert (await world.get(f"/api/visits/{visit}", team[1])).status == 404
    # The half days that it no longer takes are free.
    await world.plan(await world.school("乙小学"), team[0], team[1])
    assert (
        await world.post("/api/visits", world.body(await world.school("丙小学"), team[2], date="2022-09-08"))
    ).status == 409


async def test_a_change_of_an_old_version_is_refused(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(1)
    visit = await world.plan(school, *team)
    world.service.clock.advance(minutes=1)
    changes = [{"version": 1, "half": "afternoon"}, {"version": 1, "date": "2022-09-09"}]
    answers = await asyncio.gather(
        *(world.service.patch(f"/api/visits/{visit}", change, world.city.token) for change in changes)
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status == 409)
    assert loser.error["code"] == "version_conflict"
    # Who was slower is told by whom, and what they changed.
    assert world.city.person.name in loser.error["message"]
    [change] = loser.error["details"]
    assert (change["path"], change["message"]) in [
        ("/half", "时段由“上午”改为“下午”"),
        ("/date", "日期由“2022-09-05”改为“2022-09-09”"),
    ]
    assert await world.db.visit_slots.count_documents({}) == 1


async def test_once_begun_only_team_and_assignments_change(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(2)
    visit = await world.plan(school, team[0])
    await world.score(visit, team[0], ("1.1.1", "points", 1))
    version = (await world.get(f"/api/visits/{visit}")).json["version"]
    path = f"/api/visits/{visit}"
    moved = await world.service.patch(path, {"version": version, "date": "2022-09-09"}, world.city.token)
    assert (moved.status, moved.error["code"]) == (409, "wrong_state")
    members = [{"inspector_id": each.person.id, "lead": each is team[1]} for each in team]
    joined = await world.service.patch(path, {"version": version, "team": members}, world.city.token)
    assert joined.status == 200
    # The new member's sheet is open, and shows what they have scored.
    assert (await world.score(visit, team[1], ("1.1.2", "points", 0)))["revealed"]["1.1.2"]["points"] == 1


async def test_whoever_leaves_keeps_a_signed_sheet_and_an_unsigned_one_counts_for_nothing(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(3)
    visit = await world.plan(school, *team)
    await world.score_and_sign(visit, team[1], i1_1_1=100)
    await world.score(visit, team[2], ("1.1.1", "points", 0))
    version = (await world.get(f"/api/visits/{visit}")).json["version"]
    change = {"version": version, "team": [{"inspector_id": team[0].person.id, "lead": True}]}
    assert (await world.service.patch(f"/api/visits/{visit}", change, world.city.token)).status == 200
    late = world.operations(world.phone(team[2]), [("1.1.2", "points", 1)])
    assert (await world.send(visit, world.phone(team[2]), late)).status == 404
    await world.score_and_sign(visit, team[0])
    merged = (await world.get(f"/api/visits/{visit}/reconciliation", team[0])).json
    assert {each["name"] for each in merged["signed"]} == {"专家甲", "专家乙"}
    assert merged["unsigned"] == []
    # Whoever comes back goes on where they were; what they sent meanwhile was not lost.
    members = [{"inspector_id": each.person.id, "lead": each is team[0]} for each in (team[0], team[2])]
    change = {"version": (await world.get(f"/api/visits/{visit}")).json["version"], "team": members}
    assert (await world.service.patch(f"/api/visits/{visit}", change, world.city.token)).status == 200
    assert len((await world.send(visit, world.phone(team[2]), late)).json["applied"]) == 1
    assert [each["value"] for each in (await world.sheet(visit, team[2]))["fields"]] == [0, 1]


async def test_a_planned_visit_is_cancelled(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(1)
    contact = await world.sign_in("school", school_id=school.id)
    visit = await world.plan(school, *team)
    assert (await world.post(f"/api/visits/{visit}/cancel", {"reason": "台风"})).status == 204
    assert (await world.get(f"/api/visits/{visit}")).json["state"] == "cancelled"
    assert (await world.get("/api/visits")).json["items"] == []
    assert (await world.get(f"/api/visits/{visit}", team[0])).status == 404
    assert await world.inbox(contact) == ["visit.cancelled", "visit.planned"]
    assert (await world.post(f"/api/visits/{visit}/cancel", {"reason": "再来"})).status == 409
    assert await world.plan(school, *team) != visit


async def test_a_visit_that_has_begun_is_not_cancelled(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(1)
    visit = await world.plan(school, *team)
    await world.score(visit, team[0], ("1.1.1", "points", 1))
    answer = await world.post(f"/api/visits/{visit}/cancel", {"reason": "台风"})
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_a_submission_that_is_returned_or_withdrawn_loses_its_visit(world: Visiting) -> None:
    schools, team = [await world.school("甲小学"), await world.school("乙小学")], await world.inspectors(1)
    planned = await world.plan(schools[0], *team)
    begun = await world.plan(schools[1], *team, half="afternoon")
    await world.score(begun, team[0], ("1.1.1", "points", 1))
    for school, verb in zip(schools, ("return", "withdraw"), strict=True):
        answer = await world.post(f"/api/submissions/{school.submission_id}/{verb}", {"reason": "材料不实"})
        assert answer.status == 200, answer.body
    assert await world.db.visit_slots.count_documents({}) == 0
    for visit in (planned, begun):
        assert (await world.get(f"/api/visits/{visit}")).json["state"] == "cancelled"
        answer = await world.send(
            visit, world.phone(team[0]), world.operations(world.phone(team[0]), [("1.1.1", "points", 1)])
        )
        assert [each["code"] for each in answer.json["refused"]] == ["visit_closed"]


async def test_a_suggested_plan_can_be_saved_as_it_is(world: Visiting) -> None:
    schools = [
        await world.school(f"{name}小学", district=district)
        for name, district in zip("甲乙丙丁戊", "hhtth", strict=True)
    ]
    for district in "ht":
        await world.hand_in(district)
    await world.school("未报小学", district="x", handed_in=False)
    team = await world.inspectors(4)
    await world.db.people.update_one({"_id": team[0].person.id}, {"$set": {"ties": [schools[0].id]}})
    await world.plan(schools[4], team[3])
    answer = await world.post("/api/visits/suggestion", {"team_size": 2})
    assert answer.status == 200
    plan = answer.json
    assert plan["left_out"] == []
    assert sorted(visit["submission_id"] for visit in plan["visits"]) == sorted(
        each.submission_id for each in schools[:4]
    )
    assert (await world.post("/api/visits/suggestion", {"team_size": 2})).json == plan
    keys = ("submission_id", "date", "half")
    visits: list[dict[str, Any]] = [
        {key: visit[key] for key in keys}
        | {"team": [{key: member[key] for key in ("inspector_id", "lead")} for member in visit["team"]]}
        for visit in plan["visits"]
    ]
    assert (await world.post("/api/visits/plan", {"visits": visits})).status == 201


async def test_a_suggestion_of_impossible_days_or_people(world: Visiting) -> None:
    await world.school()
    answer = await world.post(
        "/api/visits/suggestion", {"days": ["2022-09-05", "2022-10-01"], "inspectors": [new_id()]}
    )
    assert (answer.status, answer.paths) == (422, ["/days/1", "/inspectors/0"])
    answer = await world.post("/api/visits/suggestion", {"days": ["2022-09-05"]})
    assert (len(answer.json["visits"]), len(answer.json["left_out"])) == (0, 1)


@pytest.mark.parametrize(("moment", "code"), [
    (datetime(2022, 8, 31, 15, 59, 59, 999000, tzinfo=UTC), "too_early"),
    (datetime(2022, 9, 30, 16, 0, tzinfo=UTC), "too_late"),
])  # fmt: skip
async def test_a_visit_starts_within_the_dates(world: Visiting, moment: datetime, code: str) -> None:
    school, team = await world.school(), await world.inspectors(1)
    visit = await world.plan(school, *team)
    await world.db.sessions.update_many({}, {"$set": {"seen_at": moment}})
    world.service.clock.set(moment)
    phone = world.phone(team[0])
    answer = await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 1)]))
    assert (answer.status, answer.error["code"]) == (409, code)
    assert (await world.state(school), len(json.dumps(await world.sheet(visit, team[0]))) > 0) == ("endorsed", True)


async def test_the_first_scores_start_it_once(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(3)
    visit = await world.plan(school, *team)
    assert (await world.get(f"/api/visits/{visit}/pack", team[0])).status == 200
    assert await world.state(school) == "endorsed"
    await asyncio.gather(*(world.score(visit, each, ("1.1.1", "points", 1)) for each in team))
    assert await world.state(school) == "visiting"
    assert (await world.get(f"/api/visits/{visit}")).json["state"] == "open"
    assert await world.db.audit_events.count_documents({"event": "submission.start_visit"}) == 1


async def test_refused_scores_start_nothing(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(1)
    visit = await world.plan(school, *team)
    phone = world.phone(team[0])
    answer = await world.send(visit, phone, world.operations(phone, [("9.9.9", "points", 1)]))
    assert [each["code"] for each in answer.json["refused"]] == ["unknown_item"]
    assert await world.state(school) == "endorsed"
