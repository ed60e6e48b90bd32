"""The city's figures: what each closed visit adds, what takes it away again, and the tables behind them."""

import asyncio
import io
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from backend.services import city_figures
from backend.store import figures
from tests.http.conftest import Clock, Service, SignedIn, SignIn
from tests.http.scored import City, make_city
from tests.http.visiting import Visiting, make_visiting


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


async def statistics(of: City | Visiting) -> Any:
    answer = await of.get("/api/statistics")
    assert answer.status == 200, answer.body
    return answer.json


def scope(found: Any, district: str | None) -> Any:
    return next(each for each in found["scopes"] if each["district"] == district)


def counted(ranges: Any) -> dict[Any, int]:
    """The ranges that are not empty, by where they begin."""
    return {each["least"]: each["count"] for each in ranges if each["count"]}


async def test_grades_and_totals_by_district(city: City) -> None:
    full = city.rubric.points // 100
    await city.school("满分校")
    await city.school("优秀校", lost=(full - 85) * 100, applied="excellent")
    await city.school("未达标校", district="xinghua", unmet=[("1.1.1", "basic")])
    found = await statistics(city)
    whole, hailing, xinghua = scope(found, None), scope(found, "hailing"), scope(found, "xinghua")
    assert (whole["schools"], hailing["schools"], xinghua["schools"], whole["undecided"]) == (3, 2, 1, 0)
    by_grade = {each["grade"]: (each["applied"], each["attained"], each["awarded"]) for each in whole["grades"]}
    assert by_grade == {
        "demonstration": (2, 1, 1),
        "excellent": (1, 1, 1),
        "qualified": (0, 0, 0),
        None: (0, 1, 1),
    }
    assert [each["awarded"] for each in xinghua["grades"]] == [0, 0, 0, 1]
    assert counted(whole["totals"]) == {full - 5: 2, 85: 1}
    assert counted(hailing["totals"]) == {full - 5: 1, 85: 1}
    assert (hailing["mean"], hailing["middle"], whole["middle"]) == ((full + 85) / 2, (full + 85) / 2, full)
    # A district without a visit is there all the same.
    empty = scope(found, "taixing")
    assert (empty["schools"], empty["mean"], empty["middle"], counted(empty["totals"])) == (0, None, None, {})
    assert found["scopes"][0]["name"] == "全市"


async def test_gaps_by_indicator_and_district(city: City) -> None:
    await city.school("甲", own={"1.1.2": 100, "2.1.1": 0}, agreed={"1.1.2": 0})
    await city.school("乙", own={"1.1.2": 100}, agreed={"1.1.2": 0}, unmet=[("1.1.5", "demonstration")])
    await city.school("丙", district="xinghua", unmet=[("1.1.5", "demonstration")])
    found = await statistics(city)
    cells = {(each["district"], each["indicator"]): each for each in found["gaps"]}
    assert set(cells) == {("hailing", "1.1"), ("hailing", "2.1"), ("xinghua", "1.1")}
    first = cells["hailing", "1.1"]
    assert (first["rows"], first["critical"], first["overstated"]) == (3, 1, 2)
    assert cells["xinghua", "1.1"] == {
        "district": "xinghua",
        "indicator": "1.1",
        "rows": 1,
        "critical": 1,
        "overstated": 0,
    }
    assert cells["hailing", "2.1"]["overstated"] == -city.rubric.items["2.1.1"].points / 100
    assert len(found["indicators"]) == 23
    assert found["indicators"][0]["code"] == "1.1"


async def close(visiting: Visiting, visit: str, team: list[SignedIn], clock: Clock, **after: float) -> None:
    """The school countersigns, and so much later the lead closes."""
    signed = {"name": "陈校长", "role": "校长", "signature": "iVBORw0KGgo="}
    answer = await visiting.service.put(f"/api/visits/{visit}/countersignature", signed, team[0].token)
    assert answer.status == 200, answer.body
    clock.advance(**after)
    answer = await visiting.post(f"/api/visits/{visit}/close", None, team[0])
    assert answer.status == 200, answer.body


