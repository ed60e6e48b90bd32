"""The recommendation list (附件4): ordered, complete, handed in once, frozen, opened again, exported."""

import asyncio
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx.enum.section import WD_ORIENT
from openpyxl import load_workbook

from backend.store.mongo import Database
from tests.documents import foot, opened, rows
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, new_id
from tests.http.submitted import World, make_world

PATH = "/api/recommendation-lists/hailing"
HAND_IN = datetime(2022, 8, 31, 16, tzinfo=UTC)
CONTACT: dict[str, Any] = {"contact": "王科长", "phone": "0523-86880001"}


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> World:
    return await make_world(service, signed_in)


async def read(world: World, by: SignedIn | None = None) -> Any:
    answer = await world.service.get(PATH, (by or world.officer).token)
    assert answer.status == 200, answer.body
    return answer.json


async def save(world: World, version: int, order: list[str], by: SignedIn | None = None, **fields: Any) -> Answer:
    body = CONTACT | {"version": version, "order": order} | fields
    return await world.service.put(PATH, body, (by or world.officer).token)


async def hand_in(world: World, version: int, by: SignedIn | None = None) -> Answer:
    return await world.service.post(f"{PATH}/hand-in", {"version": version}, (by or world.officer).token)


async def reopen(world: World, by: SignedIn | None = None) -> Answer:
    return await world.service.post(f"{PATH}/reopen", {"reason": "漏报一所"}, (by or world.city).token)


async def handed_in(world: World, *schools: str) -> list[str]:
    """Endorses schools of these names, and hands them in in this order."""
    ids = [(await world.endorsed(name)).submission_id for name in schools]
    saved = await save(world, (await read(world))["version"], ids)
    assert (await hand_in(world, saved.json["version"])).status == 200
    return ids


async def test_a_list_is_ordered_and_handed_in(world: World, database: Database, clock: Clock) -> None:
    first, second = [await world.endorsed(name) for name in ("乙小学", "甲小学")]
    view = await read(world)
    assert (view["state"], view["version"], view["district_name"]) == ("open", 0, "海陵区")
    assert {each["path"] for each in view["missing"]} == {"/contact", "/phone", "/order"}
    assert sorted(view["order"]) == sorted([first.submission_id, second.submission_id])
    order = [first.submission_id, second.submission_id]
    answer = await save(world, 0, order)
    assert (answer.status, answer.json["version"], answer.json["missing"]) == (200, 1, [])
    answer = await hand_in(world, 1)
    assert answer.status == 200, answer.body
    assert (answer.json["state"], answer.json["order"]) == ("handed_in", order)
    assert answer.json["rows"][0] == {
        "number": 1,
        "submission_id": first.submission_id,
        "school_name": "乙小学",
        "contact": "周老师",
        "phone": "13800000002",
        "applied": "excellent",
        "applied_name": "优秀型",
        "self_points": 110,
        "highlights": "数据驱动的课堂",
    }
    assert datetime.fromisoformat(answer.json["handed_in_at"]) == clock()
    assert len(answer.json["hand_ins"][0]["sha256"]) == 64
    assert (await read(world, world.city)) == answer.json
    events = await database.audit_events.distinct("event")
    assert {"recommendation_list.saved", "recommendation_list.handed_in"} <= set(events)


async def test_an_order_is_exactly_the_endorsed(world: World) -> None:
    mine, theirs = await world.endorsed("甲小学"), await world.submitted("乙小学")
    mine_id, theirs_id = mine.submission_id, theirs.submission_id
    for order, expected in (
        ([], [("/order", "missing")]),
        ([mine_id, theirs_id], [("/order/1", "not_endorsed")]),
        ([mine_id, mine_id], [("/order/1", "duplicate")]),
        ([new_id()], [("/order/0", "not_endorsed"), ("/order", "missing")]),
    ):
        answer = await save(world, 0, order)
        assert answer.status == 422
        assert [(each["path"], each["code"]) for each in answer.error["details"]] == expected


async def test_everything_missing_is_said_at_once(world: World) -> None:
    await world.endorsed("甲小学")
    await world.submitted("乙小学")
    answer = await hand_in(world, 0)
    assert (answer.status, answer.error["code"]) == (409, "not_ready")
    assert [(each["path"], each["code"]) for each in answer.error["details"]] == [
        ("/contact", "required"),
        ("/phone", "required"),
        ("/order", "order_incomplete"),
        ("", "not_reviewed"),
    ]
    assert [detail["code"] for detail in (await read(world))["missing"]] == [
        detail["code"] for detail in answer.error["details"]
    ]


async def test_a_school_endorsed_later_has_to_be_put_in_order(world: World) -> None:
    first = await world.endorsed("甲小学")
    saved = await save(world, 0, [first.submission_id])
    second = await world.endorsed("乙小学")
    assert (await hand_in(world, saved.json["version"])).paths == ["/order"]
    assert (await read(world))["order"] == [first.submission_id, second.submission_id]
    saved = await save(world, saved.json["version"], [second.submission_id, first.submission_id])
    assert (await hand_in(world, saved.json["version"])).status == 200


