"""Opening the cycle, its dates, district by district, and its rubric."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.config_files import default_config_folder
from backend.names import name_key
from backend.services.cycles import calendar, current
from backend.store.mongo import Database, transact
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService, new_id

# As the notice has it; the clock stands at 15 August 2022, 10:00 in Taizhou.
CLOSES = datetime(2022, 8, 31, 16, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.isoformat()


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city")


@pytest.fixture
async def district(signed_in: SignIn) -> SignedIn:
    return await signed_in("district", district="hailing")


async def open_cycle(service: Service, city: SignedIn, **more: Any) -> Answer:
    return await service.post("/api/cycles", {"name": "2022", **more}, city.token)


async def add_school(database: Database, name: str, district: str = "hailing") -> str:
    school_id = new_id()
    school = {"_id": school_id, "schema": 2, "version": 1, "district": district, "name": name}
    await database.schools.insert_one(
        school
        | {"name_key": name_key(name), "stages": ["primary"], "phone": None, "location": None, "past_awards": []}
        | {"registered_at": datetime(2022, 6, 1, tzinfo=UTC)}
    )
    return school_id


async def close(service: Service, who: SignedIn, closes: datetime, district: str = "hailing") -> Answer:
    return await service.put(f"/api/cycle/districts/{district}/closing", {"closes": iso(closes)}, who.token)


async def extend(service: Service, who: SignedIn, hand_in: datetime, district: str = "hailing") -> Answer:
    body = {"hand_in": iso(hand_in), "reason": "台风停课三天"}
    return await service.post(f"/api/cycle/districts/{district}/extension", body, who.token)


async def test_opening_gives_every_school_a_draft(service: Service, city: SignedIn, database: Database) -> None:
    ids = {await add_school(database, f"第{number}小学") for number in range(30)}
    answer = await open_cycle(service, city)
    assert answer.status == 201
    cycle = answer.json
    assert (cycle["title"], cycle["year"], cycle["rubric"]) == ("2022年泰州市智慧校园创建", 2022, "taizhou-2022")
    assert cycle["dates"]["hand_in"] == "2022-08-31T16:00:00Z"
    assert cycle["grades"][0] == {
        "grade": "demonstration",
        "title": "示范型",
        "min_total": 90,
        "clauses": ["basic", "filing", "demonstration"],
    }
    assert [target["share"] for target in cycle["targets"]] == [0.95, 0.2, 0.1, 1]
    assert len(cycle["districts"]) == 7
    drafts = await database.submissions.find().to_list(None)
    assert {draft["school_id"] for draft in drafts} == ids
    assert {(draft["cycle"], draft["state"]) for draft in drafts} == {("2022", "draft")}
    event = await database.audit_events.find_one({"event": "cycle.opened"})
    assert event is not None
    assert event["actor"]["person_id"] == city.person.id
    assert event["after"]["rubric_sha256"] == cycle["rubric_sha256"]


async def test_opening_twice(service: Service, city: SignedIn, database: Database) -> None:
    assert (await open_cycle(service, city)).status == 201
    again = await open_cycle(service, city)
    assert (again.status, again.error["code"]) == (409, "cycle_open")
    assert await database.audit_events.count_documents({"event": "cycle.opened"}) == 1


async def test_of_ten_that_open_it_at_once_one_does(service: Service, city: SignedIn, database: Database) -> None:
    await add_school(database, "第一小学")
    answers = await asyncio.gather(*(open_cycle(service, city) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 9
    assert await database.submissions.count_documents({}) == 1


@pytest.mark.parametrize("method", ["/api/cycle", "/api/rubric"])
async def test_before_the_opening(service: Service, city: SignedIn, method: str) -> None:
    answer = await service.get(method, city.token)
    assert (answer.status, answer.error["code"]) == (409, "no_cycle")
    assert "请联系市教育局" in answer.error["message"]


async def test_changing_dates_before_the_opening(service: Service, city: SignedIn, district: SignedIn) -> None:
    assert (await close(service, district, CLOSES)).error["code"] == "no_cycle"
    assert (await extend(service, city, CLOSES + timedelta(days=3))).error["code"] == "no_cycle"


async def test_another_cycle_than_the_configured(service: Service, city: SignedIn) -> None:
    answer = await service.post("/api/cycles", {"name": "2023"}, city.token)
    assert (answer.status, answer.paths) == (422, ["/name"])
    answer = await service.post("/api/cycles", {"name": "../districts"}, city.token)
    assert (answer.status, answer.paths) == (422, ["/name"])


def dates(start: datetime, **changes: datetime) -> dict[str, str]:
    """A demonstration's dates, laid around a day."""
    laid = {
        "submission_opens": start - timedelta(days=60),
        "submission_closes": start + timedelta(days=10),
        "review_opens": start - timedelta(days=20),
        "hand_in": start + timedelta(days=10),
        "visits_open": start + timedelta(days=10),
        "visits_close": start + timedelta(days=40),
    }
    return {name: iso(moment) for name, moment in (laid | changes).items()}


