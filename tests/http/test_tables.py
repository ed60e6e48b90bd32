"""The tables of the console: pages, orders, filters, what is late, and the same rows as a workbook."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from openpyxl import load_workbook

from backend.services import tables
from backend.store import numbered
from tests.http.conftest import Clock, Service, SignIn
from tests.http.submitted import World, change, make_world

TABLE = "/api/tables/submissions"


@pytest.fixture
async def world(service: Service, signed_in: SignIn, clock: Clock) -> World:
    """Four drafts, two submitted schools, one of them endorsed, in two districts."""
    world = await make_world(service, signed_in)
    for name, district in (("丙小学", "hailing"), ("丁小学", "taixing"), ("=1+1", "hailing"), ("泰兴中学", "taixing")):
        await world.register(name, district)
    await world.submitted("甲小学")
    clock.advance(minutes=1)
    await world.endorsed("乙小学")
    return world


async def ask(world: World, token: str, **query: Any) -> Any:
    """The table's answer."""
    answer = await world.service.get(f"{TABLE}?{urlencode(query)}", token)
    assert answer.status == 200, answer.body
    return answer.json


def names(found: Any) -> list[str]:
    """The schools in their order."""
    return [row["school_name"] for row in found["items"]]


async def test_numbered_pages_have_a_total(world: World) -> None:
    whole = await ask(world, world.city.token)
    assert (whole["total"], names(whole)) == (6, sorted(["=1+1", "丁小学", "丙小学", "乙小学", "泰兴中学", "甲小学"]))
    pages = [await ask(world, world.city.token, limit=4, skip=skip) for skip in (0, 4, 8)]
    assert [page["total"] for page in pages] == [6, 6, 6]
    assert [row for page in pages for row in page["items"]] == whole["items"]
    assert names(await ask(world, world.city.token, sort="-name")) == names(whole)[::-1]


async def test_filters_and_orders(world: World) -> None:
    token = world.city.token
    assert names(await ask(world, token, state="draft", district="taixing")) == ["丁小学", "泰兴中学"]
    assert names(await ask(world, token, name="小学", state="submitted")) == ["甲小学"]
    assert names(await ask(world, token, name="1+")) == ["=1+1"]
    assert names(await ask(world, token, sort="-submitted_at"))[:2] == ["乙小学", "甲小学"]
    assert names(await ask(world, token, sort="submitted_at"))[-2:] == ["甲小学", "乙小学"]
    by_district = await ask(world, token, sort="district")
    assert [row["district"] for row in by_district["items"]] == ["hailing"] * 4 + ["taixing"] * 2
    assert names(by_district)[-2:] == ["丁小学", "泰兴中学"]
    assert names(await ask(world, token, sort="-district", state="draft"))[:2] == ["泰兴中学", "丁小学"]
    assert {row["applied"] for row in (await ask(world, token, sort="-applied", limit=2))["items"]} == {"excellent"}
    row = (await ask(world, token, state="endorsed"))["items"][0]
    assert (row["state_name"], row["self_points"], row["answered"], row["items"]) == ("已推荐", 110, 82, 82)


async def test_a_district_sees_its_own(world: World) -> None:
    assert len((await ask(world, world.officer.token))["items"]) == 4
    answer = await world.service.get(f"{TABLE}?district=taixing", world.officer.token)
    assert answer.status == 404
    counts = (await world.service.get("/api/submission-counts", world.officer.token)).json["items"]
    assert [each["district"] for each in counts] == ["hailing"]


