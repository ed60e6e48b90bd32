"""Visits from workbooks: all rows or none, and all that is wrong at once."""

import io
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from inspection.rules.workflow import State
from tests.http.conftest import Answer, Service, SignedIn, SignIn
from tests.http.test_imports import XLSX, repacked, workbook
from tests.http.visiting import Visiting, make_visiting

HEADER = ["市（区）", "学校名称", "日期", "时段", "组长", "组员"]


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


async def send(world: Visiting, *rows: list[Any], who: SignedIn | None = None, dry: bool = False) -> Answer:
    path = "/api/imports/visits" + ("?dry_run=true" if dry else "")
    token = (who or world.city).token
    return await world.service.post(path, token=token, body=workbook(HEADER, *rows), headers={"Content-Type": XLSX})


async def test_visits_are_imported(world: Visiting) -> None:
    first, second = await world.school("海陵小学"), await world.school("兴化小学", district="xinghua")
    one, two, three = await world.inspectors(3)
    rows: list[list[Any]] = [
        ["海陵区", " 海陵 小学", date(2022, 9, 5), "上午", "专家甲", f"{two.person.phone}、专家丙"],
        ["兴化", "兴化小学", "2022年9月5日", "下午", f"专家丙{three.person.phone}", ""],
    ]
    dry = await send(world, *rows, dry=True)
    assert (dry.status, dry.json["planned"], dry.json["problems"]) == (200, 2, [])
    assert dry.json["rows"][0]["values"]["组员"] == "专家乙、专家丙"
    assert await world.db.visits.count_documents({}) == 0
    answer = await send(world, *rows)
    assert (answer.status, answer.json["planned"]) == (200, 2)
    visits = (await world.get("/api/visits")).json["items"]
    found = {
        visit["submission_id"]: (visit["date"], visit["half"], [each["name"] for each in visit["team"]])
        for visit in visits
    }
    assert found == {
        first.submission_id: ("2022-09-05", "morning", ["专家甲", "专家乙", "专家丙"]),
        second.submission_id: ("2022-09-05", "afternoon", ["专家丙"]),
    }
    assert await world.inbox(one) == ["visit.assigned"]


async def test_everything_wrong_is_said_at_once_and_nothing_is_planned(world: Visiting) -> None:
    await world.school("甲小学")
    await world.school("乙小学", state=State.SUBMITTED)
    await world.school("丙小学")
    tied = await world.school("丁小学")
    (one, *_), twin = await world.inspectors(2), await world.sign_in("inspector", name="专家乙")
    await world.db.people.update_one({"_id": one.person.id}, {"$set": {"ties": [tied.id]}})
    rows: list[list[Any]] = [
        ["海陵区", "甲小学", "2022-09-05", "上午", "专家甲", ""],
        ["海陵区", "没有小学", "明天", "中午", "无名", "专家乙"],
        ["海陵区", "乙小学", "2022-09-06", "上午", twin.person.phone, ""],
        ["海陵区", "丙小学", "2022-09-05", "上午", twin.person.phone, "专家甲"],
        ["海陵区", "丁小学", "2022-10-05", "上午", "专家甲", ""],
        ["海陵区", "甲小学", "2022-09-07", "上午", f"专家甲{twin.person.phone}", "13912345678"],
        ["", "", "", "", "", "专家甲"],
    ]
    answer = await send(world, *rows)
    assert (answer.status, answer.error["code"]) == (422, "bad_rows")
    found = [(detail["path"], detail["code"]) for detail in answer.error["details"]]
    assert found == [
        ("/rows/3/日期", "invalid"),
        ("/rows/3/时段", "invalid"),
        ("/rows/3/组长", "invalid"),
        ("/rows/3/组员", "invalid"),
        ("/rows/3/学校名称", "unknown_submission"),
        ("/rows/4/学校名称", "wrong_state"),
        ("/rows/5/组员", "inspector_busy"),
        ("/rows/6/日期", "out_of_range"),
        ("/rows/6/组长", "tied"),
        ("/rows/7/组长", "invalid"),
        ("/rows/7/组员", "invalid"),
        *((f"/rows/8/{title}", "missing") for title in HEADER[:5]),
    ]
    assert await world.db.visits.count_documents({}) == 0
    dry = (await send(world, *rows, dry=True)).json
    assert (dry["planned"], len(dry["problems"])) == (1, len(found))


