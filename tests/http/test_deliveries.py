"""What the city officer sees of the delivery of messages, and has delivered again."""

from typing import Any

from tests.http.conftest import Service, SignIn, new_id
from tests.http.scored import make_city
from tests.wechat.outbox import work_on


async def test_a_publication_sums_up_whom_it_reached(service: Service, signed_in: SignIn) -> None:
    city = await make_city(service, signed_in)
    schools = [await city.decided(f"{number}校") for number in range(6)]
    people = [(await city.contact(school)).person.id for school in schools]
    publication = await city.published()
    path = f"/api/publications/{publication['id']}"
    waiting = (await city.get(path)).json["deliveries"]
    assert waiting == {"sent": 0, "refused": 0, "no_quota": 0, "dead": 0, "inbox_only": 0, "waiting": 6}
    for person, state in zip(people, ("sent", "refused", "no_quota", "dead", "sending", "claimed"), strict=True):
        await service.deps.db.outbox.update_one({"person_id": person}, {"$set": {"state": state}})
    sums = (await city.get(path)).json["deliveries"]
    assert sums == {"sent": 1, "refused": 1, "no_quota": 1, "dead": 1, "inbox_only": 0, "waiting": 2}
    # Others see the publication, and not whom it reached.
    assert (await city.get(path, await city.contact(schools[0]))).json["deliveries"] is None


async def test_without_wechat_all_of_it_is_in_the_inbox(service: Service, signed_in: SignIn) -> None:
    city = await make_city(service, signed_in)
    school = await city.decided("甲小学")
    contact = await city.contact(school)
    publication = await city.published()
    await work_on(service.deps)
    assert (await city.get(f"/api/publications/{publication['id']}")).json["deliveries"]["inbox_only"] == 1
    [row] = (await city.get("/api/tables/outbox?state=inbox_only")).json["items"]
    assert (row["last_error"], row["person_name"], row["attempts"]) == ("not_configured", contact.person.name, 0)
    assert row["rendered"]["data"] == {"thing1": "甲小学", "phrase2": "示范型", "thing3": "认定为示范型"}
    items = (await city.get("/api/inbox", contact)).json["items"]
    assert [each["title"] for each in items] == ["评估结果已公布"]


async def test_the_city_has_messages_delivered_again(service: Service, signed_in: SignIn) -> None:
    city = await make_city(service, signed_in)
    schools = [await city.decided(f"{number}校") for number in range(3)]
    people = [(await city.contact(school)).person.id for school in schools]
    await city.published()
    outbox = service.deps.db.outbox
    for person, state in zip(people, ("sent", "dead", "dead"), strict=True):
        change = {"state": state, "live": False, "last_error": "bad_field:47003:thing1", "attempts": 3}
        await outbox.update_one({"person_id": person}, {"$set": change})
    rows = (await city.get("/api/tables/outbox")).json["items"]
    ids = {row["state"]: row["id"] for row in rows}
    # What was sent, and what there is not, is left alone.
    answer = await city.post("/api/outbox/resend", {"ids": [ids["sent"], ids["dead"], new_id()]})
    assert (answer.status, answer.json) == (200, {"resent": [ids["dead"]]})
    assert len((await city.post("/api/outbox/resend", {"state": "dead"})).json["resent"]) == 1
    assert (await city.post("/api/outbox/resend", {"state": "dead"})).json == {"resent": []}
    found = {
        (row["state"], row["attempts"], row["last_error_text"])
        for row in (await city.get("/api/tables/outbox")).json["items"]
    }
    assert found == {("sent", 3, "内容不合模板的要求，请检查模板（47003，thing1）"), ("pending", 0, None)}
    events = [
        event["event"] for event in (await city.get("/api/tables/audit-events?event=outbox.resent")).json["items"]
    ]
    assert len(events) == 2
    bad: list[Any] = [{}, {"state": "sent"}, {"ids": []}, {"ids": ids["dead"]}, {"state": "dead", "ids": [ids["dead"]]}]
    for wrong in bad:
        assert (await city.post("/api/outbox/resend", wrong)).status == 422
    school = await city.contact(schools[0])
    assert (await city.post("/api/outbox/resend", {"state": "dead"}, school)).status == 403
