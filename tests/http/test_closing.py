"""Closing a visit: all that is missing at once; countersigning, lost photos, and opening it again."""

import asyncio
import base64
from typing import Any

import pytest

from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id
from tests.http.uploading import Client, jpeg, of_visit, sha256
from tests.http.visiting import PNG, School, Visiting, make_visiting


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
async def team(world: Visiting) -> list[SignedIn]:
    return await world.inspectors(2)


@pytest.fixture
async def school(world: Visiting) -> School:
    return await world.school()


@pytest.fixture
async def visit(world: Visiting, school: School, team: list[SignedIn]) -> str:
    return await world.plan(school, *team)


SIGNED: dict[str, Any] = {"name": "陈校长", "role": "校长", "signature": PNG}
REFUSED: dict[str, Any] = {"refused": True, "reason": "对 1.1.1 的评分有异议"}


async def countersign(world: Visiting, visit: str, who: SignedIn, body: dict[str, Any] | None = None) -> Answer:
    return await world.service.put(f"/api/visits/{visit}/countersignature", SIGNED if body is None else body, who.token)


async def close(world: Visiting, visit: str, who: SignedIn) -> Answer:
    return await world.post(f"/api/visits/{visit}/close", None, who)


async def upload(world: Visiting, visit: str, who: SignedIn, photo: str, data: bytes) -> None:
    await Client(world.service, who.token).upload(of_visit(visit, photo, item="1.1.1"), data)


async def photograph(world: Visiting, visit: str, who: SignedIn, photo: str, **more: Any) -> Answer:
    body = {"id": photo, "item": "1.1.1", "taken_at": "2022-09-05T09:30:00+08:00"} | more
    return await world.post(f"/api/visits/{visit}/evidence", body, who)


async def ready(world: Visiting, team: list[SignedIn], visit: str) -> None:
    """Everything but the lead's closing."""
    for each in team:
        await world.score_and_sign(visit, each)
    assert (await countersign(world, visit, team[0])).status == 200


async def test_a_visit_is_closed(world: Visiting, team: list[SignedIn], visit: str, school: School) -> None:
    await ready(world, team, visit)
    answer = await close(world, visit, team[0])
    assert (answer.status, answer.json) == (200, {"visit_id": visit, "state": "closed"})
    assert await world.state(school) == "scored"
    assert (await world.get(f"/api/visits/{visit}")).json["closed_at"] == "2022-09-05T02:00:00Z"
    assert await world.db.audit_events.count_documents({"event": "submission.close_visit"}) == 1
    # What the school will answer to stands from now on.
    outcome = (await world.get(f"/api/submissions/{school.submission_id}/discrepancies")).json
    assert outcome["items"] == []
    again = await close(world, visit, team[0])
    assert (again.status, again.error["code"]) == (409, "wrong_state")


async def test_all_that_is_missing_is_said_at_once(
    world: Visiting, team: list[SignedIn], visit: str, school: School
) -> None:
    await world.score_and_sign(visit, team[0])
    await world.score(visit, team[1], ("1.1.1", "points", 0))
    photo = new_id()
    await photograph(world, visit, team[1], photo)
    await world.db.score_sheets.update_one({"inspector_id": team[0].person.id}, {"$unset": {"points.1_1_2": ""}})
    answer = await close(world, visit, team[0])
    assert (answer.status, answer.error["code"]) == (409, "not_ready")
    assert [(each["code"], each["path"]) for each in answer.error["details"]] == [
        ("sheet_unsigned", ""),
        ("unscored", "/items/1.1.2/points"),
        ("photos_stored", f"/evidence/{photo}"),
        ("countersigned", ""),
    ]
    assert await world.state(school) == "visiting"