async def test_inspectors_against_teammates_and_the_time_to_closing(visiting: Visiting, clock: Clock) -> None:
    team = await visiting.inspectors(2)
    start = clock()
    for number, name in enumerate(("甲校", "乙校")):
        school = await visiting.school(name)
        visit = await visiting.plan(school, *team, half="morning" if number == 0 else "afternoon")
        await visiting.score_and_sign(visit, team[0])
        # Half a point less on one item, which is within the tolerance.
        await visiting.score_and_sign(visit, team[1], i1_1_2=visiting.rubric.items["1.1.2"].points - 50)
        await close(visiting, visit, team, clock, hours=3 if number == 0 else 30)
    overdue = await visiting.school("丙校")
    await visiting.plan(overdue, *team, date="2022-09-06", half="afternoon")
    found = await statistics(visiting)
    items, at_stake = len(visiting.rubric.items), visiting.rubric.points
    # By name, as Unicode has it.
    strict, mild = found["inspectors"]
    assert (mild["name"], mild["inspector_id"], mild["visits"]) == ("专家甲", team[0].person.id, 2)
    assert (mild["items"], mild["pairs"], mild["within"]) == (2 * items, 2 * items, 1)
    assert (mild["mean_difference"], strict["mean_difference"]) == (round(0.5 / items, 4), -round(0.5 / items, 4))
    assert (strict["severity"], mild["severity"]) == (round(50 / at_stake, 4), -round(50 / at_stake, 4))
    assert (strict["verdicts"], strict["same_verdicts"]) == (mild["verdicts"], 1)
    assert strict["verdicts"] > 0
    times = scope(found, "hailing")["closing"]
    # 10:00 and 13:00 of the day of the visits, then 19:00 of the day after.
    assert counted(times["days"]) == {0: 1, 1: 1}
    assert (times["hours"], times["overdue"]) == ((3 + 30) / 2, 0)
    clock.set(start + timedelta(days=2))
    assert [scope(await statistics(visiting), each)["closing"]["overdue"] for each in (None, "hailing", "xinghua")] == [
        1,
        1,
        0,
    ]


async def test_a_school_whose_visit_goes_on_does_not_count(visiting: Visiting, clock: Clock) -> None:
    team = await visiting.inspectors(2)
    school = await visiting.school()
    visit = await visiting.plan(school, *team)
    for each in team:
        await visiting.score_and_sign(visit, each)
    assert scope(await statistics(visiting), None)["schools"] == 0
    await close(visiting, visit, team, clock)
    assert scope(await statistics(visiting), None)["schools"] == 1
    assert (await visiting.post(f"/api/visits/{visit}/reopen", {"reason": "漏评一项"})).status == 200
    found = await statistics(visiting)
    assert (scope(found, None)["schools"], found["inspectors"]) == (0, [])
    assert (await visiting.post(f"/api/visits/{visit}/close", None, team[0])).status == 200
    assert scope(await statistics(visiting), None)["schools"] == 1
    path = f"/api/submissions/{school.submission_id}/withdraw"
    assert (await visiting.post(path, {"reason": "学校撤并"})).status == 200
    assert scope(await statistics(visiting), None)["schools"] == 0