async def test_a_stale_version_is_refused(world: World) -> None:
    assert (await save(world, 0, [])).status == 200
    for answer in (await save(world, 0, []), await hand_in(world, 0)):
        assert (answer.status, answer.error["code"]) == (409, "version_conflict")


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"phone": "电话"}, "/phone"),
        ({"contact": " "}, "/contact"),
        ({"order": ["x"]}, "/order/0"),
        ({"order": {"$ne": 1}}, "/order"),
        ({"version": -1}, "/version"),
        ({"stamp": 1}, "/stamp"),
    ],
)
async def test_lists_of_another_form(world: World, wrong: dict[str, Any], path: str) -> None:
    body = CONTACT | {"version": 0, "order": []} | wrong
    answer = await world.service.put(PATH, body, world.officer.token)
    assert (answer.status, answer.paths) == (422, [path])


async def test_what_is_handed_in_is_frozen(world: World) -> None:
    (submission_id,) = await handed_in(world, "甲小学")
    frozen = await read(world)
    version = frozen["version"]
    for answer in (await save(world, version, [submission_id]), await hand_in(world, version)):
        assert (answer.status, answer.error["code"]) == (409, "list_handed_in")
    school_id = (await world.service.get("/api/schools", world.city.token)).json["items"][0]["id"]
    renamed = {"version": 1, "name": "丙小学"}
    assert (await world.service.patch(f"/api/schools/{school_id}", renamed, world.city.token)).status == 200
    assert await read(world) == frozen


async def test_after_handing_in_nothing_moves(world: World) -> None:
    school = await world.register("乙小学")
    await world.fill_in(school)
    returned = await world.submitted("丙小学")
    await world.post(returned, "return", {"reason": "补充"})
    declined = await world.submitted("丁小学")
    await world.post(declined, "decline", {"reason": "不足"})
    await handed_in(world, "甲小学")
    for answer in (
        await world.post(school, "submit", by=school.contact),
        await world.post(returned, "submit", by=returned.contact),
        await world.post(declined, "undo-decline", {"reason": "重审"}),
    ):
        assert (answer.status, [each["code"] for each in answer.error["details"]]) == (409, ["list_open"])
    view = await world.read(school)
    assert view["actions"][0]["reasons"][0]["code"] == "list_open"


async def test_a_submission_and_the_handing_in_exclude_each_other(world: World) -> None:
    """A school that submits at the same moment is either reviewed first, or too late: never forgotten."""
    for number in range(4):
        school = await world.register(f"小学{number}")
        await world.fill_in(school)
        version = (await read(world))["version"]
        if (await read(world))["missing"]:
            version = (await save(world, version, [])).json["version"]
        submitted, handed = await asyncio.gather(
            world.post(school, "submit", by=school.contact), hand_in(world, version)
        )
        assert sorted((submitted.status, handed.status)) == [200, 409], (submitted.body, handed.body)
        if handed.status == 200:
            assert (await reopen(world)).status == 200
            assert (await world.post(school, "submit", by=school.contact)).status == 200
        assert (await world.post(school, "decline", {"reason": "不足"})).status == 200