async def test_one_file_does_not_plan_a_school_twice(world: Visiting) -> None:
    await world.school("甲小学")
    await world.inspectors(2)
    rows: list[list[Any]] = [
        ["海陵区", "甲小学", "2022-09-05", "上午", "专家甲", ""],
        ["海陵区", "甲小学", "2022-09-06", "上午", "专家乙", ""],
    ]
    answer = await send(world, *rows)
    assert [(each["path"], each["code"]) for each in answer.error["details"]] == [
        ("/rows/3/学校名称", "already_planned")
    ]


async def test_what_is_no_workbook_is_refused(world: Visiting) -> None:
    for content, code in ((b"MZ\x90\x00", "not_a_workbook"), (workbook(HEADER), "no_rows")):
        answer = await world.service.post(
            "/api/imports/visits", token=world.city.token, body=content, headers={"Content-Type": XLSX}
        )
        assert (answer.status, answer.error["code"]) == (422, code)


async def test_only_the_city_imports(world: Visiting) -> None:
    row = ["海陵区", "甲小学", "2022-09-05", "上午", "专家甲", ""]
    for role in ("school", "district", "inspector", "admin"):
        assert (await send(world, row, who=await world.sign_in(role))).status == 403


async def test_the_template_can_be_filled_in(world: Visiting) -> None:
    answer = await world.get("/api/imports/visits/template")
    assert (answer.status, answer.headers["Content-Type"]) == (200, XLSX)
    sheet = load_workbook(io.BytesIO(answer.body)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == HEADER


@pytest.mark.parametrize(
    "day",
    [
        "2022-09-05",
        "2022/9/5",
        "2022.9.5",
        "2022年9月5日",
        "２０２２－０９－０５",
        datetime(2022, 9, 5),
        date(2022, 9, 5),
    ],
)
async def test_dates_in_every_way_that_people_write_them(world: Visiting, day: Any) -> None:
    await world.school("海陵小学")
    await world.inspectors(1)
    dry = await send(world, ["海陵区", "海陵小学", day, "上午", "专家甲", ""], dry=True)
    assert (dry.status, dry.json["problems"]) == (200, [])
    assert dry.json["rows"][0]["values"]["日期"] == "2022-09-05"


@pytest.mark.parametrize("day", ["9月5日", "44809", 44809, "2022-02-30", "下周一", "5/9/2022"])
async def test_what_is_no_date_is_named_in_the_preview(world: Visiting, day: Any) -> None:
    await world.school("海陵小学")
    await world.inspectors(1)
    dry = await send(world, ["海陵区", "海陵小学", day, "上午", "专家甲", ""], dry=True)
    [problem] = dry.json["problems"]
    assert (problem["row"], problem["column"], problem["cell"]) == (2, "日期", "C2")
    assert dry.json["rows"][0]["action"] is None


async def test_bad_files_of_visits(world: Visiting) -> None:
    await world.school("海陵小学")
    await world.inspectors(1)
    row: list[Any] = ["海陵区", "海陵小学", "2022-09-05", "上午", "专家甲", ""]
    formula = await send(world, [*row[:1], '=A2&"小学"', *row[2:]], dry=True)
    assert ("formula", "B2") in [(each["code"], each["cell"]) for each in formula.json["problems"]]

    async def sent(content: bytes) -> Answer:
        headers = {"Content-Type": XLSX}
        path = "/api/imports/visits?dry_run=true"
        return await world.service.post(path, token=world.city.token, body=content, headers=headers)

    file = io.BytesIO(workbook(HEADER, row, row))
    book = load_workbook(file)
    book.worksheets[0].merge_cells("A2:A3")
    merged = io.BytesIO()
    book.save(merged)
    codes = {(each["code"], each["cell"]) for each in (await sent(merged.getvalue())).json["problems"]}
    assert ("merged", "A2:A3") in codes
    macros = await sent(repacked(workbook(HEADER, row), macros=b"\xd0\xcf"))
    assert (macros.status, macros.error["code"]) == (422, "macros")
    many = await sent(workbook(HEADER, *[row] * 5000))
    assert (many.status, many.error["code"]) == (422, "too_many_rows")
    large = await sent(bytes(50 * 1024 * 1024))
    assert (large.status, large.error["code"]) == (413, "too_large")
    assert await world.db.visits.count_documents({}) == 0
