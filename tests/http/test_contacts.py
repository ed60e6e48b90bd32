"""A school's contact is replaced, and nothing is lost: work, history, messages."""

from typing import Any

import pytest

from backend.models.people import Holding, Role
from backend.store import people
from backend.store.mongo import Database
from backend.store.people import Person
from tests.http.conftest import Answer, Clock, SignedIn, StartService, new_id
from tests.http.world import Subject, World, make_world
from tests.wechat_stub import running_stub


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> Any:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


async def replace(world: World, subject: Subject, who: SignedIn | None = None, **new: str) -> Answer:
    path = f"/api/schools/{subject.school_id}/contacts/{subject.contact.person.id}"
    body = {"name": "新联系人", "phone": "13600000001"} | new
    return await world.service.put(path, body, (who or world.city).token)


async def returned(world: World, district: str = "hailing") -> Subject:
    """A school whose submission was returned, which its contact was told."""
    subject = await world.subject("submitted", district)
    officer = await world.sign_in("district", district=district)
    path = f"/api/submissions/{subject.submission_id}/return"
    await world.send("POST", path, {"reason": "佐证不全", "remarks": {"1.1.1": "缺拓扑图"}}, officer)
    return subject


async def session_of(world: World, person_id: str) -> str:
    made = await world.post(f"/api/people/{person_id}/sign-in-links", {})
    opened = await world.service.post("/api/sessions", {"link": made.json["url"].partition("#")[2]})
    assert opened.status == 201
    return str(opened.json["token"])


async def inbox(world: World, token: str) -> list[str]:
    return [each["event"] for each in (await world.service.get("/api/inbox", token)).json["items"]]


async def test_the_new_contact_goes_on_where_the_old_one_stopped(world: World, database: Database) -> None:
    subject = await returned(world)
    path = f"/api/submissions/{subject.submission_id}"
    change = {"field": "/items/1.1.1/note", "value": "已补充", "version": 0}
    saved = await world.service.patch(path, {"changes": [change]}, subject.contact.token)
    assert saved.status == 200
    before = (await world.service.get(path, subject.contact.token)).json
    answer = await replace(world, subject)
    assert answer.status == 200
    token = await session_of(world, answer.json["id"])
    assert (await world.service.get(path, token)).json == before
    assert await inbox(world, token) == ["submission.returned"]
    # What waits for WeChat goes to the new contact's.
    rows = await database.outbox.find({"event": "submission.returned"}).to_list(None)
    assert [(row["person_id"], row["state"]) for row in rows] == [(answer.json["id"], "pending")]
    again = {"changes": [{**change, "value": "再补充", "version": saved.json["applied"][0]["version"]}]}
    assert (await world.service.patch(path, again, token)).status == 200


async def test_the_old_contact_is_out_at_once(world: World, database: Database) -> None:
    subject = await returned(world)
    made = await world.post(f"/api/people/{subject.contact.person.id}/sign-in-links", {})
    answer = await replace(world, subject)
    ended = await world.service.get("/api/me", subject.contact.token)
    assert (ended.status, ended.error["code"]) == (401, "session_ended")
    link = made.json["url"].partition("#")[2]
    assert (await world.service.post("/api/sessions", {"link": link})).status == 401
    listed = await world.service.get(f"/api/people?school_id={subject.school_id}", world.city.token)
    assert [each["id"] for each in listed.json["items"]] == [answer.json["id"]]
    event = await database.audit_events.find_one({"event": "contact.replaced"})
    assert event is not None
    assert (event["before"], event["after"]) == (
        {"person_id": subject.contact.person.id},
        {"person_id": answer.json["id"]},
    )
    again = await replace(world, subject)
    assert (again.status, again.error["code"]) == (404, "not_found")


async def test_other_roles_and_their_messages_stay(world: World, database: Database) -> None:
    subject, other = await returned(world), await returned(world)
    old = subject.contact.person
    also = Holding(role=Role.SCHOOL, school_id=other.school_id).model_dump(mode="json")
    await database.people.update_one({"_id": old.id}, {"$push": {"holdings": also}})
    await database.inbox.update_many({"person_id": other.contact.person.id}, {"$set": {"person_id": old.id}})
    answer = await replace(world, subject)
    person = await people.find(database, old.id)
    assert person is not None
    assert [holding.school_id for holding in person.holdings] == [other.school_id]
    assert person.school_districts == ("hailing",)
    kept = [row["link"] async for row in database.inbox.find({"person_id": old.id})]
    moved = [row["link"] async for row in database.inbox.find({"person_id": answer.json["id"]})]
    assert kept == [f"/submissions/{other.submission_id}"]
    assert moved == [f"/submissions/{subject.submission_id}"]


async def test_somebody_known_takes_the_place(world: World, database: Database) -> None:
    subject = await world.subject("draft")
    known = await world.sign_in("inspector", name="陈老师")
    answer = await replace(world, subject, name="陈老师", phone=known.person.phone)
    assert answer.status == 200
    assert [each["role"] for each in answer.json["holdings"]] == ["inspector", "school"]
    # Not an officer's role: the sessions go on.
    assert (await world.service.get("/api/me", known.token)).status == 200


async def test_what_can_not_be(world: World, database: Database) -> None:
    subject = await world.subject("draft")
    contact = subject.contact.person
    same = await replace(world, subject, name=contact.name, phone=contact.phone)
    assert (same.status, same.error["code"]) == (409, "same_person")
    taken = await replace(world, subject, name="别人", phone=world.city.person.phone)
    assert (taken.status, taken.error["code"]) == (409, "phone_taken")
    wrong = await replace(world, subject, name=" ", phone="123")
    assert (wrong.status, sorted(wrong.paths)) == (422, ["/name", "/phone"])
    stranger = Person(new_id(), "路人", "13600000009", (Holding(role=Role.INSPECTOR),))
    await people.insert(database, stranger)
    path = f"/api/schools/{subject.school_id}/contacts/{stranger.id}"
    nobody = await world.service.put(path, {"name": "新联系人", "phone": "13600000001"}, world.city.token)
    assert nobody.status == 404
    unchanged = await people.find(database, contact.id)
    assert unchanged is not None
    assert unchanged.holdings == contact.holdings