async def test_dates_of_ones_own(service: Service, city: SignedIn, clock: Clock) -> None:
    answer = await open_cycle(service, city, dates=dates(clock()))
    assert answer.status == 201
    cycle = (await service.get("/api/cycle", city.token)).json
    assert cycle == answer.json
    assert datetime.fromisoformat(cycle["dates"]["visits_close"]) == clock() + timedelta(days=40)
    assert {each["hand_in"] for each in cycle["districts"]} == {cycle["dates"]["hand_in"]}


async def test_dates_out_of_order_are_all_named(service: Service, city: SignedIn, clock: Clock) -> None:
    early, late = clock() - timedelta(days=100), clock() + timedelta(days=100)
    answer = await open_cycle(service, city, dates=dates(clock(), visits_close=early, submission_closes=late))
    assert answer.status == 422
    assert answer.paths == ["/dates/visits_close", "/dates/hand_in"]
    assert (await open_cycle(service, city)).status == 201


async def test_dates_are_whole_seconds_and_complete(service: Service, city: SignedIn, clock: Clock) -> None:
    odd = dates(clock()) | {"hand_in": iso(clock() + timedelta(days=10, milliseconds=5))}
    answer = await open_cycle(service, city, dates=odd)
    assert (answer.status, answer.paths) == (422, ["/dates/hand_in"])
    answer = await open_cycle(service, city, dates={"hand_in": iso(clock())})
    assert len(answer.paths) == 5


