"""The rubric and a publication as documents."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.documents import fonts, foot, opened, rows
from tests.http.conftest import Answer, Service, SignIn
from tests.http.scored import City, make_city

BELOW: dict[str, Any] = {"unmet": [("1.1.1", "basic")]}


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def file(city: City, path: str, **more: Any) -> Answer:
    answer = await city.get(path, **more)
    assert answer.status == 200, answer.body
    return answer


async def test_the_rubric_is_the_cycles(city: City) -> None:
    document = opened((await file(city, "/api/rubric/document")).body)
    assert [each.text for each in document.paragraphs[:3]] == [
        "附件1",
        "泰州市中小学智慧校园建设评估细则",
        "(2022版)",
    ]
    printed = rows(document.tables[0])
    assert printed[0] == ["一级指标", "二级指标", "评  估  内  容", "分值"]
    items = list(city.rubric.items.values())
    assert len(items) == 82
    assert [(row[2], row[3]) for row in printed[1:]] == [(item.text, str(item.points // 100)) for item in items]
    assert printed[1][:2] == ["一\n基础环境\n（26分）", "（一）\n校园网络（6分）"]
    assert printed[-1][:2] == ["六\n应用成效\n（10分）", "（四）\n应用案例（2分）"]
    assert document.paragraphs[-1].text == f"注：{city.rubric.note}"
    assert fonts(document) == {"宋体", "仿宋", "黑体"}


async def test_a_publication_lists_the_awarded_by_grade(city: City) -> None:
    await city.decided("乙小学", district="xinghua")
    await city.decided("甲小学", applied="qualified")
    failed = await city.decided("丙小学", **BELOW)
    publication = await city.published()
    path = f"/api/publications/{publication['id']}/document"
    document = opened((await file(city, path)).body)
    said = [each.text for each in document.paragraphs]
    assert said[0] == "2022年泰州市智慧校园创建评估结果"
    assert "认定下列2所学校" in said[1]
    assert said[2:4] == ["一、示范型（1所）", "二、合格型（1所）"]
    assert said[-2:] == ["泰州市教育局", "2022 年 10 月 10 日"]
    header = ["序号", "市（区）", "学校名称"]
    assert [rows(table) for table in document.tables] == [
        [header, ["1", "兴化市", "乙小学"]],
        [header, ["1", "海陵区", "甲小学"]],
    ]
    assert failed.name not in "".join(said)
    sheet = load_workbook(BytesIO((await file(city, f"{path}?format=xlsx")).body)).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4, max_row=6)] == [
        ["序号", "市（区）", "学校名称", "认定等级"],
        [1, "兴化市", "乙小学", "示范型"],
        [2, "海陵区", "甲小学", "合格型"],
    ]
    assert sheet["A8"].value in foot(document)


async def test_a_correction_supersedes(city: City) -> None:
    school = await city.decided("甲小学")
    publication = await city.published()
    path = f"/api/publications/{publication['id']}"
    document = opened((await file(city, f"{path}/document")).body)
    code = foot(document).splitlines()[0].removeprefix("验证码：")

    async def state() -> str:
        answer = await city.service.get(f"/api/verify?code={code}")
        assert answer.status == 200, answer.body
        return str(answer.json["state"])

    assert await state() == "current"
    body = {"submission_id": school.submission_id, "reason": "登记有误", "rulings": [{"item": "1.1.4", "points": 0}]}
    corrected = await city.post(f"{path}/corrections", body)
    assert corrected.status == 201, corrected.body
    assert await state() == "superseded"
    newest = opened((await file(city, f"/api/publications/{corrected.json['id']}/document")).body)
    said = [each.text for each in newest.paragraphs]
    assert said[1] == "（第2版）"
    assert "更正原因：登记有误" in said


async def test_formats_that_there_are_not(city: City) -> None:
    await city.decided("甲小学")
    publication = await city.published()
    answer = await city.get(f"/api/publications/{publication['id']}/document?format=pdf")
    assert (answer.status, answer.paths) == (422, ["/query/format"])
