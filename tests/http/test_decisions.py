"""Confirming proposed grades: who may, what stands against it, and that a stored decision can be replayed."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.http.conftest import Clock, Service, SignIn, new_id
from tests.http.scored import OCTOBER, City, Scored, make_city

GAP: dict[str, Any] = {"own": {"1.1.2": 100}, "agreed": {"1.1.2": 0}}


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def test_a_proposal_and_its_decision(city: City) -> None:
    school = await city.school(applied="qualified", unmet=[("1.1.5", "demonstration")], lost=1000)
    proposed = (await city.get(f"{school.path}/decision")).json
    assert proposed["grade"] == {
        "applied": "qualified",
        "total": 100,
        "attained": "excellent",
        "awarded": "qualified",
        "statement": "已达优秀型条件，按申报类型认定为合格型",
        "explanation": [
            {
                "grade": "demonstration",
                "grade_title": "示范型",
                "points_short": 0,
                "clauses_unmet": [{"item": "1.1.5", "clause": "demonstration"}],
            }
        ],
        "shortest_path": ["1.1.5"],
    }
    assert (proposed["state"], proposed["decision"], proposed["made"]) == ("scored", None, [])
    body = {"submission_ids": [school.submission_id], "opinion": "同意认定为合格型"}
    answer = await city.post("/api/decisions", body)
    assert answer.status == 200, answer.body
    [decided] = answer.json["decided"]
    assert (decided["attained"], decided["awarded"], decided["decision"]["version"]) == ("excellent", "qualified", 1)
    stands = (await city.get(f"{school.path}/decision")).json
    assert (stands["state"], stands["decision"], stands["grade"]) == (
        "decided",
        decided["decision"],
        proposed["grade"],
    )
    [made] = stands["made"]
    assert (made["decided_by"], made["opinion"], made["correction"]) == ("李市长", "同意认定为合格型", None)


async def test_the_audit_trail_names_the_school_of_a_decision(city: City) -> None:
    school = await city.decided("海陵小学", applied="qualified")
    [event] = (await city.get("/api/tables/audit-events?event=decision.made")).json["items"]
    assert (event["object"]["name"], event["after"]["submission_id"]) == ("海陵小学", school.submission_id)
    assert {"name": "申报", "before": "（空）", "after": "海陵小学"} in event["changes"]


async def test_the_list_is_by_state_and_district(city: City) -> None:
    await city.school("丙校")
    await city.decided("乙校", district="xinghua")
    await city.decided("甲校")
    rows = (await city.get("/api/decisions?limit=2")).json
    more = (await city.get(f"/api/decisions?limit=2&cursor={rows['next_cursor']}")).json
    assert [row["school_name"] for row in rows["items"] + more["items"]] == ["丙校", "乙校", "甲校"]
    assert more["next_cursor"] is None
    found = (await city.get("/api/decisions?state=decided&district=xinghua")).json["items"]
    assert [(row["school_name"], row["state"], row["decision"]["version"]) for row in found] == [("乙校", "decided", 1)]
    assert (await city.get("/api/decisions?state=draft")).paths == ["/query/state"]


async def test_the_table_by_what_is_granted_and_by_points(city: City) -> None:
    await city.school("甲小学", lost=2050)
    await city.school("乙小学", district="xinghua", unmet=[("1.1.5", "demonstration")])
    await city.school("丙小学", unmet=[("1.1.1", "basic")])

    async def found(query: str) -> list[str]:
        answer = await city.get(f"/api/tables/decisions?{query}")
        assert answer.status == 200, answer.body
        assert answer.json["total"] == (3 if "skip" in query else len(answer.json["items"]))
        return [row["school_name"] for row in answer.json["items"]]

    by_points = await found("sort=total")
    assert by_points[0] == "甲小学"
    assert await found("sort=-total") == by_points[::-1]
    assert await found("sort=-total&skip=1&limit=1") == by_points[1:2]
    assert await found("awarded=none") == await found("awarded=none&sort=-discrepancies") == ["丙小学"]
    assert await found("district=xinghua&sort=total") == await found("name=%E4%B9%99&awarded=excellent") == ["乙小学"]
    assert await found("state=decided&sort=total") == await found("awarded=qualified&district=xinghua") == []
    assert (await city.get("/api/tables/decisions?district=nowhere")).status == 404


async def test_many_are_decided_each_on_its_own(city: City) -> None:
    one, two = await city.school("甲"), await city.school("乙")
    reviewed = await city.school("丙", reviewers=[city.officer.person.id])
    gone = await city.decided("丁")
    body = {"submission_ids": [one.submission_id, reviewed.submission_id, gone.submission_id, two.submission_id]}
    body["submission_ids"] += [unknown := new_id(), one.submission_id]
    answer = await city.post("/api/decisions", body)
    assert answer.status == 200
    assert [each["submission_id"] for each in answer.json["decided"]] == [one.submission_id, two.submission_id]
    assert [(each["submission_id"], each["code"]) for each in answer.json["refused"]] == [
        (reviewed.submission_id, "not_ready"),
        (gone.submission_id, "wrong_state"),
        (unknown, "not_found"),
    ]
    assert answer.json["refused"][0]["reasons"] == ["初评该校的人不能独自认定，请由另一位市教育局人员认定"]


async def test_who_reviewed_may_not_alone_decide(city: City) -> None:
    school = await city.school(reviewers=[city.officer.person.id])
    answer = await city.decide(school)
    assert answer.status == 409
    assert [detail["code"] for detail in answer.error["details"]] == ["second_person"]
    assert (await city.decide(school, by=await city.sign_in("city"))).status == 200


async def test_answers_stand_in_the_way_until_they_are_settled(city: City, clock: Clock) -> None:
    school = await city.school(**GAP)
    closes = OCTOBER + timedelta(hours=1)
    await city.post(f"{school.path}/answer-window", {"closes": closes.isoformat()})
    answer = await city.decide(school)
    assert [detail["code"] for detail in answer.error["details"]] == ["answers_settled"]
    contact = await city.contact(school)
    await city.service.put(f"{school.path}/answers/1.1.2", {"text": "见照片"}, contact.token)
    answer = await city.decide(school)
    assert [detail["code"] for detail in answer.error["details"]] == ["answers_settled"] * 2
    assert "1.1.2" in answer.error["details"][0]["message"]
    clock.set(closes)
    assert len((await city.decide(school)).error["details"]) == 1
    await city.post(f"{school.path}/answers/1.1.2/settle", {"result": "upheld", "reason": "不足"})
    assert (await city.decide(school)).status == 200
    late = await city.post(f"{school.path}/answers/1.1.2/settle", {"result": "upheld", "reason": "不足"})
    assert (late.status, late.error["code"]) == (409, "wrong_state")


async def test_ten_at_once_decide_once(city: City) -> None:
    school = await city.school()
    answers = await asyncio.gather(*(city.decide(school) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    assert await city.service.deps.db.decisions.count_documents({}) == 1
    trail = (await city.get("/api/tables/audit-events?event=submission.decide")).json["items"]
    assert len(trail) == 1


async def test_an_answer_and_a_decision_cannot_miss_each_other(city: City) -> None:
    schools = [await city.school(f"{number}校", **GAP) for number in range(8)]
    closes = OCTOBER + timedelta(hours=1)
    for school in schools:
        await city.contact(school)
        await city.post(f"{school.path}/answer-window", {"closes": closes.isoformat()})

    async def answer_and_decide(school: Scored) -> None:
        # The window closes in the database's eyes while both are under way.
        shut = {"$set": {"answer_window.closes": OCTOBER}}
        body, token = {"text": "见照片"}, (await city.contact(school)).token
        await asyncio.gather(
            city.service.put(f"{school.path}/answers/1.1.2", body, token),
            city.service.deps.db.submissions.update_one({"_id": school.submission_id}, shut),
            city.decide(school),
        )
        answered = (await city.get(f"{school.path}/discrepancies")).json["answers"]
        assert not (answered and await city.state(school) == "decided")

    await asyncio.gather(*map(answer_and_decide, schools))


async def test_just_what_was_seen_is_confirmed(city: City) -> None:
    school = await city.school(**GAP)
    seen = (await city.get("/api/decisions")).json["items"][0]["version"]
    body: dict[str, Any] = {"submission_ids": [school.submission_id], "seen": {school.submission_id: seen + 1}}
    answer = await city.post("/api/decisions", body)
    assert (answer.status, answer.error["code"]) == (409, "version_conflict")
    body["seen"] = {school.submission_id: seen}
    assert (await city.post("/api/decisions", body)).status == 200


async def test_of_two_officers_the_second_is_told_what_the_first_did(city: City) -> None:
    school, second = await city.school(**GAP), await city.sign_in("city", name="王科长")
    seen = (await city.get("/api/decisions")).json["items"][0]["version"]
    city.service.clock.advance(minutes=1)
    assert (await city.decide(school)).status == 200
    body = {"submission_ids": [school.submission_id], "seen": {school.submission_id: seen}}
    late = await city.post("/api/decisions", body, second)
    assert (late.status, late.error["code"]) == (409, "version_conflict")
    assert city.officer.person.name in late.error["message"]
    told = [(each["path"], each["message"]) for each in late.error["details"]]
    assert told == [("/state", "状态由“评分完成”改为“已认定”")]


async def test_a_decision_is_taken_back_and_stays_on_record(city: City) -> None:
    school = await city.decided("海陵小学")
    path = f"{school.path}/reopen-decision"
    assert (await city.post(path, {})).paths == ["/reason"]
    assert (await city.post(path, {"reason": "漏看一张评分表"})).status == 204
    again = await city.post(path, {"reason": "漏看一张评分表"})
    assert (again.status, again.error["code"]) == (409, "wrong_state")
    reopened = (await city.get(f"{school.path}/decision")).json
    assert (reopened["state"], reopened["decision"], len(reopened["made"])) == ("scored", None, 1)
    assert (await city.decide(school)).json["decided"][0]["decision"]["version"] == 2
    assert [made["version"] for made in (await city.get(f"{school.path}/decision")).json["made"]] == [1, 2]


async def test_only_the_city_decides_and_nobody_else_sees(city: City) -> None:
    school = await city.decided("海陵小学")
    contact, own = await city.contact(school), await city.sign_in("district", district="hailing")
    for who in (contact, own, await city.sign_in("inspector"), await city.sign_in("admin")):
        assert (await city.get("/api/decisions", who)).status == 403
        assert (await city.get("/api/decisions/export", who)).status == 403
        assert (await city.decide(school, by=who)).status == 403
        assert (await city.post(f"{school.path}/reopen-decision", {"reason": "x"}, who)).status == 403
    assert (await city.get(f"{school.path}/decision", contact)).status == 403
    assert (await city.get(f"{school.path}/decision", own)).status == 404
    assert (await city.get("/api/results", contact)).json["items"] == []
    assert (await city.get("/api/results", own)).json["items"] == []
    await city.published()
    assert (await city.get(f"{school.path}/decision", own)).status == 200
    other = await city.sign_in("district", district="xinghua")
    assert (await city.get(f"{school.path}/decision", other)).status == 404


async def test_the_real_command_replays_every_decision(city: City, tmp_path: Path) -> None:
    await city.decided("甲", **GAP, applied="qualified")
    await city.decided("乙", district="xinghua", unmet=[("1.1.1", "basic")])
    again = await city.decided("丙", lost=3350)
    await city.post(f"{again.path}/reopen-decision", {"reason": "复核"})
    assert (await city.decide(again)).status == 200
    cases = await city.get("/api/decisions/export")
    outcomes = await city.get("/api/decisions/export?what=outcomes")
    assert cases.headers["Content-Type"] == "application/jsonl"
    assert len(cases.body.splitlines()) == len(outcomes.body.splitlines()) == 4
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(cases.body)
    command = ("-m", "backend", "decide", str(file))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    replayed, _ = await process.communicate()
    assert process.returncode == 0
    assert replayed == outcomes.body
    assert b"taizhou-2022@" in cases.body
    assert b'"rules"' in cases.body
    assert len((await city.get("/api/decisions/export?district=xinghua")).body.splitlines()) == 1