async def test_what_is_late(world: World, clock: Clock) -> None:
    token = world.city.token
    assert (await ask(world, token, late="true"))["total"] == 0
    # An extension of one district: its schools are not late when the others' are.
    body = {"hand_in": "2022-09-10T00:00:00+08:00", "reason": "台风"}
    assert (await world.service.post("/api/cycle/districts/hailing/extension", body, token)).status == 200
    # 1 September: who has not submitted is late anyway; of what was submitted only what has no extension.
    clock.advance(days=20)
    token = (await world.sign_in("city")).token
    late = await ask(world, token, late="true")
    assert names(late) == ["=1+1", "丁小学", "丙小学", "泰兴中学"]
    assert all(row["late"] and row["due_at"] == "2022-08-31T16:00:00Z" for row in late["items"])
    counts = (await world.service.get("/api/submission-counts", token)).json["items"]
    hailing = next(each for each in counts if each["district"] == "hailing")
    assert hailing["hand_in"] == "2022-09-09T16:00:00Z"
    told = {each["state"]: (each["count"], each["late"]) for each in hailing["states"] if each["count"]}
    assert told == {"draft": (2, 2), "submitted": (1, 0), "endorsed": (1, 0)}


async def test_the_workbook_has_the_rows_and_columns_that_are_seen(world: World) -> None:
    query = urlencode({"sort": "-name", "district": "hailing", "columns": "school_name,self_points,state_name"})
    answer = await world.service.get(f"{TABLE}/export?{query}", world.city.token)
    assert answer.status == 200, answer.body
    sheet = load_workbook(BytesIO(answer.body)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["学校", "自评得分", "状态"]
    assert rows[1:5] == [
        ["甲小学", 110, "已提交"],
        ["乙小学", 110, "已推荐"],
        ["丙小学", 0, "填报中"],
        ["=1+1", 0, "填报中"],
    ]
    assert str(rows[6][0]).startswith("共 4 行，导出于 2022年")
    # What looks like a formula is a text.
    assert sheet["A5"].data_type == "s"
    assert sheet["B2"].data_type == "n"


@pytest.mark.parametrize("query", ["sort=size", "columns=nothing", "limit=201", "skip=-1", "late=perhaps", "name="])
async def test_what_no_table_knows_is_refused(world: World, query: str) -> None:
    path = f"{TABLE}/export" if query.startswith("columns") else TABLE
    answer = await world.service.get(f"{path}?{query}", world.city.token)
    assert (answer.status, answer.paths) == (422, [f"/query/{query.partition('=')[0]}"])


async def test_what_is_too_many_is_not_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (numbered, tables):
        monkeypatch.setattr(module, "MOST_COUNTED", 4)
    found = await ask(world, world.city.token, limit=2)
    assert (len(found["items"]), found["total"], found["more"]) == (2, 4, True)
    four = await ask(world, world.city.token, district="hailing")
    assert (four["total"], four["more"]) == (4, False)
    answer = await world.service.get(f"{TABLE}/export", world.city.token)
    sheet = load_workbook(BytesIO(answer.body)).worksheets[0]
    assert sheet.max_row == 1 + 4 + 1 + 1
    assert str(sheet["A7"].value).startswith("多于 4 行，导出于")
    assert str(sheet["A7"].value).endswith("只含前 4 行，请用筛选分几次导出")


async def test_a_draft_that_grows_shows_its_points(world: World) -> None:
    school = await world.register("戊小学")
    await world.save(school, change("/items/1.1.1/points", 1.5))
    (row,) = (await ask(world, world.officer.token, name="戊"))["items"]
    assert (row["self_points"], row["answered"]) == (1.5, 1)
    await world.save(school, change("/items/1.1.2/points", 0.5), change("/items/1.1.1/points", 1, 1))
    await world.save(await world.register("己小学"), change("/items/1.1.1/points", 2))
    token = world.city.token
    first = await ask(world, token, sort="-self_points", state="draft", limit=2)
    assert [(row["school_name"], row["self_points"]) for row in first["items"]] == [("己小学", 2), ("戊小学", 1.5)]
    await world.save(school, change("/items/1.1.2/points", None, 1))
    assert names(await ask(world, token, sort="self_points", state="draft", name="小学"))[-2:] == ["戊小学", "己小学"]
    (row,) = (await ask(world, token, name="戊"))["items"]
    assert (row["self_points"], row["answered"]) == (1, 1)