async def test_ten_hand_ins_at_once_freeze_one(world: World, database: Database) -> None:
    school = await world.endorsed()
    await save(world, 0, [school.submission_id])
    answers = await asyncio.gather(*(hand_in(world, 1) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    assert await database.audit_events.count_documents({"event": "recommendation_list.handed_in"}) == 1


@pytest.mark.parametrize(("now", "status"), [(HAND_IN - timedelta(milliseconds=1), 200), (HAND_IN, 409)])
async def test_the_last_moment(world: World, clock: Clock, now: datetime, status: int) -> None:
    school = await world.endorsed()
    await save(world, 0, [school.submission_id])
    clock.set(now)
    officer = await world.sign_in("district")
    answer = await hand_in(world, 1, by=officer)
    assert answer.status == status
    if status == 409:
        assert answer.error["code"] == "too_late"
        assert (await save(world, 1, [school.submission_id], by=officer)).error["code"] == "too_late"


async def test_the_city_opens_it_again(world: World, database: Database) -> None:
    (first,) = await handed_in(world, "甲小学")
    assert (await reopen(world, by=world.officer)).status == 403
    answer = await reopen(world)
    assert (answer.status, answer.json["state"]) == (200, "open")
    assert answer.json["reopenings"][0]["reason"] == "漏报一所"
    assert (await reopen(world)).error["code"] == "list_open"
    message = await database.inbox.find_one({"event": "recommendation_list.reopened"})
    assert message is not None
    assert message["person_id"] == world.officer.person.id
    second = await world.endorsed("乙小学")
    saved = await save(world, answer.json["version"], [second.submission_id, first])
    answer = await hand_in(world, saved.json["version"])
    assert [each["schools"] for each in answer.json["hand_ins"]] == [1, 2]
    assert answer.json["order"] == [second.submission_id, first]


async def test_after_its_date_only_an_extension_opens_it(world: World, clock: Clock) -> None:
    (first,) = await handed_in(world, "甲小学")
    clock.set(HAND_IN + timedelta(hours=1))
    city, officer = await world.sign_in("city"), await world.sign_in("district")
    answer = await reopen(world, by=city)
    assert (answer.status, answer.error["code"]) == (409, "too_late")
    extension = {"hand_in": "2022-09-05T00:00:00+08:00", "reason": "系统故障"}
    answer = await world.service.post("/api/cycle/districts/hailing/extension", extension, city.token)
    assert answer.status == 200, answer.body
    view = await read(world, officer)
    assert (view["state"], view["handed_in_at"]) == ("open", None)
    clock.advance(hours=1)
    saved = await save(world, view["version"], [first], by=officer)
    assert saved.status == 200, saved.body
    answer = await hand_in(world, saved.json["version"], by=officer)
    assert (answer.status, answer.json["state"], len(answer.json["hand_ins"])) == (200, "handed_in", 2)


async def test_it_is_exported_as_the_annex(world: World) -> None:
    school = await world.register("=1+1小学")
    await world.fill_in(
        school, **{"/application/highlights": '=HYPERLINK("http://x")\n第二行', "/items/1.1.1/points": 1.5}
    )
    await world.post(school, "submit", by=school.contact)
    await world.post(school, "endorse", {"opinion": "同意"})
    await save(world, 0, [school.submission_id])
    answer = await world.service.get(f"{PATH}/export", world.officer.token)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = load_workbook(BytesIO(answer.body)).worksheets[0]
    assert sheet["A2"].value == "泰州市中小学智慧校园创建学校推荐名单表"
    assert all(word in sheet["A3"].value for word in ("海陵区", "王科长", "0523-86880001"))
    header = ["序号", "学校名称", "联系人", "联系电话", "申报类型（示范\\优秀\\合格）", "自评分", "亮点特色"]
    assert [cell.value for cell in sheet[4]] == header
    highlights = '=HYPERLINK("http://x")\n第二行'
    assert [cell.value for cell in sheet[5]] == [1, "=1+1小学", "周老师", "13800000002", "优秀", 109.5, highlights]
    with zipfile.ZipFile(BytesIO(answer.body)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert sheet["A7"].value.startswith("验证码：")


async def test_the_export_as_docx(world: World) -> None:
    """附件4 on paper: the notice's columns, the same rows and the same code as the workbook's."""
    first, second = await world.endorsed("甲小学"), await world.endorsed("乙小学")
    await save(world, 0, [second.submission_id, first.submission_id])
    answer = await world.service.get(f"{PATH}/export?format=docx", world.officer.token)
    assert answer.status == 200, answer.body
    document = opened(answer.body)
    assert [each.text for each in document.paragraphs[:2]] == ["附件4", "泰州市中小学智慧校园创建学校推荐名单表"]
    assert rows(document.tables[0]) == [
        ["市（区）（盖章）：海陵区", "市（区）联系人：王科长", "联系人电话：0523-86880001"]
    ]
    printed = rows(document.tables[1])
    notice = (Path(__file__).parents[1] / "data/notice-2022.txt").read_text("utf-8")
    columns = [each.strip() for each in notice[notice.rindex("序号") :].split("\n\t")]
    assert printed[0] == columns
    assert printed[1:] == [
        [str(number), name, "周老师", "13800000002", "优秀", "110", "数据驱动的课堂"]
        for number, name in enumerate(("乙小学", "甲小学"), 1)
    ]
    section = document.sections[0]
    assert section.orientation == WD_ORIENT.LANDSCAPE
    assert (section.page_width or 0) > (section.page_height or 0)
    assert "草稿：尚未上报" in foot(document)
    book = await world.service.get(f"{PATH}/export", world.officer.token)
    assert load_workbook(BytesIO(book.body)).worksheets[0]["A8"].value in foot(document)
    handed = await hand_in(world, 1)
    assert handed.status == 200
    again = await world.service.get(f"{PATH}/export?format=docx", world.officer.token)
    assert "草稿" not in foot(opened(again.body))


async def test_who_may_see_and_change_which(world: World) -> None:
    taixing, inspector = await world.sign_in("district", district="taixing"), await world.sign_in("inspector")
    contact = (await world.register()).contact
    for path in (PATH, f"{PATH}/export"):
        assert (await world.service.get(path, taixing.token)).status == 404
        assert (await world.service.get(path, inspector.token)).status == 403
        assert (await world.service.get(path, contact.token)).status == 403
        assert (await world.service.get(path, world.city.token)).status == 200
    assert (await save(world, 0, [], by=taixing)).status == 404
    assert (await hand_in(world, 0, by=taixing)).status == 404
    answer = await save(world, 0, [], by=world.city)
    assert (answer.status, answer.error["code"]) == (403, "not_the_reviewer")
    assert (await world.service.get("/api/recommendation-lists/nowhere", world.city.token)).status == 404
