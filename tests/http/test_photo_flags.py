"""The photos to look into: which, in which order, the twins beside them, and what came out of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.http.arriving import Arrivals
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, new_id
from tests.http.visiting import Visiting, make_visiting
from tests.photos import photo

TAKEN = datetime.fromisoformat("2022-07-01T02:00:00+00:00")
SIZE = (320, 240)


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
def arrivals(service: Service) -> Arrivals:
    return Arrivals(service.deps)


def image(seed: int, taken_at: datetime | None = TAKEN) -> bytes:
    return photo(seed, kind="room", size=SIZE, taken_at=taken_at)


async def flagged(visiting: Visiting, query: str = "") -> Any:
    answer = await visiting.get(f"/api/photo-flags{query}")
    assert answer.status == 200, answer.body
    return answer.json["items"]


async def settle(visiting: Visiting, record: str, note: str | None, who: SignedIn | None = None) -> Answer:
    path = f"/api/photo-flags/{record}/settlement"
    return await visiting.service.put(path, {"note": note}, (who or visiting.city).token)


async def test_what_weighs_most_comes_first_with_its_twins(visiting: Visiting, arrivals: Arrivals) -> None:
    here, there = await visiting.school("甲校"), await visiting.school("乙校", district="xinghua")
    same = image(1)
    timeless = await arrivals.evidence(here, "1.1.1", image(2, taken_at=None))
    own, theirs = await arrivals.evidence(here, "1.1.2", same), await arrivals.evidence(there, "2.1.1", same)
    await arrivals.evidence(here, "1.1.3", image(3))
    await arrivals.check_all()
    rows = await flagged(visiting)
    assert {row["id"] for row in rows[:2]} == {own, theirs}
    assert rows[2]["id"] == timeless
    assert len(rows) == 3
    mine = next(row for row in rows if row["id"] == own)
    assert (mine["school_name"], mine["district_name"], mine["item"]) == ("甲校", "海陵区", "1.1.2")
    assert ([flag["kind"] for flag in mine["flags"]], mine["visit_id"], mine["settled"]) == (["same_file"], None, None)
    [twin] = mine["twins"]
    assert (twin["record"], twin["school"], twin["item"]) == (theirs, "乙校", "2.1.1")
    for shown in (mine["file"]["small"], twin["file"]["large"]):
        assert (await visiting.service.get(shown)).status == 200
    assert [row["id"] for row in await flagged(visiting, "?district=xinghua")] == [theirs]
    assert [row["id"] for row in await flagged(visiting, "?kind=no_capture_time")] == [timeless]
    assert await flagged(visiting, "?state=settled") == []
    first = (await visiting.get("/api/photo-flags?limit=2")).json
    rest = (await visiting.get(f"/api/photo-flags?limit=2&cursor={first['next_cursor']}")).json
    assert [row["id"] for row in first["items"] + rest["items"]] == [row["id"] for row in rows]


async def test_inspectors_photos_too(visiting: Visiting, arrivals: Arrivals, clock: Clock) -> None:
    school, team = await visiting.school(), await visiting.inspectors(1)
    visit = await visiting.plan(school, *team)
    late = clock() + timedelta(days=1)
    taken = await arrivals.visit_photo(school, visit, team[0].person.id, "1.1.1", image(1, late), late)
    await arrivals.check_all()
    [row] = await flagged(visiting)
    assert (row["id"], row["kind"], row["visit_id"]) == (taken, "visit_photo", visit)
    assert [flag["kind"] for flag in row["flags"]] == ["outside_visit"]


async def test_what_was_looked_into_is_settled_until_something_new_comes(
    visiting: Visiting, arrivals: Arrivals
) -> None:
    here, there = await visiting.school("甲校"), await visiting.school("乙校")
    record = await arrivals.evidence(here, "1.1.1", image(1, taken_at=None))
    await arrivals.check_all()
    answer = await settle(visiting, record, "相机没有设置时间")
    assert (answer.status, answer.json["settled"]["by"]) == (200, visiting.city.person.name)
    assert await flagged(visiting) == []
    [row] = await flagged(visiting, "?state=settled")
    assert (row["id"], row["settled"]["note"]) == (record, "相机没有设置时间")
    # The second officer is told who was faster.
    again = await settle(visiting, record, "存疑", await visiting.sign_in("city", name="王科长"))
    assert (again.status, again.error["code"]) == (409, "wrong_state")
    assert visiting.city.person.name in again.error["message"]
    events = await visiting.db.audit_events.find({"object.id": record}).to_list(None)
    assert [(each["event"], each["reason"]) for each in events] == [("photo_flag.settled", "相机没有设置时间")]
    # A twin comes: there is something new to look into.
    await arrivals.evidence(there, "1.1.1", image(1, taken_at=None))
    await arrivals.check_all()
    assert record in [row["id"] for row in await flagged(visiting)]
    assert await flagged(visiting, "?state=settled") == []
    assert (await settle(visiting, record, "两校共用素材")).status == 200
    assert (await settle(visiting, record, None)).status == 200
    assert (await settle(visiting, record, None)).status == 409
    assert (await settle(visiting, new_id(), "无")).status == 404
    assert (await settle(visiting, record, " ")).paths == ["/note"]


async def test_what_was_removed_is_not_there_any_more(
    visiting: Visiting, arrivals: Arrivals, clock: Clock, signed_in: SignIn
) -> None:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", image(1, taken_at=None))
    await arrivals.check_all()
    assert len(await flagged(visiting)) == 1
    contact = await signed_in("school", school_id=school.id)
    change = {"state": "draft", "items.1_1_1.evidence": []}
    await visiting.db.submissions.update_one({"_id": school.submission_id}, {"$set": change})
    await visiting.db.recommendation_lists.delete_many({})
    clock.set(datetime.fromisoformat("2022-07-20T00:00:00+00:00"))
    path = f"/api/submissions/{school.submission_id}/evidence/{record}"
    answer = await visiting.service.delete(path, contact.token)
    assert answer.status == 204, answer.body
    assert await flagged(visiting) == []


async def test_only_the_city_looks_into_photos(visiting: Visiting) -> None:
    for role in ("school", "district", "inspector", "admin"):
        who = await visiting.sign_in(role)
        assert (await visiting.get("/api/photo-flags", who)).status == 403
        assert (await visiting.get("/api/statistics", who)).status == 403