async def test_nothing_is_added_up_twice(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[int] = []
    add_up = city_figures._add_up

    def counting(found: list[dict[str, Any]]) -> city_figures.ScopeFigures:
        added.append(len(found))
        return add_up(found)

    monkeypatch.setattr(city_figures, "_add_up", counting)
    school = await city.school("甲", own={"1.1.2": 100}, agreed={"1.1.2": 0})
    for _ in range(3):
        await statistics(city)
    assert added == [1]
    # A ruling that changes a total is seen at once.
    before = scope(await statistics(city), None)["mean"]
    correction = {"closes": "2022-10-15T00:00:00+08:00"}
    assert (await city.post(f"{school.path}/answer-window", correction)).status == 200
    given = await city.service.put(f"{school.path}/answers/1.1.2", {"text": "有"}, (await city.contact(school)).token)
    assert given.status == 200, given.body
    settled = {"result": "revised", "reason": "复核属实", "points": 1}
    answer = await city.post(f"{school.path}/answers/1.1.2/settle", settled)
    assert answer.status == 200, answer.body
    assert scope(await statistics(city), None)["mean"] == before + 1
    assert len(added) == 2


async def test_only_the_part_of_a_district_in_which_something_changed_is_added_up(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.school("甲")
    await city.school("乙", district="xinghua")
    before = await statistics(city)
    read: list[tuple[str, list[str]]] = []
    of_parts = figures.of_parts_now

    def reading(db: Any, cycle: str, district: str, parts: list[str]) -> Any:
        read.append((district, parts))
        return of_parts(db, cycle, district, parts)

    monkeypatch.setattr(figures, "of_parts_now", reading)
    added = await city.school("丙", district="xinghua", unmet=[("1.1.1", "basic")])
    after = await statistics(city)
    assert read == [("xinghua", [added.submission_id[0]])]
    assert scope(after, "hailing") == scope(before, "hailing")
    assert (scope(after, "xinghua")["schools"], scope(after, None)["schools"]) == (2, 3)
    # What is put together of parts is what is counted from nothing.
    city.service.deps.figures.parts.clear()
    city.service.deps.figures._stand = None
    assert await statistics(city) == after


@pytest.mark.parametrize("changed", [["0"], ["0", "7", "f"], list("0123456789abcdef")])
async def test_parts_of_a_district_are_read_each_or_with_the_whole_of_it(city: City, changed: list[str]) -> None:
    db = city.service.deps.db
    for number in range(32):
        one = {"_id": f"{number % 16:x}{number:07}", "cycle": "2022", "district": "hailing", "stamp": number}
        await db.figures.insert_one(one)
    found = await asyncio.to_thread(figures.of_parts_now, db, "2022", "hailing", changed)
    assert list(found) == changed
    for part, documents in found.items():
        assert [each["stamp"] for each in documents] == [int(part, 16), int(part, 16) + 16]
    assert (await figures.stands(db, "2022"))["hailing", "3"] == (2, 3 + 19)


async def test_schools_scored_before_there_were_figures_are_counted(city: City) -> None:
    await city.school("甲")
    await city.school("乙", district="xinghua")
    expected = await statistics(city)
    await city.service.deps.db.figures.delete_many({})
    assert await statistics(city) == expected
    assert scope(expected, None)["schools"] == 2


async def test_every_figure_has_a_table(city: City) -> None:
    await city.school("=甲校", own={"1.1.2": 100}, agreed={"1.1.2": 0}, past=["qualified"])
    found = await statistics(city)
    first = {}
    for figure in ("grades", "totals", "gaps", "inspectors", "closing", "targets", "flags"):
        answer = await city.get(f"/api/statistics/table?figure={figure}")
        assert answer.status == 200, answer.body
        assert answer.headers["Content-Disposition"].endswith(".xlsx")
        sheet = load_workbook(io.BytesIO(answer.body)).worksheets[0]
        rows = list(sheet.iter_rows(min_row=4, values_only=True))
        first[figure] = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["认定"] for row in first["grades"][:4]] == [each["awarded"] for each in found["scopes"][0]["grades"]]
    assert first["totals"][0]["平均分"] == found["scopes"][0]["mean"]
    [gap] = first["gaps"]
    assert (gap["二级指标"], gap["市（区）"]) == ("1.1 校园网络", "海陵区")
    assert (gap["差异条数"], gap["自评高出（分，每校）"]) == (1, 1)
    assert [row["可比指标"] for row in first["inspectors"]] == [len(city.rubric.items)] * 2
    assert first["closing"][0]["当天"] == 1
    assert (first["targets"][0]["市（区）"], first["targets"][0]["现有学校"]) == ("全市", 1)
    assert first["flags"] == []
    assert (await city.get("/api/statistics/table?figure=all")).paths == ["/query/figure"]