async def test_only_the_lead_closes(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await ready(world, team, visit)
    member = await close(world, visit, team[1])
    assert (member.status, member.error["code"]) == (403, "not_the_lead")
    assert (await close(world, visit, world.city)).status == 403
    assert (await close(world, visit, await world.sign_in("inspector"))).status == 404


async def test_a_new_lead_closes_and_the_old_one_does_not(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await ready(world, team, visit)
    version = (await world.get(f"/api/visits/{visit}")).json["version"]
    members = [{"inspector_id": each.person.id, "lead": each is team[1]} for each in team]
    change = {"version": version, "team": members}
    assert (await world.service.patch(f"/api/visits/{visit}", change, world.city.token)).status == 200
    assert (await close(world, visit, team[0])).status == 403
    # Another team is another thing to sign for.
    assert [each["code"] for each in (await close(world, visit, team[1])).error["details"]] == ["countersigned"]
    await countersign(world, visit, team[1])
    assert (await close(world, visit, team[1])).status == 200


async def test_two_that_close_at_once_close_once(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await ready(world, team, visit)
    answers = await asyncio.gather(*(close(world, visit, team[0]) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert await world.db.audit_events.count_documents({"event": "submission.close_visit"}) == 1


async def test_a_closed_visit_takes_nothing_in(world: Visiting, team: list[SignedIn], visit: str) -> None:
    await ready(world, team, visit)
    assert (await close(world, visit, team[0])).status == 200
    phone = world.phone(team[1])
    answer = await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 0)]))
    assert [each["code"] for each in answer.json["refused"]] == ["sheet_signed"]
    assert (await photograph(world, visit, team[0], new_id())).error["code"] == "visit_closed"
    assert (await countersign(world, visit, team[0])).error["code"] == "wrong_state"
    reopened = await world.post(f"/api/visits/{visit}/sheets/{team[1].person.id}/reopen", {"reason": "补"})
    assert (reopened.status, reopened.error["code"]) == (409, "wrong_state")


async def test_the_school_countersigns_or_refuses(world: Visiting, team: list[SignedIn], visit: str) -> None:
    assert (await countersign(world, visit, team[0])).error["code"] == "wrong_state"
    await world.score_and_sign(visit, team[0])
    assert (await countersign(world, visit, team[0])).error["code"] == "sheets_unsigned"
    await world.score_and_sign(visit, team[1])
    path = f"/api/visits/{visit}/countersignature"
    assert (await world.get(path)).status == 404
    answer = await countersign(world, visit, team[1])
    assert answer.status == 200
    assert answer.json == {
        "refused": False,
        "name": "陈校长",
        "role": "校长",
        "reason": None,
        "at": "2022-09-05T02:00:00Z",
    }
    picture = await world.get(path, team[0])
    assert (picture.status, picture.headers["Content-Type"], picture.body) == (200, "image/png", base64.b64decode(PNG))
    answer = await countersign(world, visit, team[1], REFUSED)
    assert (answer.json["refused"], answer.json["reason"]) == (True, REFUSED["reason"])
    assert (await world.get(path)).status == 404
    assert (await close(world, visit, team[0])).status == 200


@pytest.mark.parametrize(("body", "path"), [
    (SIGNED | {"signature": "###"}, "/signature"),
    (SIGNED | {"signature": base64.b64encode(b"GIF89a").decode()}, "/signature"),
    (SIGNED | {"signature": base64.b64encode(base64.b64decode(PNG) + bytes(64 * 1024)).decode()}, "/signature"),
    (SIGNED | {"name": " "}, "/name"),
    ({"refused": True}, "/reason"),
])  # fmt: skip
async def test_what_is_no_countersignature(
    world: Visiting, team: list[SignedIn], visit: str, body: dict[str, Any], path: str
) -> None:
    answer = await countersign(world, visit, team[0], body)
    assert answer.status == 422
    assert path in answer.paths


async def test_a_ruling_or_a_reopened_sheet_makes_the_countersignature_void(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    await ready(world, team, visit)
    ruling = {"item": "1.1.1", "points": 0, "reason": "现场复核"}
    assert (await world.post(f"/api/visits/{visit}/rulings", ruling, team[0])).status == 201
    assert [each["code"] for each in (await close(world, visit, team[0])).error["details"]] == ["countersigned"]
    await countersign(world, visit, team[0])
    reason = {"reason": "漏项"}
    assert (await world.post(f"/api/visits/{visit}/sheets/{team[1].person.id}/reopen", reason)).status == 204
    await world.sign(visit, team[1])
    assert [each["code"] for each in (await close(world, visit, team[0])).error["details"]] == ["countersigned"]


async def test_a_photo_is_recorded_once_and_then_stored(world: Visiting, team: list[SignedIn], visit: str) -> None:
    photo, data = new_id(), jpeg(1000)
    first = await photograph(world, visit, team[1], photo)
    assert (first.status, first.json["sha256"], first.json["taken_at"]) == (200, None, "2022-09-05T01:30:00Z")
    assert (await photograph(world, visit, team[1], photo)).json == first.json
    announced = await photograph(world, visit, team[1], photo, sha256=sha256(data))
    assert announced.json == first.json | {"sha256": sha256(data)}
    assert (await photograph(world, visit, team[1], photo)).json == announced.json
    for other in ({"sha256": "cd" * 32}, {"item": "1.1.2"}):
        answer = await photograph(world, visit, team[1], photo, **other)
        assert (answer.status, answer.error["code"]) == (409, "id_taken")
    assert (await photograph(world, visit, team[0], photo)).status == 409
    assert (await photograph(world, visit, team[1], new_id(), item="9.9.9")).paths == ["/item"]
    assert (await photograph(world, visit, team[1], new_id(), sha256="xy")).paths == ["/sha256"]
    await upload(world, visit, team[1], photo, data)
    listed = (await world.get(f"/api/visits/{visit}/evidence", team[0])).json["items"]
    (stored,) = listed
    assert stored == announced.json | {"stored_at": "2022-09-05T02:00:00Z", "file": stored["file"]}
    assert stored["file"]["check"] == "pending"
    # A sheet that is signed takes no more points, and its inspector's photos still arrive.
    await ready(world, team, visit)
    await upload(world, visit, team[1], new_id(), jpeg(1000))


async def test_ten_of_one_photo_at_once_are_one(world: Visiting, team: list[SignedIn], visit: str) -> None:
    photo = new_id()
    answers = await asyncio.gather(*(photograph(world, visit, team[0], photo) for _ in range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert await world.db.visit_photos.count_documents({}) == 1


async def test_a_lost_photo_is_written_off_by_the_lead(world: Visiting, team: list[SignedIn], visit: str) -> None:
    lost, kept, path = new_id(), new_id(), f"/api/visits/{visit}/write-offs"
    await photograph(world, visit, team[1], lost)
    await upload(world, visit, team[1], kept, jpeg(1000))
    body = {"evidence_id": lost, "reason": "手机掉进水里"}
    assert (await world.post(path, body, team[0])).error["code"] == "wrong_state"
    await ready(world, team, visit)
    assert (await world.post(path, body, team[1])).error["code"] == "not_the_lead"
    assert (await world.post(path, body | {"evidence_id": kept}, team[0])).error["code"] == "photo_stored"
    assert (await world.post(path, body | {"evidence_id": new_id()}, team[0])).paths == ["/evidence_id"]
    assert [each["code"] for each in (await close(world, visit, team[0])).error["details"]] == ["photos_stored"]
    assert (await world.post(path, body, team[0])).status == 204
    assert (await world.post(path, body, team[0])).status == 204
    listed = (await world.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert {each["id"]: each["written_off"] for each in listed} == {lost: "手机掉进水里", kept: None}
    assert await world.db.audit_events.count_documents({"event": "photo.written_off"}) == 1
    assert (await close(world, visit, team[0])).status == 200


async def test_a_photo_and_the_closing_at_once_do_not_miss_each_other(
    world: Visiting, team: list[SignedIn], visit: str
) -> None:
    await ready(world, team, visit)
    photo = new_id()
    taken, closed = await asyncio.gather(photograph(world, visit, team[1], photo), close(world, visit, team[0]))
    assert {taken.status, closed.status} == {200, 409}
    assert await world.db.visit_photos.count_documents({}) == (taken.status == 200)


async def test_the_city_opens_a_visit_again(world: Visiting, team: list[SignedIn], visit: str, school: School) -> None:
    await ready(world, team, visit)
    path, reason = f"/api/visits/{visit}/reopen", {"reason": "漏看了机房"}
    early = await world.post(path, reason)
    assert (early.status, early.error["code"]) == (409, "wrong_state")
    await close(world, visit, team[0])
    assert (await world.post(path, reason, team[0])).status == 403
    assert (await world.post(path, {"reason": ""})).status == 422
    answer = await world.post(path, reason)
    assert (answer.status, answer.json["state"]) == (200, "open")
    assert await world.state(school) == "visiting"
    assert "visit.reopened" in await world.inbox(team[1])
    # Nothing has changed, so that what was countersigned still stands.
    assert (await close(world, visit, team[0])).status == 200
