"""Inbox and outbox: each message once, newest first, to its person alone."""

from collections.abc import Sequence
from typing import Any

import pytest

from backend.models.people import Holding, Role
from backend.services.notices import contacts_of, contacts_of_schools, notify, officers_of
from backend.store.mongo import Session, transact
from tests.http.conftest import Service, SignIn, new_id

TITLE, TEXT = "申报材料已退回", "请按意见修改后重新提交"


async def tell(service: Service, people: Sequence[str], *, once: str | int | None = None, about: str = "x") -> None:
    async def work(transaction: Session) -> None:
        values = {"school": "海陵小学", "state": "已退回", "reason": "缺照片"}
        await notify(
            service.deps,
            transaction,
            people,
            "submission.returned",
            about,
            title=TITLE,
            text=TEXT,
            values=values,
            link="/submissions/x",
            once=once,
        )

    await transact(service.deps.db, work)


async def test_a_message_is_in_the_inbox_of_its_person_alone(service: Service, signed_in: SignIn) -> None:
    mine, other = await signed_in("school"), await signed_in("school")
    await tell(service, [mine.person.id])
    answer = await service.get("/api/inbox", mine.token)
    assert answer.status == 200
    [message] = answer.json["items"]
    assert {**message, "id": ""} == {
        "id": "",
        "event": "submission.returned",
        "title": TITLE,
        "text": TEXT,
        "link": "/submissions/x",
        "at": "2022-08-15T02:00:00Z",
        "read_at": None,
    }
    assert answer.json["unread"] == 1
    empty: dict[str, object] = {"items": [], "next_cursor": None, "unread": 0}
    assert (await service.get("/api/inbox", other.token)).json == empty


async def test_reading_counts_once_and_only_ones_own(service: Service, signed_in: SignIn) -> None:
    mine, other = await signed_in("school"), await signed_in("city")
    await tell(service, [mine.person.id])
    message_id = (await service.get("/api/inbox", mine.token)).json["items"][0]["id"]
    assert (await service.post(f"/api/inbox/{message_id}/read", token=other.token)).status == 404
    first = await service.post(f"/api/inbox/{message_id}/read", token=mine.token)
    assert (first.status, first.json["read_at"]) == (200, "2022-08-15T02:00:00Z")
    service.clock.advance(hours=1)
    assert (await service.post(f"/api/inbox/{message_id}/read", token=mine.token)).json == first.json
    assert (await service.get("/api/inbox", mine.token)).json["unread"] == 0
    assert (await service.post(f"/api/inbox/{new_id()}/read", token=mine.token)).status == 404


async def test_pages_are_newest_first_and_complete(service: Service, signed_in: SignIn) -> None:
    mine = await signed_in("inspector")
    for number in range(7):
        await tell(service, [mine.person.id], about=str(number))
        # Two share a moment: the cursor must not lose one of them.
        service.clock.advance(minutes=number % 2)
    seen, cursor, unread = [], "", set()
    for _ in range(10):
        page = (await service.get(f"/api/inbox?limit=2{cursor}", mine.token)).json
        seen += page["items"]
        unread.add(page["unread"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len({message["id"] for message in seen}) == 7
    assert [message["at"] for message in seen] == sorted((message["at"] for message in seen), reverse=True)
    assert unread == {7}


async def test_the_same_occasion_is_told_once(service: Service, signed_in: SignIn) -> None:
    one, two = await signed_in("school"), await signed_in("school")
    await tell(service, [one.person.id, one.person.id], once=1)
    await tell(service, [one.person.id, two.person.id], once=1)
    await tell(service, [two.person.id], once=2)
    assert (await service.get("/api/inbox", one.token)).json["unread"] == 1
    assert (await service.get("/api/inbox", two.token)).json["unread"] == 2
    # Without an occasion, each call is a message: the transition that it tells of happened again.
    await tell(service, [one.person.id])
    await tell(service, [one.person.id])
    assert (await service.get("/api/inbox", one.token)).json["unread"] == 3


async def test_a_message_that_its_template_could_not_fill_is_a_fault(service: Service, signed_in: SignIn) -> None:
    mine = await signed_in("school")
    told: Any = {"title": TITLE, "text": TEXT, "values": {}, "once": 1}
    with pytest.raises(LookupError, match="school"):
        await transact(
            service.deps.db,
            lambda transaction: notify(service.deps, transaction, [mine.person.id], "visit.all_signed", "x", **told),
        )


async def test_what_is_aborted_tells_nobody(service: Service, signed_in: SignIn) -> None:
    mine = await signed_in("school")

    async def work(transaction: Session) -> None:
        told: Any = {"title": TITLE, "text": TEXT, "values": {"school": "海陵小学"}}
        await notify(service.deps, transaction, [mine.person.id], "visit.all_signed", "x", **told, once=1)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await transact(service.deps.db, work)
    assert (await service.get("/api/inbox", mine.token)).json["items"] == []
    assert await service.deps.db.outbox.count_documents({}) == 0


async def test_the_city_sees_every_delivery_without_phones(service: Service, signed_in: SignIn) -> None:
    city, school = await signed_in("city"), await signed_in("school", name="李四")
    await tell(service, [school.person.id], about="a")
    await tell(service, [school.person.id], about="b")
    await service.deps.db.outbox.update_one(
        {"dedupe_key": {"$regex": ":a:"}}, {"$set": {"state": "dead", "attempts": 3, "last_error": "43101"}}
    )
    rows = (await service.get("/api/tables/outbox", city.token)).json["items"]
    assert sorted((row["state"], row["attempts"], row["person_name"]) for row in rows) == [
        ("dead", 3, "李四"),
        ("pending", 0, "李四"),
    ]
    answer = await service.get("/api/tables/outbox?state=dead", city.token)
    assert [row["last_error"] for row in answer.json["items"]] == ["43101"]
    assert school.person.phone.encode() not in answer.body
    assert (await service.get("/api/tables/outbox?state=lost", city.token)).paths == ["/query/state"]


async def test_only_the_city_sees_the_outbox(service: Service, signed_in: SignIn) -> None:
    for role in ("school", "inspector", "district", "admin"):
        assert (await service.get("/api/tables/outbox", (await signed_in(role)).token)).status == 403
    assert (await service.get("/api/tables/outbox")).status == 401


async def test_who_is_to_be_told(service: Service, signed_in: SignIn) -> None:
    school, other = new_id(), new_id()
    also = Holding(role=Role.SCHOOL, school_id=school)
    one = await signed_in("school", school_id=school)
    two = await signed_in("inspector", more=(also,))
    three = await signed_in("school", school_id=other)
    officer = await signed_in("district", district="xinghua")
    await signed_in("district", district="hailing")
    contacts = sorted([one.person.id, two.person.id])
    assert await contacts_of(service.deps, None, school) == contacts
    assert await contacts_of(service.deps, None, new_id()) == []
    nobody = new_id()
    found = await contacts_of_schools(service.deps, None, [school, other, nobody])
    assert found == {school: contacts, other: [three.person.id], nobody: []}
    assert await officers_of(service.deps, None, "xinghua") == [officer.person.id]
