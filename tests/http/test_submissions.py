"""Submitting, withdrawing and reading submissions: what is missing, who may, until when."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.services import fsck, photo_checks
from backend.store.mongo import Database
from tests.http.conftest import Clock, Service, SignIn, make_deps, new_id
from tests.http.submitted import PHONE, World, change, complete, evidence, make_world
from tests.http.uploading import Client, jpeg, of_submission, sha256

CLOSES = datetime(2022, 8, 31, 16, tzinfo=UTC)


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> World:
    return await make_world(service, signed_in)


async def test_a_complete_form_is_submitted(world: World, database: Database, clock: Clock) -> None:
    school = await world.register()
    await world.fill_in(school)
    view = await world.read(school)
    assert view["missing"] == []
    assert view["actions"][0] == {"name": "submit", "possible": True, "reasons": []}
    assert view["sums"]["total"] == 110
    answer = await world.post(school, "submit", by=school.contact)
    assert answer.status == 200, answer.body
    assert answer.json["state"] == "submitted"
    view = await world.read(school)
    assert (view["state"], view["state_name"], view["version"]) == ("submitted", "已提交", answer.json["version"])
    assert view["rubric_sha256"] == world.rubric.sha256
    assert datetime.fromisoformat(view["submitted_at"]) == clock()
    (step,) = view["history"]
    assert (step["event"], step["round"], step["by_role"]) == ("submitted", 1, "学校联系人")
    event = await database.audit_events.find_one({"event": "submission.submit"})
    assert event is not None
    assert (event["before"], event["after"]) == ({"state": "draft"}, {"state": "submitted"})
    (message,) = await database.inbox.find({"event": "submission.received"}).to_list(None)
    assert message["person_id"] == school.contact.person.id
    assert await database.outbox.count_documents({"event": "submission.received"}) == 1


async def test_everything_missing_is_said_at_once(world: World) -> None:
    school = await world.register(stages=("junior", "senior"))
    answer = await world.post(school, "submit", by=school.contact)
    assert (answer.status, answer.error["code"]) == (409, "not_ready")
    fields = complete(world.rubric, ("junior", "senior"), "")
    wanted = {name for name in fields if not name.endswith("/evidence")}
    assert set(answer.paths) == wanted
    assert len(answer.paths) == len(wanted)
    assert [detail["path"] for detail in (await world.read(school))["missing"]] == answer.paths


async def test_starred_items_with_points_need_evidence(world: World) -> None:
    school = await world.register()
    await world.fill_in(school, **{"/items/1.1.1/evidence": None, "/items/1.1.2/evidence": None})
    answer = await world.post(school, "submit", by=school.contact)
    assert answer.paths == ["/items/1.1.1/evidence"]
    assert (await world.save(school, change("/items/1.1.1/points", 0, 1))).status == 200
    assert (await world.post(school, "submit", by=school.contact)).status == 200


async def test_a_field_with_two_values_is_not_submitted(world: World) -> None:
    school = await world.register()
    await world.fill_in(school)
    await world.save(school, change("/items/1.1.1/points", 1.5, 0), change("/application/teachers", 50, 0))
    answer = await world.post(school, "submit", by=school.contact)
    assert [(each["path"], each["code"]) for each in answer.error["details"]] == [
        ("/items/1.1.1/points", "several_values"),
        ("/application/teachers", "several_values"),
    ]


async def test_blank_highlights_are_missing(world: World) -> None:
    school = await world.register()
    await world.fill_in(school, **{"/application/highlights": " \n"})
    assert (await world.post(school, "submit", by=school.contact)).paths == ["/application/highlights"]


@pytest.mark.parametrize("at", [CLOSES - timedelta(milliseconds=1), CLOSES])
async def test_the_last_moment(world: World, clock: Clock, at: datetime) -> None:
    school = await world.register()
    await world.fill_in(school)
    clock.set(at)
    contact = await world.sign_in("school", school_id=school.id)
    answer = await world.post(school, "submit", by=contact)
    assert answer.status == (200 if at < CLOSES else 409)
    if at == CLOSES:
        assert answer.error["code"] == "too_late"


async def test_ten_submits_at_once_submit_once(world: World, database: Database) -> None:
    school = await world.register()
    await world.fill_in(school)
    answers = await asyncio.gather(*(world.post(school, "submit", by=school.contact) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    assert await database.inbox.count_documents({"event": "submission.received"}) == 1
    assert len((await world.read(school))["history"]) == 1


async def test_many_schools_of_a_district_submit_at_once(world: World) -> None:
    schools = [await world.register(f"第{number}小学") for number in range(6)]
    for school in schools:
        await world.fill_in(school)
    answers = await asyncio.gather(*(world.post(school, "submit", by=school.contact) for school in schools))
    assert [answer.status for answer in answers] == [200] * 6


async def test_the_school_withdraws_with_a_reason(world: World) -> None:
    school = await world.register()
    for body in ({}, {"reason": ""}, {"reason": " \n\u3000"}):
        answer = await world.post(school, "withdraw", body, by=school.contact)
        assert (answer.status, answer.paths) == (422, ["/reason"])
    answer = await world.post(school, "withdraw", {"reason": "今年不申报"}, by=school.contact)
    assert (answer.status, answer.json["state"]) == (200, "withdrawn")
    view = await world.read(school)
    assert view["actions"] == []
    assert view["history"][0]["reason"] == "今年不申报"
    answer = await world.post(school, "submit", by=school.contact)
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_the_city_withdraws_only_once_the_list_is_handed_in(world: World) -> None:
    school = await world.endorsed()
    answer = await world.post(school, "withdraw", {"reason": "学校撤并"}, by=world.city)
    assert (answer.status, answer.error["details"][0]["code"]) == (409, "list_handed_in")
    await hand_in(world, [school.submission_id])
    answer = await world.post(school, "withdraw", {"reason": "不想参加"}, by=school.contact)
    assert (answer.status, answer.error["details"][0]["code"]) == (409, "list_open")
    answer = await world.post(school, "withdraw", {"reason": "学校撤并"}, by=world.city)
    assert (answer.status, answer.json["state"]) == (200, "withdrawn")


async def hand_in(world: World, order: list[str]) -> None:
    path = "/api/recommendation-lists/hailing"
    body = {"version": 0, "contact": "王科长", "phone": "0523-86880001", "order": order}
    saved = await world.service.put(path, body, world.officer.token)
    assert saved.status == 200, saved.body
    answer = await world.service.post(f"{path}/hand-in", {"version": saved.json["version"]}, world.officer.token)
    assert answer.status == 200, answer.body


async def test_who_may_see_which(world: World) -> None:
    mine, theirs = await world.register("甲小学"), await world.register("乙小学", "taixing")
    taixing = await world.sign_in("district", district="taixing")
    inspector = await world.sign_in("inspector")
    assert (await world.service.get(mine.path, world.officer.token)).status == 200
    assert (await world.service.get(mine.path, world.city.token)).status == 200
    for path in (mine.path, f"{mine.path}/changes", f"{mine.path}/evidence", f"{mine.path}/review"):
        assert (await world.service.get(path, taixing.token)).status == 404
        assert (await world.service.get(path, inspector.token)).status == 403
    assert (await world.service.get(mine.path, theirs.contact.token)).status == 404
    assert (await world.service.get(f"/api/submissions/{new_id()}", world.city.token)).status == 404
    for verb, body in (
        ("return", {"reason": "补充"}),
        ("endorse", {"opinion": "同意"}),
        ("decline", {"reason": "不足"}),
        ("undo-decline", {"reason": "重审"}),
    ):
        assert (await world.post(mine, verb, body, by=taixing)).status == 404
        assert (await world.post(mine, verb, body, by=mine.contact)).status == 403
    assert (await world.post(mine, "submit", by=theirs.contact)).status == 404
    assert (await world.post(mine, "withdraw", {"reason": "别的"}, by=theirs.contact)).status == 404


async def listed(world: World, token: str, query: str = "") -> list[str]:
    names, cursor = [], ""
    while True:
        answer = await world.service.get(f"/api/submissions?{query}{cursor}", token)
        assert answer.status == 200, answer.body
        names += [each["school"]["name"] for each in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            return names
        cursor = f"&cursor={answer.json['next_cursor']}"


async def test_lists_show_ones_own_by_name(world: World) -> None:
    taixing = await world.sign_in("district", district="taixing")
    for number, district in enumerate(("hailing", "taixing", "hailing", "taixing", "hailing")):
        school = await world.register(f"小学{number}", district)
    assert await listed(world, world.city.token, "limit=2") == [f"小学{number}" for number in range(5)]
    assert await listed(world, world.city.token, "limit=2&district=hailing") == ["小学0", "小学2", "小学4"]
    assert await listed(world, world.officer.token, "limit=2") == ["小学0", "小学2", "小学4"]
    assert await listed(world, taixing.token, "limit=1&state=draft") == ["小学1", "小学3"]
    assert await listed(world, taixing.token, "limit=1&state=submitted") == []
    assert await listed(world, taixing.token, "limit=1&district=hailing") == []
    assert await listed(world, school.contact.token) == ["小学4"]
    assert await listed(world, school.contact.token, "state=returned") == []
    assert await listed(world, world.city.token, "limit=1&state=draft&district=taixing") == ["小学1", "小学3"]


@pytest.mark.parametrize("query", ["state=open", "district=%24ne", "state[$ne]=draft", "limit=0", "cursor=abc"])
async def test_queries_that_are_wrong(world: World, query: str) -> None:
    assert (await world.service.get(f"/api/submissions?{query}", world.city.token)).status == 422


async def test_lists_read_indexes_only(world: World, database: Database) -> None:
    """No collection scan and no sort in memory, whatever the filters."""
    for number in range(3):
        await world.register(f"小学{number}")
    for query in ("", "state=draft", "district=hailing", "district=hailing&state=draft"):
        filters: dict[str, Any] = {"cycle": "2022", **dict(each.split("=") for each in query.split("&") if each)}
        plan = await database.submissions.find(filters).sort([("school.name", 1), ("_id", 1)]).limit(51).explain()
        text = str(plan["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in text
        assert "SORT'" not in text
        assert "COLLSCAN" not in text


async def test_evidence_is_recorded_once(world: World, database: Database) -> None:
    school, photo = await world.register(), new_id()
    answers = await asyncio.gather(*(world.add_evidence(school, photo, item="1.1.1") for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert await database.evidence.count_documents({}) == 1
    assert await database.audit_events.count_documents({"event": "evidence.added"}) == 1
    assert answers[0].json["item"] == "1.1.1"
    for other in ({"sha256": "cd" * 32}, {"size": 5}, {"item": "1.1.2"}):
        answer = await world.add_evidence(school, photo, **{"item": "1.1.1"} | other)
        assert (answer.status, answer.error["code"]) == (409, "id_taken")
    stranger = await world.register("别的小学")
    assert (await world.add_evidence(stranger, photo, item="1.1.1")).status == 409


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"sha256": "xyz"}, "/sha256"),
        ({"kind": "movie"}, "/kind"),
        ({"size": 20 * 1024 * 1024 + 1}, "/size"),
        ({"size": 0}, "/size"),
        ({"name": ""}, "/name"),
        ({"item": "9.9.9"}, "/item"),
        ({"item": "1_1_1"}, "/item"),
    ],
)
async def test_evidence_that_is_wrong(world: World, wrong: dict[str, Any], path: str) -> None:
    answer = await world.add_evidence(await world.register(), new_id(), **wrong)
    assert (answer.status, answer.paths) == (422, [path])


async def test_evidence_is_attached_and_removed(world: World, database: Database) -> None:
    school, photo, scan = await world.register(), new_id(), new_id()
    await world.add_evidence(school, photo)
    await world.add_evidence(school, scan, kind="scan", name="盖章.pdf")
    attached = [change("/items/1.1.1/evidence", [photo]), change("/items/1.1.2/evidence", [photo])]
    assert (await world.save(school, *attached, change("/scans", [scan]))).status == 200
    view = await world.read(school)
    assert view["items"]["1.1.1"]["evidence"] == [photo]
    assert view["scans"] == [scan]
    record = await world.service.get(f"{school.path}/evidence/{photo}", school.contact.token)
    assert record.json["attached_to"] == ["1.1.1", "1.1.2"]
    for evidence_id in (photo, scan):
        answer = await world.service.delete(f"{school.path}/evidence/{evidence_id}", school.contact.token)
        assert (answer.status, answer.error["code"]) == (409, "still_attached")
    await world.save(school, change("/items/1.1.1/evidence", [], 1), change("/items/1.1.2/evidence", None, 1))
    assert (await world.service.delete(f"{school.path}/evidence/{photo}", school.contact.token)).status == 204
    for path in (f"{school.path}/evidence/{photo}", f"{school.path}/evidence/{new_id()}"):
        assert (await world.service.get(path, school.contact.token)).status == 404
    answer = await world.save(school, change("/items/1.1.1/evidence", [photo], 2))
    assert (answer.status, answer.paths) == (422, ["/changes/0/value/0"])
    kept = await database.evidence.find_one({"_id": photo})
    assert kept is not None
    assert kept["removed_by"] == school.contact.person.id


async def test_stamped_scans_are_taken_after_submitting_until_the_list_is_handed_in(world: World) -> None:
    """What is printed before is a draft, and what changes by submitting is its date: stamped is what was submitted."""
    school, scan, photo = await world.submitted(), new_id(), new_id()
    await world.upload_evidence(school, scan, kind="scan")
    assert (await world.save(school, change("/scans", [scan]))).status == 200
    assert (await world.read(school, world.officer))["scans"] == [scan]
    assert (await world.add_evidence(school, photo)).error["code"] == "wrong_state"
    late = [change("/scans", None, 1), change("/application/teachers", 61, 1)]
    for changes in (late, late[1:]):
        assert (await world.save(school, *changes)).error["code"] == "wrong_state"
    assert (await world.post(school, "endorse", {"opinion": "同意"})).status == 200
    assert (await world.save(school, change("/scans", None, 1))).status == 200
    assert (await world.service.delete(f"{school.path}/evidence/{scan}", school.contact.token)).status == 204
    path = "/api/recommendation-lists/hailing"
    listed = (await world.service.get(path, world.officer.token)).json
    body = {"version": listed["version"], "contact": "王科长", "phone": PHONE, "order": [school.submission_id]}
    version = (await world.service.put(path, body, world.officer.token)).json["version"]
    assert (await world.service.post(f"{path}/hand-in", {"version": version}, world.officer.token)).status == 200
    for answer in (
        await world.add_evidence(school, new_id(), kind="scan"),
        await world.save(school, change("/scans", [scan], 2)),
    ):
        assert (answer.status, [each["code"] for each in answer.error["details"]]) == (409, ["list_open"])


async def test_only_own_evidence_of_the_right_kind_is_attached(world: World) -> None:
    school, other = await world.register(), await world.register("别的小学")
    photo, scan, theirs = new_id(), new_id(), new_id()
    await world.add_evidence(school, photo)
    await world.add_evidence(school, scan, kind="scan")
    await world.add_evidence(other, theirs)
    changes = [
        change("/items/1.1.1/evidence", [photo, theirs, scan, new_id()]),
        change("/scans", [photo]),
        change("/items/1.1.2/evidence", [photo]),
    ]
    answer = await world.save(school, *changes)
    assert answer.status == 422
    assert [(each["path"], each["code"]) for each in answer.error["details"]] == [
        ("/changes/0/value/1", "unknown_evidence"),
        ("/changes/0/value/2", "wrong_kind"),
        ("/changes/0/value/3", "unknown_evidence"),
        ("/changes/1/value/0", "wrong_kind"),
    ]
    answer = await world.save(school, change("/items/1.1.1/evidence", [photo, photo]))
    assert answer.error["details"][0]["code"] == "duplicate"


async def test_evidence_is_not_attached_while_it_is_removed(world: World) -> None:
    school, photos = await world.register(), [new_id() for _ in range(5)]
    for photo in photos:
        await world.add_evidence(school, photo)
    for number, photo in enumerate(photos, 1):
        await asyncio.gather(
            world.save(school, change(f"/items/1.1.{number}/evidence", [photo])),
            world.service.delete(f"{school.path}/evidence/{photo}", school.contact.token),
        )
    listed = await world.service.get(f"{school.path}/evidence", school.contact.token)
    there = {each["id"] for each in listed.json["items"]}
    attached = {each for item in (await world.read(school))["items"].values() for each in item["evidence"]}
    assert attached == there


async def test_evidence_is_listed_by_the_page(world: World) -> None:
    school, photos = await world.register(), [new_id() for _ in range(3)]
    for photo in photos:
        await world.add_evidence(school, photo)
        world.service.clock.advance(seconds=1)
    first = await world.service.get(f"{school.path}/evidence?limit=2", world.officer.token)
    path = f"{school.path}/evidence?limit=2&cursor={first.json['next_cursor']}"
    second = await world.service.get(path, world.officer.token)
    assert [each["id"] for each in first.json["items"] + second.json["items"]] == photos
    assert second.json["next_cursor"] is None


async def test_evidence_of_a_submitted_form_stays(world: World, database: Database) -> None:
    school = await world.submitted()
    (record,) = await database.evidence.find().to_list(None)
    assert record["submitted_at"] is not None
    answer = await world.service.delete(f"{school.path}/evidence/{record['_id']}", school.contact.token)
    assert answer.status == 409
    answer = await world.service.post(f"{school.path}/evidence", evidence(new_id()), school.contact.token)
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_what_is_removed_from_a_form_that_was_submitted_stays_for_the_audit(
    world: World, database: Database, clock: Clock
) -> None:
    school = await world.submitted()
    (record,) = await database.evidence.find().to_list(None)
    photo, blob = record["_id"], record["blob_id"]
    while await photo_checks.check_next(world.service.deps):
        pass
    assert (await world.post(school, "return", {"reason": "请换一张"})).status == 200
    view = await world.read(school)
    replaced = [name for name, item in view["items"].items() if item["evidence"]]
    await world.upload_evidence(school, other := new_id())
    changes = [
        change(f"/items/{item}/evidence", [other], view["versions"][f"/items/{item}/evidence"]) for item in replaced
    ]
    assert (await world.save(school, *changes)).json["conflicts"] == []
    path = f"{school.path}/evidence/{photo}"
    assert (await world.service.delete(path, school.contact.token)).status == 204
    assert (await world.service.get(path, school.contact.token)).status == 404
    # The record, the bytes, who removed it, and the way to them for the city.
    kept = await database.evidence.find_one({"_id": photo})
    assert kept is not None
    assert (kept["submitted_at"], kept["blob_id"]) == (record["submitted_at"], blob)
    assert (kept["removed_at"], kept["removed_by"]) == (clock(), school.contact.person.id)
    (event,) = await database.audit_events.find({"event": "evidence.removed"}).to_list(None)
    assert (event["object"]["id"], event["before"]["submitted"]) == (photo, True)
    original = await world.service.get(f"{path}/original", world.city.token)
    assert (original.status, sha256(original.body)) == (200, record["sha256"])
    later = make_deps(database, Clock(clock() + fsck.YOUNG))
    assert [finding async for finding in fsck.check(later)] == []


async def test_without_a_cycle_there_is_no_list(service: Service, signed_in: SignIn) -> None:
    answer = await service.get("/api/submissions", (await signed_in("city")).token)
    assert (answer.status, answer.error["code"]) == (409, "no_cycle")


async def test_a_form_is_not_submitted_before_what_is_attached_has_arrived(world: World) -> None:
    school, photo, scan = await world.register(), new_id(), new_id()
    await world.fill_in(school)
    await world.add_evidence(school, photo, sha256=sha256(data := jpeg(123456)))
    await world.add_evidence(school, scan, kind="scan", name="盖章.pdf")
    first = (await world.read(school))["items"]["1.1.2"]["evidence"][0]
    await world.save(school, change("/items/1.1.2/evidence", [first, photo], 1), change("/scans", [scan]))
    answer = await world.post(school, "submit", by=school.contact)
    assert answer.status == 409
    said = [(each["path"], each["code"]) for each in answer.error["details"]]
    assert said == [("/items/1.1.2/evidence/1", "not_uploaded"), ("/scans/0", "not_uploaded")]
    missing = (await world.read(school))["missing"]
    assert [(each["path"], each["code"]) for each in missing] == said
    await world.save(school, change("/scans", [], 1))
    await Client(world.service, school.contact.token).upload(of_submission(school.submission_id, photo), data)
    assert (await world.read(school))["missing"] == []
    assert (await world.post(school, "submit", by=school.contact)).status == 200
