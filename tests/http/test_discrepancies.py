"""Discrepancies as rows: who sees what, in which order, and that they keep in step with the case."""

import pytest

from backend.services.cases import load_case
from backend.services.cycles import current
from backend.services.revisions import rule
from backend.store import submissions
from backend.store.mongo import Session, transact
from inspection.rules.outcome import assess
from tests.http.conftest import Clock, Service, SignIn, new_id
from tests.http.scored import City, Scored, make_city


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def rule_on(city: City, school: Scored, item: str, points: int) -> None:
    async def work(transaction: Session) -> None:
        deps = city.service.deps
        submission = await submissions.find(deps.db, school.submission_id, transaction)
        assert submission is not None
        cycle = await current(deps, transaction)
        await rule(deps, transaction, city.officer.actor, cycle, submission, item, points, {}, "复核")

    await transact(city.service.deps.db, work)


async def test_the_city_sees_all_of_a_row(city: City) -> None:
    school = await city.school(own={"1.1.2": 100}, agreed={"1.1.2": 0})
    answer = await city.get(f"{school.path}/discrepancies")
    assert answer.status == 200, answer.body
    [row] = answer.json["items"]
    assert answer.json["window"] is None
    assert {**row, "id": ""} == {
        "id": "",
        "item": "1.1.2",
        "kind": "overstated",
        "delta": 1,
        "severity": "major",
        "changes_grade": False,
        "self_assessment": {"points": 1, "clauses": {}},
        "agreed": {"points": 0, "clauses": {}},
        "state": "open",
        "current": True,
    }


async def test_rows_are_the_rules_own_in_their_order(city: City) -> None:
    school = await city.school(
        own={"1.1.2": 100, "2.1.1": 0, "1.1.3": 100, "3.1.1": 0},
        agreed={"1.1.2": 0, "1.1.3": 50},
        unmet=[("1.1.5", "demonstration"), ("1.1.1", "basic")],
    )
    deps = city.service.deps

    async def read(transaction: Session) -> list[tuple[str, str]]:
        submission = await submissions.find(deps.db, school.submission_id, transaction)
        assert submission is not None
        _, case = await load_case(deps, transaction, await current(deps, transaction), submission)
        return [(row.item, row.kind) for row in assess(case).discrepancies]

    expected = await transact(deps.db, read)
    assert len(expected) > 4
    rows = (await city.get(f"{school.path}/discrepancies")).json["items"]
    assert [(row["item"], row["kind"]) for row in rows] == expected
    queue = (await city.get("/api/discrepancies")).json["items"]
    assert [(row["item"], row["kind"]) for row in queue] == expected


async def test_the_queue_has_what_weighs_most_first_over_all_schools(city: City) -> None:
    small = await city.school("甲", own={"1.1.2": 100}, agreed={"1.1.2": 50})
    # 90 points and ▲ unmet: the school's claim would make it a demonstration school.
    grave = await city.school("乙", district="xinghua", unmet=[("1.1.5", "demonstration")])
    large = await city.school("丙", own={"4.1.1": 200}, agreed={"4.1.1": 0})
    queue = (await city.get("/api/discrepancies")).json["items"]
    assert [row["school_name"] for row in queue] == ["乙", "丙", "甲"]
    assert queue[0]["changes_grade"] is True
    assert queue[0]["submission_id"] == grave.submission_id
    pages, cursor = [], ""
    for _ in range(3):
        page = (await city.get(f"/api/discrepancies?limit=1{cursor}")).json
        pages += [row["school_id"] for row in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == [grave.id, large.id, small.id]
    assert page["next_cursor"] is None
    found = (await city.get("/api/discrepancies?district=xinghua&kind=clause_denied&state=open")).json["items"]
    assert [row["school_name"] for row in found] == ["乙"]
    assert (await city.get("/api/discrepancies?severity=critical&district=hailing")).json["items"] == []
    assert (await city.get("/api/discrepancies?kind=$ne")).paths == ["/query/kind"]


async def test_a_school_sees_only_what_it_may_answer(city: City, clock: Clock) -> None:
    school = await city.school(own={"1.1.2": 100}, agreed={"1.1.2": 0})
    contact, stranger = await city.contact(school), await city.sign_in("school")
    assert (await city.get(f"{school.path}/discrepancies", contact)).status == 404
    body = {"closes": "2022-10-15T00:00:00+08:00"}
    assert (await city.post(f"{school.path}/answer-window", body)).status == 200
    answer = await city.get(f"{school.path}/discrepancies", contact)
    assert answer.status == 200
    [row] = answer.json["items"]
    assert (row["severity"], row["changes_grade"]) == (None, None)
    assert (row["self_assessment"]["points"], row["agreed"]["points"]) == (1, 0)
    sheets = await city.service.deps.db.score_sheets.find({"visit_id": school.visit_id}).to_list(None)
    assert all(sheet["inspector_id"].encode() not in answer.body for sheet in sheets)
    assert "专家".encode() not in answer.body
    assert (await city.get(f"{school.path}/discrepancies", stranger)).status == 404
    # While it is visited anew there is nothing to see.
    await city.service.deps.db.submissions.update_one({"_id": school.submission_id}, {"$set": {"state": "visiting"}})
    assert (await city.get(f"{school.path}/discrepancies", contact)).status == 404
    assert (await city.get(f"{school.path}/discrepancies")).status == 404
    assert (await city.get("/api/discrepancies")).json["items"] == []


async def test_a_district_sees_its_own(city: City) -> None:
    school = await city.school(own={"1.1.2": 100}, agreed={"1.1.2": 0})
    own, other = await city.sign_in("district", district="hailing"), await city.sign_in("district", district="xinghua")
    answer = await city.get(f"{school.path}/discrepancies", own)
    assert (answer.status, answer.json["items"][0]["severity"]) == (200, "major")
    assert (await city.get(f"{school.path}/discrepancies", other)).status == 404
    for role in ("inspector", "admin"):
        assert (await city.get(f"{school.path}/discrepancies", await city.sign_in(role))).status == 403
    assert (await city.get("/api/discrepancies", own)).status == 403
    assert (await city.get(f"/api/submissions/{new_id()}/discrepancies")).status == 404


async def test_rows_keep_in_step_with_rulings(city: City) -> None:
    school = await city.school(own={"1.1.2": 100, "1.1.3": 100}, agreed={"1.1.2": 0, "1.1.3": 0})
    before = {row["item"]: row for row in (await city.get(f"{school.path}/discrepancies")).json["items"]}
    await rule_on(city, school, "1.1.2", 50)
    after = {row["item"]: row for row in (await city.get(f"{school.path}/discrepancies")).json["items"]}
    # The same row, with what is so now.
    assert after["1.1.2"]["id"] == before["1.1.2"]["id"]
    assert (after["1.1.2"]["delta"], after["1.1.2"]["agreed"]["points"]) == (0.5, 0.5)
    assert after["1.1.3"] == before["1.1.3"]
    await rule_on(city, school, "1.1.2", 100)
    rows = (await city.get(f"{school.path}/discrepancies")).json["items"]
    assert [row["item"] for row in rows] == ["1.1.3"]
    await rule_on(city, school, "1.1.2", 0)
    again = {row["item"]: row for row in (await city.get(f"{school.path}/discrepancies")).json["items"]}
    assert again == before
