"""The merge of signed sheets over HTTP: who sees it, what it says, rulings and their rank; cases in a stream."""

import asyncio
from typing import Any

import pytest

from backend.services import reconciliation
from backend.services.cycles import current
from backend.services.reconciliation import case_data, cases
from backend.store import score_sheets, visits
from backend.strict_json import parse_json, write_json
from inspection.rules.outcome import assess
from inspection.rules.replay import outcome_to_data, parse_case
from inspection.rules.workflow import State
from tests.http.conftest import Answer, Service, SignedIn, SignIn
from tests.http.visiting import SECRET, School, Visiting, make_visiting


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
async def team(world: Visiting) -> list[SignedIn]:
    return await world.inspectors(2)


@pytest.fixture
async def school(world: Visiting) -> School:
    return await world.school(own={"1.1.2": 0})


@pytest.fixture
async def visit(world: Visiting, school: School, team: list[SignedIn]) -> str:
    return await world.plan(school, *team)


async def merged(world: Visiting, visit: str, who: SignedIn | None = None) -> Any:
    answer = await world.get(f"/api/visits/{visit}/reconciliation", who)
    assert answer.status == 200, answer.body
    return answer.json


async def rule(world: Visiting, visit: str, who: SignedIn, item: str = "1.1.1", **more: Any) -> Answer:
    return await world.post(f"/api/visits/{visit}/rulings", {"item": item, "reason": "现场复核"} | more, who)


def item(view: Any, code: str) -> Any:
    return next(each for each in view["items"] if each["item"] == code)


async def test_the_lead_sees_it_once_all_have_signed(world: Visiting, team: list[SignedIn], visit: str) -> None:
    path = f"/api/visits/{visit}/reconciliation"
    await world.score_and_sign(visit, team[0])
    await world.score(visit, team[1], ("1.1.1", "points", 0.5), ("1.1.1", "note", "线路未接入"))
    early = await world.get(path, team[0])
    assert (early.status, early.error["code"]) == (409, "sheets_unsigned")
    assert "专家乙" in early.error["message"]
    member = await world.get(path, team[1])
    assert (member.status, member.error["code"]) == (403, "not_the_lead")
    # The city may look at any time; what is not signed is not there.
    view = await world.get(path)
    assert [each["name"] for each in view.json["signed"]] == ["专家甲"]
    assert "线路未接入" not in view.body.decode()
    await world.score(visit, team[1], *(each for each in world.everything() if each[:2] != ("1.1.1", "points")))
    assert (await world.sign(visit, team[1])).status == 200
    view = await world.get(path, team[0])
    notes = {each["note"] for each in item(view.json, "1.1.1")["sheets"]}
    assert notes == {None, "线路未接入"}
    # Differences show the school's points, its notes are elsewhere.
    assert SECRET not in view.body.decode()