async def test_config_that_changes_later_changes_no_running_cycle(
    start_service: StartService, city: SignedIn, tmp_path: Path
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(default_config_folder(), folder)
    async with start_service(config_folder=folder) as service:
        opened = (await open_cycle(service, city)).json
        before = (await service.get("/api/rubric", city.token)).json
    for file in (*folder.glob("rubrics/*.yaml"), *folder.glob("cycles/*.yaml")):
        changed = file.read_text().replace("示范型", "标杆型").replace("基础环境", "环境").replace("0.95", "0.5")
        assert changed != file.read_text()
        file.write_text(changed)
    # A new process, which has nothing in its memory.
    async with start_service(config_folder=folder) as service:
        assert (await service.get("/api/cycle", city.token)).json == opened
        assert (await service.get("/api/rubric", city.token)).json == before


async def test_config_that_is_wrong(start_service: StartService, city: SignedIn, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(default_config_folder(), folder)
    file = folder / "cycles" / "2022.yaml"
    file.write_text(file.read_text().replace("score_step: 0.5", "score_step: many"))
    async with start_service(config_folder=folder) as service:
        answer = await open_cycle(service, city)
        assert (answer.status, answer.paths) == (422, ["/name"])
        assert "2022.yaml：第" in answer.error["details"][0]["message"]
        assert str(tmp_path) not in answer.body.decode()


async def test_the_cycles_that_there_are_files_of(start_service: StartService, city: SignedIn, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(default_config_folder(), folder)
    text = (folder / "cycles" / "2022.yaml").read_text()
    (folder / "cycles" / "2023.yaml").write_text(text.replace('name: "2022"', 'name: "2023"'))
    (folder / "cycles" / "bad.yaml").write_text(text.replace("score_step: 0.5", "score_step: many"))
    async with start_service(config_folder=folder) as service:

        async def listed() -> dict[str, Any]:
            answer = await service.get("/api/cycles", city.token)
            assert answer.status == 200, answer.body
            return {each["name"]: each for each in answer.json["cycles"]}

        before = await listed()
        assert list(before) == ["2022", "2023", "bad"]
        assert (before["2022"]["chosen"], before["2022"]["opened_at"], before["2023"]["chosen"]) == (True, None, False)
        assert (before["2023"]["rubric"], before["2023"]["problems"]) == ("taizhou-2022", [])
        assert before["bad"]["title"] is None
        assert "bad.yaml" in before["bad"]["problems"][0]
        assert (await open_cycle(service, city)).status == 201
        opened = (await service.get("/api/cycle", city.token)).json
        assert (await listed())["2022"]["opened_at"] == opened["opened_at"]
        assert (await listed())["2022"]["dates"] == opened["dates"]


async def test_the_rubric(service: Service, signed_in: SignIn, city: SignedIn) -> None:
    await open_cycle(service, city)
    school = await signed_in("school")
    answer = await service.get("/api/rubric", school.token)
    rubric = answer.json
    items = [item for group in rubric["groups"] for each in group["indicators"] for item in each["items"]]
    assert (len(rubric["groups"]), len(items), rubric["points"]) == (6, 82, 110)
    assert sum(item["points"] for item in items) == 110
    filing = next(item for item in items if item["code"] == "5.4.2")
    assert [clause["name"] for clause in filing["clauses"]] == ["basic", "filing"]
    devices = next(item for item in items if item["code"] == "1.2.2")["clauses"][0]["figures"]
    assert devices == {"kind": "students_per_device", "at_most": {"primary": 10, "junior": 8, "senior": 6}}
    assert answer.headers["ETag"] == f'"{rubric["sha256"]}"'


async def test_a_client_that_has_the_rubric_is_told_so(service: Service, city: SignedIn) -> None:
    await open_cycle(service, city)
    etag = (await service.get("/api/rubric", city.token)).headers["ETag"]
    again = await service.get("/api/rubric", city.token, headers={"If-None-Match": f'W/"other", {etag}'})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    other = await service.get("/api/rubric", city.token, headers={"If-None-Match": '"other"'})
    assert other.status == 200


async def test_a_district_closes_early(
    service: Service, signed_in: SignIn, city: SignedIn, district: SignedIn, database: Database
) -> None:
    await open_cycle(service, city)
    early = CLOSES - timedelta(days=5)
    answer = await close(service, district, early)
    assert (answer.status, answer.json["submission_closes"]) == (200, "2022-08-26T16:00:00Z")
    assert answer.json["hand_in"] == "2022-08-31T16:00:00Z"
    school = await signed_in("school", school_id=await add_school(database, "第一小学"))
    other = await signed_in("school", school_id=await add_school(database, "第二小学", "xinghua"))
    inspector = await signed_in("inspector")
    assert (await service.get("/api/cycle", district.token)).json["districts"] == [answer.json]
    assert (await service.get("/api/cycle", school.token)).json["districts"] == [answer.json]
    (elsewhere,) = (await service.get("/api/cycle", other.token)).json["districts"]
    assert (elsewhere["district"], elsewhere["submission_closes"]) == ("xinghua", "2022-08-31T16:00:00Z")
    assert (await service.get("/api/cycle", inspector.token)).json["districts"] == []
    cycle = await current(service.deps)
    assert calendar(cycle, "hailing")["submission_closes"] == early
    assert calendar(cycle, "xinghua")["submission_closes"] == CLOSES
    # It may change its mind, up to the cycle's own date.
    assert (await close(service, district, CLOSES)).status == 200


@pytest.mark.parametrize(
    "closes",
    [
        CLOSES + timedelta(seconds=1),
        datetime(2022, 8, 15, 1, 59, 59, tzinfo=UTC),
        datetime(2022, 6, 19, 16, tzinfo=UTC),
    ],
)
async def test_closing_out_of_bounds(service: Service, city: SignedIn, district: SignedIn, closes: datetime) -> None:
    await open_cycle(service, city)
    answer = await close(service, district, closes)
    assert (answer.status, answer.paths) == (422, ["/closes"])


async def test_a_closing_is_ones_own_districts(service: Service, city: SignedIn, district: SignedIn) -> None:
    await open_cycle(service, city)
    early = CLOSES - timedelta(days=1)
    assert (await close(service, district, early, "xinghua")).status == 404
    assert (await close(service, district, early, "atlantis")).status == 404
    assert (await close(service, city, early)).status == 403


async def test_an_extension(service: Service, city: SignedIn, district: SignedIn, database: Database) -> None:
    await open_cycle(service, city)
    until = CLOSES + timedelta(days=3)
    answer = await extend(service, city, until)
    assert (answer.status, answer.json["hand_in"]) == (200, "2022-09-03T16:00:00Z")
    cycle = await current(service.deps)
    assert calendar(cycle, "hailing")["hand_in"] == until
    assert calendar(cycle, "xinghua")["hand_in"] == CLOSES
    assert cycle.extended_at == {"hailing": service.clock()}
    event = await database.audit_events.find_one({"event": "cycle.extended"})
    assert event is not None
    assert event["reason"] == "台风停课三天"
    assert event["before"]["hand_in"] == CLOSES
    told = await database.inbox.find().to_list(None)
    assert [message["person_id"] for message in told] == [district.person.id]
    assert "2022年9月3日24:00" in told[0]["text"]


async def test_an_extension_must_be_later_than_the_last(service: Service, signed_in: SignIn, clock: Clock) -> None:
    city = await signed_in("city")
    await open_cycle(service, city)
    until = CLOSES + timedelta(days=3)
    assert (await extend(service, city, CLOSES)).paths == ["/hand_in"]
    assert (await extend(service, city, until)).status == 200
    assert (await extend(service, city, until)).status == 422
    clock.set(CLOSES + timedelta(days=9))
    city = await signed_in("city")
    assert (await extend(service, city, CLOSES + timedelta(days=8))).paths == ["/hand_in"]
    assert (await extend(service, city, CLOSES + timedelta(days=30, seconds=1))).paths == ["/hand_in"]
    assert (await extend(service, city, CLOSES + timedelta(days=30))).status == 200


async def test_an_extension_needs_a_reason_and_the_city(service: Service, city: SignedIn, district: SignedIn) -> None:
    await open_cycle(service, city)
    path = "/api/cycle/districts/hailing/extension"
    body = {"hand_in": iso(CLOSES + timedelta(days=1)), "reason": " \n"}
    assert (await service.post(path, body, city.token)).paths == ["/reason"]
    assert (await extend(service, district, CLOSES + timedelta(days=1))).status == 403
    assert (await extend(service, city, CLOSES + timedelta(days=1), "atlantis")).status == 404


async def test_many_changes_at_once_are_all_kept(service: Service, signed_in: SignIn, city: SignedIn) -> None:
    await open_cycle(service, city)
    places = ["hailing", "gaogang", "jiangyan", "xinghua", "jingjiang", "taixing", "municipal"]
    officers = [await signed_in("district", district=place) for place in places]
    early, late = CLOSES - timedelta(days=2), CLOSES + timedelta(days=2)
    answers = await asyncio.gather(
        *(close(service, officer, early, place) for officer, place in zip(officers, places, strict=True)),
        *(extend(service, city, late, place) for place in places),
    )
    assert [answer.status for answer in answers] == [200] * 14
    cycle = await current(service.deps)
    assert dict(cycle.closes) == dict.fromkeys(places, early)
    assert dict(cycle.hand_in) == dict.fromkeys(places, late)


async def test_a_transaction_sees_the_cycle_as_it_is_now(service: Service, city: SignedIn, district: SignedIn) -> None:
    await open_cycle(service, city)
    deps = service.deps
    before = await current(deps)
    # As another process does it, which can't tell this one to forget.
    await deps.db.cycles.update_one({"_id": "2022"}, {"$set": {"closes.hailing": CLOSES - timedelta(days=1)}})
    assert await current(deps) is before
    seen = await transact(deps.db, lambda transaction: current(deps, transaction))
    assert seen.closes == {"hailing": CLOSES - timedelta(days=1)}


async def test_who_is_not_signed_in_sees_nothing(service: Service) -> None:
    assert [(await service.get(path)).status for path in ("/api/cycle", "/api/rubric")] == [401, 401]
