"""A changed rubric: looked at, whose outcome it would change, taken or left; what is published keeps its own."""

from typing import Any

import pytest

from backend.config_files import default_config_folder, read_rubric_file
from backend.services import rubric_candidates, rubric_changes
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService
from tests.http.scored import City, Scored, make_city
from tests.http.world import make_world
from tests.wechat_stub import running_stub

SOURCE = read_rubric_file(default_config_folder(), "taizhou-2022").decode()
STARRED = "            text: ★1.有线网络"
CLAUSE = "            clauses: [{name: basic, requirement: basic}]\n"
ADOPTION: dict[str, Any] = {"reason": "省里修订了细则"}


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


def without_star() -> str:
    """1.1.1 asks no more for what its ★ asked."""
    place = SOURCE.index(STARRED)
    head, tail = SOURCE[:place], SOURCE[place:]
    return head + tail.replace("★1.有线", "1.有线", 1).replace(CLAUSE, "", 1)


def with_smaller_item() -> str:
    """1.1.2 is worth half a point less, and 1.1.3 half a point more."""
    first = "          - code: 1.1.2\n            points: 1\n"
    second = "          - code: 1.1.3\n            points: 1\n"
    assert first in SOURCE
    assert second in SOURCE
    changed = SOURCE.replace(first, first.replace("points: 1", "points: 0.5"))
    return changed.replace(second, second.replace("points: 1", "points: 1.5"))


async def upload(city: City, text: str, who: SignedIn | None = None) -> Answer:
    return await city.service.request(
        "POST",
        "/api/rubric/candidates",
        body=text.encode(),
        token=(who or city.officer).token,
        headers={"Content-Type": "application/yaml"},
    )


async def uploaded(city: City, text: str) -> Any:
    answer = await upload(city, text)
    assert answer.status == 201, answer.body
    return answer.json


async def compared(city: City, candidate: Any, query: str = "") -> Any:
    answer = await city.get(f"/api/rubric/candidates/{candidate['sha256']}/outcomes{query}")
    assert answer.status == 200, answer.body
    return answer.json


async def adopt(city: City, candidate: Any, **more: Any) -> Answer:
    body = ADOPTION | {"present_sha256": candidate["present_sha256"]} | more
    return await city.post(f"/api/rubric/candidates/{candidate['sha256']}/adoption", body)


async def total(city: City, school: Scored) -> Any:
    rows = (await city.get("/api/decisions?limit=200")).json["items"]
    return next(
        (row["grade"]["total"], row["grade"]["awarded"]) for row in rows if row["submission_id"] == school.submission_id
    )


async def test_the_difference_is_said_item_by_item(city: City) -> None:
    found = await uploaded(city, with_smaller_item())
    assert (found["present"], found["points"], found["present_points"], found["note_changed"]) == (
        False,
        110,
        110,
        False,
    )
    assert [(each["code"], each["kind"], each["parts"]) for each in found["items"]] == [
        ("1.1.2", "changed", ["points"]),
        ("1.1.3", "changed", ["points"]),
    ]
    assert (found["items"][0]["before"]["points"], found["items"][0]["after"]["points"]) == (1, 0.5)
    assert found["indicators"] == []
    star = await uploaded(city, without_star())
    assert [(each["code"], each["parts"]) for each in star["items"]] == [("1.1.1", ["text", "clauses"])]
    assert [len(star["items"][0][side]["clauses"]) for side in ("before", "after")] == [1, 0]
    listed = (await city.get("/api/rubric/candidates")).json["candidates"]
    assert {each["sha256"] for each in listed} == {found["sha256"], star["sha256"]}
    # Nothing has come of it.
    assert (await city.get("/api/rubric")).json["sha256"] == found["present_sha256"]


async def test_every_school_whose_outcome_would_change(city: City) -> None:
    below = await city.school("未达标校", unmet=[("1.1.1", "basic")])
    await city.school("满分校", district="xinghua")
    decided = await city.decided("已认定校", unmet=[("1.1.1", "basic")])
    star = await uploaded(city, without_star())
    assert (star["schools"], star["published"]) == (3, 0)
    assert star["blocked"] == ["有 1 所学校已认定而未公布，请先公布，或撤回认定"]
    found = await compared(city, star)
    assert (found["checked"], found["next_cursor"]) == (3, None)
    changes = {each["submission_id"]: each for each in found["items"]}
    assert set(changes) == {below.submission_id, decided.submission_id}
    change = changes[below.submission_id]
    assert (change["school_name"], change["grade_changes"], change["open_items"]) == ("未达标校", True, [])
    assert (change["before"]["awarded"], change["after"]["awarded"]) == (None, "demonstration")
    assert (change["before"]["statement"], change["after"]["statement"]) == ("未达标", "认定为示范型")
    smaller = await compared(city, await uploaded(city, with_smaller_item()))
    # All have full points, which the item hasn't any more: they would have to be scored anew.
    assert {tuple(each["open_items"]) for each in smaller["items"]} == {("1.1.2",)}
    assert [each["after"]["total"] for each in smaller["items"]] == [None] * 3