async def test_what_it_says(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await world.score_and_sign(visit, team[0], i1_1_1=150, i1_1_2=100)
    await world.score_and_sign(visit, team[1], i1_1_1=200, i1_1_2=0)
    view = await merged(world, visit, team[0])
    first, second = item(view, "1.1.1"), item(view, "1.1.2")
    assert (first["agreed_points"], first["rule"]) == (1.75, "mean")
    assert first["clauses"] == [{"name": "basic", "verdict": True, "source": "sheets"}]
    assert item(view, "1.2.1")["clauses"][0]["source"] == "figures"
    assert (second["agreed_points"], second["rule"]) == (None, "inspectors_differ")
    assert sorted(each["points"] for each in second["sheets"]) == [0, 1]
    assert second["self_assessment"] == {"points": 0, "clauses": {}}
    assert (view["undecided"], view["decision"], view["total"]) == (["1.1.2"], None, 108.75)
    assert [(each["item"], each["kind"]) for each in view["differences"]] == [("1.1.2", "inspectors_differ")]
    assert [each["path"] for each in view["missing"]] == ["/items/1.1.2/points", ""]
    answer = await rule(world, visit, team[0], "1.1.2", points=1)
    assert answer.status == 201
    view = await merged(world, visit, team[0])
    assert (item(view, "1.1.2")["agreed_points"], item(view, "1.1.2")["rule"]) == (1, "ruling")
    assert (view["total"], view["undecided"]) == (109.75, [])
    assert (view["decision"]["attained"], view["decision"]["awarded"]) == ("demonstration", "demonstration")
    assert [(each["item"], each["kind"], each["delta"]) for each in view["differences"]] == [
        ("1.1.2", "understated", -1)
    ]
    assert [(each["rank"], each["points"], each["name"]) for each in view["rulings"]] == [("lead", 1, "专家甲")]
    assert [each["code"] for each in view["missing"]] == ["countersigned"]


async def test_who_rules_when(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await world.score_and_sign(visit, team[0])
    early = await rule(world, visit, team[0], points=1)
    assert (early.status, early.error["code"]) == (409, "sheets_unsigned")
    await world.score_and_sign(visit, team[1])
    member = await rule(world, visit, team[1], points=1)
    assert (member.status, member.error["code"]) == (403, "not_the_lead")
    city = await rule(world, visit, world.city, points=1)
    assert (city.status, city.error["code"]) == (409, "wrong_state")
    assert (await rule(world, visit, await world.sign_in("district"), points=1)).status == 403
    assert (await rule(world, visit, await world.sign_in("inspector"), points=1)).status == 404
    assert (await rule(world, visit, team[0], points=1)).status == 201


@pytest.mark.parametrize(("body", "path"), [
    ({"points": 0.3}, "/points"),
    ({"points": 3}, "/points"),
    ({"item": "9.9.9", "points": 1}, "/item"),
    ({"item": "1.3.6", "clauses": {"senior": True}}, "/clauses/senior"),
    ({}, ""),
    ({"points": 1, "reason": " "}, "/reason"),
    ({"points": 1, "clauses": {"basic": None}}, "/clauses/basic"),
])  # fmt: skip
async def test_what_cannot_be_ruled(
    world: Visiting, team: list[SignedIn], visit: str, body: dict[str, Any], path: str
) -> None:
    for each in team:
        await world.score_and_sign(visit, each)
    answer = await rule(world, visit, team[0], **body)
    assert (answer.status, answer.paths) == (422, [path])


async def test_of_two_rulings_at_once_both_are_kept(world: Visiting, team: list[SignedIn], visit: str) -> None:
    for each in team:
        await world.score_and_sign(visit, each)
    answers = await asyncio.gather(
        rule(world, visit, team[0], points=1),
        rule(world, visit, team[0], clauses={"basic": False}),
        rule(world, visit, team[0], "1.1.2", points=0),
    )
    assert [answer.status for answer in answers] == [201] * 3
    view = await merged(world, visit, team[0])
    assert len(view["rulings"]) == 3
    first = item(view, "1.1.1")
    assert (first["agreed_points"], first["clauses"][0]["verdict"]) == (1, False)
    assert await world.db.audit_events.count_documents({"event": "ruling.made"}) == 3


async def closed(world: Visiting, team: list[SignedIn], visit: str, **points: int) -> None:
    """Scores, signs, rules and closes."""
    for each in team:
        await world.score_and_sign(visit, each, **points)
    await rule(world, visit, team[0], points=1)
    await rule(world, visit, team[0], points=0.5)
    path = f"/api/visits/{visit}"
    refused = {"refused": True, "reason": "校长不在"}
    assert (await world.service.put(f"{path}/countersignature", refused, team[0].token)).status == 200
    answer = await world.post(f"{path}/close", None, team[0])
    assert answer.status == 200, answer.body


async def test_the_city_outranks_the_lead_and_the_latest_stands(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    await closed(world, team, visit)
    assert item(await merged(world, visit), "1.1.1")["agreed_points"] == 0.5
    late = await rule(world, visit, team[0], points=2)
    assert (late.status, late.error["code"]) == (409, "wrong_state")
    answer = await rule(world, visit, world.city, points=2)
    assert (answer.status, answer.json["rank"]) == (201, "city")
    assert (await rule(world, visit, world.city, points=1.5)).status == 201
    assert (await rule(world, visit, world.city, points=0.3)).status == 422
    view = await merged(world, visit)
    assert item(view, "1.1.1")["agreed_points"] == 1.5
    assert [each["rank"] for each in view["rulings"]] == ["lead", "lead", "city", "city"]
    # The lead comes later, and stays below.
    assert (await world.post(f"/api/visits/{visit}/reopen", {"reason": "重查"})).status == 200
    assert (await rule(world, visit, team[0], points=0)).status == 201
    assert item(await merged(world, visit), "1.1.1")["agreed_points"] == 1.5


async def test_a_stored_case_reads_back_as_itself(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await closed(world, team, visit, i1_1_2=0, i1_3_6=50)
    cycle = await current(world.service.deps)
    (found,) = [each async for each in cases(world.service.deps, cycle, [State.SCORED])]
    submission, stored, case = found
    assert (stored["_id"], submission["_id"]) == (visit, stored["submission_id"])
    assert [sheet.inspector for sheet in case.sheets] == sorted(each.person.id for each in team)
    assert case.evidence["1.1.1"] == 1
    text = write_json(case_data(case))
    again = parse_case(parse_json(text.encode()), lambda _: cycle.rubric)
    assert again == case
    view = await merged(world, visit)
    data: Any = outcome_to_data(assess(again))
    assert data["decision"]["total"] == view["total"]
    assert {each["item"]: each["agreed_points"] for each in view["items"]} == {
        code: each["agreed_points"] for code, each in data["items"].items()
    }


async def test_cases_stream_in_few_queries(world: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    team = await world.inspectors(1)
    schools = [await world.school(f"第{number}小学") for number in range(5)]
    halves = [(day, half) for day in ("2022-09-05", "2022-09-06", "2022-09-07") for half in ("morning", "afternoon")]
    for school, (day, half) in zip(schools, halves, strict=False):
        visit = await world.plan(school, *team, date=day, half=half)
        await world.score_and_sign(visit, team[0])
    unsigned = await world.plan(await world.school("未签小学"), *team, date="2022-09-08")
    await world.score(unsigned, team[0], ("1.1.1", "points", 1))
    await world.school("未访小学", state=State.VISITING)
    cycle = await current(world.service.deps)
    monkeypatch.setattr(reconciliation, "_BATCH", 2)
    counts = [_counted(monkeypatch, *each) for each in QUERIES]
    found = [each async for each in cases(world.service.deps, cycle, [State.VISITING])]
    # Seven submissions, two at a time.
    assert [len(calls) for calls in counts] == [4, 4, 4]
    ids = [submission["_id"] for submission, _, _ in found]
    assert ids == sorted(ids)
    assert len(ids) == 6
    assert sorted(len(case.sheets) for _, _, case in found) == [0, 1, 1, 1, 1, 1]
    assert [each async for each in cases(world.service.deps, cycle, [State.SCORED])] == []


QUERIES = [(reconciliation, "submissions_after"), (visits, "live_by_submission"), (score_sheets, "signed_by_visit")]


def _counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[None]:
    """Counts the calls of a function of the store, each of which is one query."""
    calls: list[None] = []
    real = getattr(module, name)

    async def counted(*arguments: Any) -> Any:
        calls.append(None)
        return await real(*arguments)

    monkeypatch.setattr(module, name, counted)
    return calls