async def test_it_goes_on_school_by_school(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rubric_candidates, "SCHOOLS_EACH", 2)
    schools = [await city.school(f"第{number}校", unmet=[("1.1.1", "basic")]) for number in range(5)]
    star, cursor, changed, checked = await uploaded(city, without_star()), "", [], []
    while True:
        found = await compared(city, star, cursor)
        changed += [each["submission_id"] for each in found["items"]]
        checked.append(found["checked"])
        if found["next_cursor"] is None:
            break
        cursor = f"?cursor={found['next_cursor']}"
    assert sorted(changed) == sorted(each.submission_id for each in schools)
    assert checked == [2, 2, 1]


async def test_taken_it_is_the_cycles_and_outcomes_follow(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    school, fine = await city.school("甲", unmet=[("1.1.1", "basic")]), await city.school("乙")
    assert (await total(city, school))[1] is None
    star = await uploaded(city, without_star())
    # It is interrupted before the first outcome, and goes on.
    monkeypatch.setattr(rubric_changes, "SECONDS", -1.0)
    answer = await adopt(city, star)
    assert (answer.status, answer.json) == (200, {"sha256": star["sha256"], "remaining": 2})
    monkeypatch.setattr(rubric_changes, "SECONDS", 30.0)
    assert (await adopt(city, star)).json == {"sha256": star["sha256"], "remaining": 0}
    assert (await total(city, school))[1] == (await total(city, fine))[1] == "demonstration"
    assert (await city.get("/api/rubric")).json["sha256"] == star["sha256"]
    [event] = await city.service.deps.db.audit_events.find({"event": "rubric.adopted"}).to_list(None)
    assert event["before"] == {"rubric_sha256": star["present_sha256"]}
    assert event["reason"] == ADOPTION["reason"]
    assert (await city.get("/api/rubric/candidates")).json["candidates"] == []
    # A decision by it can be replayed: its case names it.
    assert (await city.decide(school)).status == 200
    exported = (await city.get("/api/decisions/export")).body.decode()
    assert star["sha256"] in exported
    counted = (await city.get("/api/statistics")).json["scopes"][0]["grades"][0]
    assert counted["awarded"] == 2


async def test_what_no_longer_fits_is_open_and_can_be_ruled(city: City) -> None:
    school = await city.school("甲")
    smaller = await uploaded(city, with_smaller_item())
    assert (await adopt(city, smaller)).json["remaining"] == 0
    refused = await city.decide(school)
    assert (refused.status, refused.error["details"][0]["code"]) == (409, "all_agreed")
    ruled = await city.post(
        f"/api/visits/{school.visit_id}/rulings", {"item": "1.1.2", "points": 0.5, "reason": "按新细则"}
    )
    assert ruled.status in (200, 201), ruled.body
    assert (await city.decide(school)).status == 200


async def test_what_is_published_stays_with_its_rubric(city: City) -> None:
    published = await city.decided("甲", unmet=[("1.1.5", "demonstration")])
    publication = await city.published()
    scored = await city.school("乙")
    star = await uploaded(city, without_star())
    assert (star["schools"], star["published"], star["blocked"]) == (1, 1, [])
    assert (await adopt(city, star)).status == 200
    verified = (await city.get(f"/api/publications/{publication['id']}/verify")).json
    assert verified["intact"] is True
    stored = await city.service.deps.db.submissions.find_one({"_id": published.submission_id})
    assert stored is not None
    assert stored["rubric_sha256"] == star["present_sha256"]
    # Whoever shows it asks for the rubric that it names.
    for submission, sha256 in ((published, star["present_sha256"]), (scored, star["sha256"])):
        grade = (await city.get(f"/api/submissions/{submission.submission_id}/decision")).json
        assert grade["rubric_sha256"] == sha256
        rubric = (await city.get(f"/api/rubric?sha256={sha256}")).json
        assert rubric["sha256"] == sha256
    assert (await city.get("/api/rubric")).json["sha256"] == star["sha256"]
    assert (await city.get(f"/api/rubric?sha256={'0' * 64}")).status == 404
    # Even a correction is by the rubric that it was published by.
    body = {"submission_id": published.submission_id, "reason": "登记有误", "rulings": [{"item": "1.1.2", "points": 0}]}
    assert (await city.post(f"/api/publications/{publication['id']}/corrections", body)).status == 201
    cases = (await city.get("/api/decisions/export")).body.decode().splitlines()
    assert all(star["present_sha256"] in case for case in cases)
    assert len(cases) == 2
    assert (await city.decide(scored)).status == 200
    assert (
        sum(star["sha256"] in case for case in (await city.get("/api/decisions/export")).body.decode().splitlines())
        == 1
    )


async def test_the_phone_of_an_inspector_keeps_the_rubric_of_what_is_published(
    start_service: StartService, clock: Clock
) -> None:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        world = await make_world(service, clock, stub)
        published, open_ = await world.subject("published"), await world.subject("closed")
        before = (await world.send("GET", "/api/rubric", None, world.city)).json["sha256"]
        city = City(service, world.sign_in, world.rubric, world.city)
        candidate = await uploaded(city, with_smaller_item())
        assert (await adopt(city, candidate)).status == 200
        for subject, sha256, points in ((published, before, 1), (open_, candidate["sha256"], 0.5)):
            pack = (await world.send("GET", f"/api/visits/{subject.visit_id}/pack", None, subject.lead)).json
            assert pack["rubric"]["sha256"] == sha256
            rubric = await world.send("GET", f"/api/rubric?sha256={pack['rubric']['sha256']}", None, subject.lead)
            indicators = [each for group in rubric.json["groups"] for each in group["indicators"]]
            items = {each["code"]: each["points"] for indicator in indicators for each in indicator["items"]}
            assert (items["1.1.2"], set(items)) == (points, set(pack["assigned"]))
            submission = f"/api/submissions/{subject.submission_id}"
            assert (await world.send("GET", submission, None, world.city)).json["rubric_sha256"] == sha256


async def test_what_keeps_it_from_being_taken(city: City) -> None:
    school = await city.decided("甲")
    star, smaller = await uploaded(city, without_star()), await uploaded(city, with_smaller_item())
    blocked = await adopt(city, star)
    assert (blocked.status, blocked.error["code"]) == (409, "decided_schools")
    assert (await city.post(f"{school.path}/reopen-decision", {"reason": "等新细则"})).status == 204
    assert (await adopt(city, star, present_sha256="0" * 64)).error["code"] == "version_conflict"
    assert (await adopt(city, star)).status == 200
    # Of two officers the second looks again.
    assert (await adopt(city, smaller)).error["code"] == "version_conflict"
    path = f"/api/rubric/candidates/{smaller['sha256']}"
    assert (await city.get(path)).json["present_sha256"] == star["sha256"]
    assert (await city.service.delete(path, city.officer.token)).status == 204
    assert (await city.get(path)).status == (await city.get(f"{path}/outcomes")).status == 404
    assert (await city.service.delete(path, city.officer.token)).status == 404


BAD = {
    "alias": (SOURCE.replace("groups:", "groups: &all", 1), "不能用锚点"),
    "sums": (SOURCE.replace("points: 110", "points: 111", 1), "下一级合计"),
    "name": (SOURCE.replace("name: taizhou-2022", "name: other", 1), "与文件名"),
    "syntax": (SOURCE + "\n  : [", "YAML"),
    "deep": ("a: " + "[" * 100, "嵌套"),
    "no rubric": ("- 1\n- 2\n", "第 1 行"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_bad_files_are_refused_with_the_line(city: City, kind: str) -> None:
    text, says = BAD[kind]
    answer = await upload(city, text)
    assert answer.status == 422, answer.body
    messages = [each["message"] for each in answer.error["details"]]
    assert any(says in message for message in messages), messages


async def test_all_that_is_wrong_is_said_at_once(city: City) -> None:
    text = SOURCE.replace("points: 110", "points: 111", 1).replace("code: 1.1.2", "code: 1.1.9", 1)
    answer = await upload(city, text)
    assert len(answer.error["details"]) == 2
    assert (await upload(city, "#" * (1024 * 1024 + 1))).status == 413


async def test_only_the_city(city: City) -> None:
    for role in ("school", "district", "inspector", "admin"):
        assert (await upload(city, SOURCE, await city.sign_in(role))).status == 403
