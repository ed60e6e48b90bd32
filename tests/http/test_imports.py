"""Workbooks are imported whole or not at all, and everything that is wrong in them is said at once."""

import asyncio
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from openpyxl import Workbook, load_workbook

from backend.store.mongo import Database
from tests.http.conftest import Answer, Service, SignedIn, SignIn

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SCHOOLS = ["市（区）", "学校名称", "学段", "联系人", "联系电话"]
PEOPLE = ["姓名", "手机号", "身份", "市（区）", "学校名称"]
VISITS = ["市（区）", "学校名称", "日期", "时段", "组长"]
AWARDS = ["市（区）", "学校名称", "年份", "等级"]
GOOD: list[list[Any]] = [
    ["海陵区", "泰州市第一小学", "小学", "张三", "13900000001"],
    ["海陵区", "泰州市实验学校", "小学、初中", "李四", "13900000002"],
    ["医药高新区", "泰州市高港中学", "完全中学", None, None],
]

Edit = Callable[[Any], None]


@pytest.fixture
async def city(signed_in: SignIn) -> SignedIn:
    return await signed_in("city", name="市")


def workbook(*rows: Sequence[Any], edit: Edit | None = None) -> bytes:
    """A file with these rows in its first sheet; `edit` may spoil it."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    if edit is not None:
        edit(book.worksheets[0])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The file with parts replaced or added: `sheet1` is xl/worksheets/sheet1.xml."""
    names = {"sheet1": "xl/worksheets/sheet1.xml", "macros": "xl/vbaProject.bin", "big": "xl/media/big.xml"}
    changed = {names[name]: part for name, part in parts.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, part in changed.items():
            new.writestr(name, part)
    return file.getvalue()


async def send(service: Service, who: SignedIn, kind: str, content: bytes, *, dry: bool = False) -> Answer:
    path = f"/api/imports/{kind}" + ("?dry_run=true" if dry else "")
    return await service.post(path, token=who.token, body=content, headers={"Content-Type": XLSX})


async def import_good(service: Service, city: SignedIn) -> Answer:
    answer = await send(service, city, "schools", workbook(SCHOOLS, *GOOD))
    assert answer.status == 200
    return answer


async def counts(database: Database) -> list[int]:
    names = ("schools", "submissions", "people", "audit_events")
    return [await database[name].count_documents({}) for name in names]


async def test_schools_are_imported_with_their_contacts(service: Service, city: SignedIn, database: Database) -> None:
    await service.post("/api/cycles", {"name": "2022"}, city.token)
    report = (await import_good(service, city)).json
    assert (report["created"], report["changed"], report["unchanged"], report["problems"]) == (3, 0, 0, [])
    assert report["rows"][1] == {
        "row": 3,
        "action": "create",
        "values": {
            "市（区）": "海陵区",
            "学校名称": "泰州市实验学校",
            "学段": "小学、初中",
            "联系人": "李四",
            "联系电话": "13900000002",
        },
    }
    schools = (await service.get("/api/schools", city.token)).json["items"]
    assert [(school["district"], school["name"], school["stages"]) for school in schools] == [
        ("gaogang", "泰州市高港中学", ["junior", "senior"]),
        ("hailing", "泰州市实验学校", ["primary", "junior"]),
        ("hailing", "泰州市第一小学", ["primary"]),
    ]
    (contact,) = (await service.get(f"/api/people?school_id={schools[1]['id']}", city.token)).json["items"]
    assert (contact["name"], contact["phone"]) == ("李四", "13900000002")
    assert await counts(database) == [3, 3, 3, 1 + 3 + 2]
    link = await service.post(f"/api/people/{contact['id']}/sign-in-links", {}, city.token)
    opened = await service.post("/api/sessions", {"link": link.json["url"].partition("#")[2]})
    assert opened.json["me"]["holding"]["school_id"] == schools[1]["id"]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("schools", [SCHOOLS, *GOOD]),
        (
            "people",
            [
                PEOPLE,
                ["王五", "13900000005", "评估专家", None, None],
                ["赵六", "13900000006", "联系人", "海陵", "泰州市第一小学"],
            ],
        ),
        (
            "past-awards",
            [AWARDS, ["海陵区", "泰州市第一小学", 2020, "合格"], ["海陵区", "泰州市第一小学", "2021年", "优秀型"]],
        ),
    ],
)
async def test_the_same_file_again_changes_nothing(
    service: Service, city: SignedIn, database: Database, kind: str, rows: list[list[Any]]
) -> None:
    await import_good(service, city)
    content = workbook(*rows)
    first = (await send(service, city, kind, content)).json
    before = await counts(database), await database.schools.find().sort("_id").to_list(None)
    second = (await send(service, city, kind, content)).json
    assert (second["created"], second["changed"], second["unchanged"]) == (0, 0, len(rows) - 1)
    assert [row["values"] for row in second["rows"]] == [row["values"] for row in first["rows"]]
    assert (await counts(database), await database.schools.find().sort("_id").to_list(None)) == before


async def test_a_dry_run_tells_and_changes_nothing(service: Service, city: SignedIn, database: Database) -> None:
    before = await counts(database)
    content = workbook(SCHOOLS, *GOOD, ["海陵区", "", "小学"])
    answer = await send(service, city, "schools", content, dry=True)
    assert answer.status == 200
    assert (answer.json["created"], answer.json["dry_run"]) == (3, True)
    assert [row["action"] for row in answer.json["rows"]] == ["create", "create", "create", None]
    (problem,) = answer.json["problems"]
    assert (problem["row"], problem["column"], problem["cell"], problem["code"]) == (5, "学校名称", "B5", "missing")
    assert await counts(database) == before


async def test_every_bad_row_is_named_and_nothing_imported(
    service: Service, city: SignedIn, database: Database
) -> None:
    await import_good(service, city)
    before = await counts(database)
    content = workbook(
        ["2022年学校名册"],
        [*SCHOOLS, "纬度", "经度"],
        ["海陵区", "泰州市第二小学", "小学"],
        ["海绵区", None, "小 学堂", "张三", "1390000"],
        ["海陵区", "泰州市 第二小学", "小学"],
        [None] * 5,
        ["海陵区", "泰州市第三小学", "小学", "张三", None, "132.5", "x"],
        ["海陵区", "泰州市第四小学", "小学", "王五", "13900000001"],
        ["海陵区", "泰州市第五小学", "小学", "甲", "13900000009", 32.5],
        ["海陵区", "泰州市第六小学", "小学", "乙", "13900000009", None, 119.9],
    )
    answer = await send(service, city, "schools", content)
    assert (answer.status, answer.error["code"]) == (422, "bad_rows")
    assert [(detail["path"], detail["code"]) for detail in answer.error["details"]] == [
        ("/rows/4/市（区）", "invalid"),
        ("/rows/4/学校名称", "missing"),
        ("/rows/4/学段", "invalid"),
        ("/rows/4/联系电话", "invalid"),
        ("/rows/5/学校名称", "repeated"),
        ("/rows/7/纬度", "invalid"),
        ("/rows/7/经度", "invalid"),
        ("/rows/7/联系电话", "missing"),
        ("/rows/8/联系电话", "phone_taken"),
        ("/rows/9/经度", "missing"),
        ("/rows/10/纬度", "missing"),
    ]
    message = answer.error["details"][0]["message"]
    assert message.startswith("第 4 行“市（区）”（A4）：")
    assert "医药高新区（高港区）" in message
    assert "没有导入任何内容" in answer.error["message"]
    assert await counts(database) == before


async def test_one_phone_in_two_names(service: Service, city: SignedIn, database: Database) -> None:
    rows: list[list[Any]] = [
        ["海陵区", "甲小学", "小学", "甲", "13900000009"],
        ["海陵区", "乙小学", "小学", "乙", "13900000009"],
    ]
    answer = await send(service, city, "schools", workbook(SCHOOLS, *rows))
    assert (answer.status, answer.paths) == (422, ["/rows/3/联系电话"])
    rows[1][3] = "甲"
    report = (await send(service, city, "schools", workbook(SCHOOLS, *rows))).json
    assert report["created"] == 2
    person = await database.people.find_one({"phone": "13900000009"})
    assert person is not None
    assert len(person["holdings"]) == 2
    assert person["school_districts"] == ["hailing"]


async def test_what_people_type(service: Service, city: SignedIn) -> None:
    """Full-width digits, stray blanks, numbers and dates as numbers: what is meant is taken."""
    header = ["  序号", "所属市（区）*", "单位名称：", "学 段", "办公电话", "纬度", "经度", "联系人", "联系人电话"]
    row = [
        1,
        " 高港区 ",
        "泰州　第１２ 中学",
        "初中，高中",
        "0523－86880000",
        "３２．５",
        119.5,
        " 张　三 ",
        13900000001.0,
    ]
    report = (await send(service, city, "schools", workbook(header, row))).json
    assert report["problems"] == []
    assert report["notes"] == ["没有用到的列：序号"]
    (school,) = (await service.get("/api/schools", city.token)).json["items"]
    assert (school["district"], school["name"], school["stages"]) == ("gaogang", "泰州第12中学", ["junior", "senior"])
    assert (school["phone"], school["location"]) == ("0523-86880000", {"lat": 32.5, "lon": 119.5})
    (contact,) = (await service.get("/api/people?role=school", city.token)).json["items"]
    assert (contact["name"], contact["phone"]) == ("张三", "13900000001")
    awards: list[list[Any]] = [
        AWARDS,
        ["高港", "泰州第12中学", date(2019, 5, 1), "合格"],
        ["高港", "泰州第12中学", 2021.0, "优秀型"],
    ]
    assert (await send(service, city, "past-awards", workbook(*awards))).status == 200
    (school,) = (await service.get("/api/schools", city.token)).json["items"]
    assert school["past_awards"] == [{"year": 2019, "grade": "qualified"}, {"year": 2021, "grade": "excellent"}]


async def test_what_differs_is_changed_and_empty_cells_erase_nothing(
    service: Service, city: SignedIn, database: Database
) -> None:
    await service.post("/api/cycles", {"name": "2022"}, city.token)
    await import_good(service, city)
    header = ["市（区）", "学校名称", "学段", "学校电话"]
    rows: list[list[Any]] = [
        ["海陵区", "泰州市第一小学", "九年一贯制", "0523-86880000"],
        ["海陵区", "泰州市实验学校", "小学/初中", None],
    ]
    report = (await send(service, city, "schools", workbook(header, *rows))).json
    assert [row["action"] for row in report["rows"]] == ["change", "unchanged"]
    school = await database.schools.find_one({"name": "泰州市第一小学"})
    assert school is not None
    assert (school["stages"], school["phone"], school["version"]) == (["primary", "junior"], "0523-86880000", 2)
    submission = await database.submissions.find_one({"school_id": school["_id"]})
    assert submission is not None
    assert submission["school"]["stages"] == ["primary", "junior"]
    await send(service, city, "schools", workbook(header[:3], rows[0][:3]))
    assert (await database.schools.find_one({"_id": school["_id"]})) == school
    # The stages of a submission that was handed in stand.
    await database.submissions.update_many({}, {"$set": {"state": "endorsed"}})
    answer = await send(service, city, "schools", workbook(header, ["海陵区", "泰州市第一小学", "小学", None]))
    assert (answer.status, answer.paths) == (422, ["/rows/2/学段"])


async def test_people_of_every_role(service: Service, city: SignedIn, database: Database) -> None:
    await import_good(service, city)
    rows: list[list[Any]] = [
        ["甲", "139 0000 0010", "市级评估专家", None, None],
        ["乙", "139-0000-0011", "市（区）教育局", "姜堰区", None],
        ["丙", 13900000012, "学校联系人", "海陵区", "泰州市第一小学"],
        ["丙", 13900000012, "专家", None, None],
        ["张三", "13900000001", "市教育局", None, None],
    ]
    report = (await send(service, city, "people", workbook(PEOPLE, *rows))).json
    assert [row["action"] for row in report["rows"]] == ["create", "create", "create", "create", "change"]
    third = await database.people.find_one({"phone": "13900000012"})
    assert third is not None
    assert [holding["role"] for holding in third["holdings"]] == ["school", "inspector"]
    assert third["school_districts"] == ["hailing"]
    second = await database.people.find_one({"phone": "13900000011"})
    assert second is not None
    assert second["holdings"][0]["district"] == "jiangyan"


async def test_people_who_can_not_be(service: Service, city: SignedIn, database: Database) -> None:
    await import_good(service, city)
    rows: list[list[Any]] = [
        ["甲", "13900000010", "系统管理员", None, None],
        ["乙", "13900000011", "市（区）教育局", None, None],
        ["丙", "13900000012", "学校联系人", "海陵区", None],
        ["丁", "13900000013", "学校联系人", "海陵区", "没有的小学"],
        ["戊", "13900000014", "专家", None, "泰州市第一小学"],
        ["己", "13900000001", "专家", None, None],
        ["庚", "13900000015", "专家", None, None],
        ["庚", "13900000015", "评估专家", None, None],
        [None, "13900000016", None, None, None],
    ]
    answer = await send(service, city, "people", workbook(PEOPLE, *rows))
    assert answer.status == 422
    assert answer.paths == [
        "/rows/2/身份",
        "/rows/3/市（区）",
        "/rows/4/学校名称",
        "/rows/5/学校名称",
        "/rows/6/学校名称",
        "/rows/7/手机号",
        "/rows/9/手机号",
        "/rows/10/姓名",
        "/rows/10/身份",
    ]
    assert await database.people.count_documents({"phone": {"$regex": "^1390000001"}}) == 0


async def test_a_new_officer_by_import_loses_old_sessions(service: Service, city: SignedIn, signed_in: SignIn) -> None:
    await import_good(service, city)
    inspector = await signed_in("inspector", name="甲")
    rows: list[list[Any]] = [["甲", inspector.person.phone, "市教育局", None, None]]
    assert (await send(service, city, "people", workbook(PEOPLE, *rows))).json["changed"] == 1
    assert (await service.get("/api/me", inspector.token)).status == 401


async def test_past_awards_that_can_not_be(service: Service, city: SignedIn) -> None:
    await import_good(service, city)
    rows: list[list[Any]] = [
        ["海陵区", "泰州市第一小学", 2023, "合格型"],
        ["海陵区", "泰州市第一小学", "去年", "合格型"],
        ["海陵区", "泰州市第一小学", 2020, "金牌"],
        ["海陵区", "没有的小学", 2020, "合格型"],
        ["海陵区", "泰州市第一小学", 2021, "合格型"],
        ["海陵区", "泰州市 第一小学", "2021", "优秀型"],
    ]
    answer = await send(service, city, "past-awards", workbook(AWARDS, *rows))
    assert (answer.status, answer.paths) == (
        422,
        ["/rows/2/年份", "/rows/3/年份", "/rows/4/等级", "/rows/5/学校名称", "/rows/7/年份"],
    )


@pytest.mark.parametrize(
    ("kind", "rows", "place", "right"),
    [
        ("schools", [SCHOOLS, ["海陵区", "甲小学", "大学"]], "第 2 行“学段”（C2）", "小学、初中"),
        ("people", [PEOPLE, ["甲", "1390000", "专家"]], "第 2 行“手机号”（B2）", "11 位"),
        ("past-awards", [AWARDS, ["海陵区", "泰州市第一小学", 2020, "金牌"]], "第 2 行“等级”（D2）", "合格型"),
        ("visits", [VISITS, ["海陵区", "甲小学", "2022-09-05", "中午", "专家甲"]], "第 2 行“时段”（D2）", "上午"),
    ],
)
async def test_a_wrong_cell_is_named_with_what_would_be_right(
    service: Service, city: SignedIn, kind: str, rows: list[list[Any]], place: str, right: str
) -> None:
    assert (await service.post("/api/cycles", {"name": "2022"}, city.token)).status == 201
    await import_good(service, city)
    answer = await send(service, city, kind, workbook(*rows))
    assert answer.status == 422
    messages = [detail["message"] for detail in answer.error["details"]]
    assert any(message.startswith(place) and right in message for message in messages), messages


def merge(place: str) -> Edit:
    return lambda sheet: sheet.merge_cells(place)


def put(place: str, value: Any) -> Edit:
    def edit(sheet: Any) -> None:
        sheet[place] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "path", "code", "says"),
    [
        (put("B3", '=A1&"小学"'), "/rows/3/学校名称", "formula", "B3"),
        (put("E2", "=13900000000+1"), "/rows/2/联系电话", "formula", "E2"),
        (put("C2", "#N/A"), "/rows/2/学段", "error_value", "C2"),
        (merge("A2:A4"), "/rows/2/市（区）", "merged", "A2:A4"),
        (merge("C3:H3"), "/rows/3/学段", "merged", "C3:H3"),
    ],
)
async def test_formulas_and_merged_cells(
    service: Service, city: SignedIn, edit: Edit, path: str, code: str, says: str, database: Database
) -> None:
    answer = await send(service, city, "schools", workbook(SCHOOLS, *GOOD, edit=edit))
    assert answer.status == 422
    found = {(detail["path"], detail["code"]): detail["message"] for detail in answer.error["details"]}
    assert says in found[path, code]
    assert await database.schools.count_documents({}) == 0


async def test_what_stands_beside_the_table_is_no_hindrance(service: Service, city: SignedIn) -> None:
    def edit(sheet: Any) -> None:
        sheet.insert_rows(1, 2)
        sheet["A1"] = "名册"
        sheet.merge_cells("A1:E1")
        sheet["H3"] = "备注"
        sheet["H4"] = "=1+1"
        sheet.merge_cells("H5:H6")
        sheet.parent.create_sheet("说明")["A1"] = "=1+1"

    report = (await send(service, city, "schools", workbook(SCHOOLS, *GOOD, edit=edit))).json
    assert report["created"] == 3
    assert report["notes"] == ["没有用到的列：备注", "只读取了第一个工作表“Sheet”"]


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([["甲", "乙"], ["丙", "丁"]], "no_header", "市（区）、学校名称、学段"),
        ([["市（区）", "学校名"], ["海陵区", "甲"]], "no_header", "模板"),
        ([["市（区）", "学校名称", "联系人"], ["海陵区", "甲", "乙"]], "missing_column", "学段"),
        ([["市（区）", "学校名称", "学校", "学段"], ["海陵区", "甲", "乙", "小学"]], "repeated_column", "学校名称"),
        ([SCHOOLS], "no_rows", "没有数据"),
        ([], "no_header", "模板"),
    ],
)
async def test_tables_that_are_none(service: Service, city: SignedIn, rows: list[Any], code: str, says: str) -> None:
    for dry in (False, True):
        answer = await send(service, city, "schools", workbook(*rows), dry=dry)
        assert (answer.status, answer.error["code"]) == (422, code)
        assert says in answer.error["message"]


GOOD_FILE = workbook(SCHOOLS, *GOOD)
SHEET = zipfile.ZipFile(io.BytesIO(GOOD_FILE)).read("xl/worksheets/sheet1.xml")
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><worksheet>&j;</worksheet>"
)


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a program": (b"MZ\x90\x00" + bytes(2000), "not_a_workbook"),
    "text": ("市（区）,学校名称\n海陵区,甲".encode(), "not_a_workbook"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "old_format"),
    "some other zip": (zipped("readme.txt", b"hello"), "not_a_workbook"),
    "a word document": (repacked(GOOD_FILE)[:4] + zipped("word/document.xml", b"<a/>")[4:], "not_a_workbook"),
    "cut short": (GOOD_FILE[:-2000], "damaged"),
    "a flipped byte": (GOOD_FILE[:300] + bytes([GOOD_FILE[300] ^ 255]) + GOOD_FILE[301:], "damaged"),
    "macros": (repacked(GOOD_FILE, macros=b"\xd0\xcf"), "macros"),
    "a zip bomb": (repacked(GOOD_FILE, big=b"<a/>" + b" " * 200_000_000), "too_large"),
    "a bomb of tags": (repacked(GOOD_FILE, sheet1=b"<worksheet>" + b"<c/>" * 2_100_000), "too_large"),
    "an entity bomb": (repacked(GOOD_FILE, sheet1=BOMB), "damaged"),
    "an entity bomb in UTF-16": (repacked(GOOD_FILE, sheet1=BOMB.decode().encode("utf-16")), "damaged"),
    "no XML": (repacked(GOOD_FILE, sheet1=b"<worksheet><sheetData><row"), "damaged"),
    "a far row": (repacked(GOOD_FILE, sheet1=SHEET.replace(b'r="4"', b'r="9999999999999"')), "damaged"),
    "a wrong reference": (repacked(GOOD_FILE, sheet1=SHEET.replace(b'r="A4"', b'r="4A"')), "damaged"),
    "a missing text": (
        repacked(GOOD_FILE, sheet1=SHEET.replace(b'r="A4" t="inlineStr"', b't="s" r="A4"><v>77777</v')),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_files_that_are_no_honest_workbooks(
    service: Service, city: SignedIn, name: str, database: Database
) -> None:
    content, code = HOSTILE[name]
    began = time.process_time()
    answer = await send(service, city, "schools", content)
    assert (answer.status, answer.error["code"]) == (422, code)
    assert "请" in answer.error["message"]
    assert time.process_time() - began < 5
    assert await database.schools.count_documents({}) == 0


async def test_bodies_of_another_kind(service: Service, city: SignedIn) -> None:
    answer = await service.post("/api/imports/schools", {"rows": []}, city.token)
    assert answer.status == 415
    answer = await send(service, city, "schools", bytes(9 * 1024 * 1024))
    assert (answer.status, answer.error["code"]) == (413, "too_large")
    assert (await send(service, city, "schools", b"")).status == 400
    assert (await send(service, city, "grades", GOOD_FILE)).status == 404


async def test_only_the_city_imports(service: Service, signed_in: SignIn) -> None:
    for role in ("school", "inspector", "district", "admin"):
        who = await signed_in(role)
        assert (await send(service, who, "schools", GOOD_FILE)).status == 403
        assert (await service.get("/api/imports/schools/template", who.token)).status == 403


@pytest.mark.parametrize("kind", ["schools", "people", "past-awards"])
async def test_templates(service: Service, city: SignedIn, kind: str) -> None:
    answer = await service.get(f"/api/imports/{kind}/template", city.token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, XLSX)
    assert unquote(answer.headers["Content-Disposition"]).endswith("导入模板.xlsx")
    sheet = load_workbook(io.BytesIO(answer.body)).worksheets[0]
    assert (sheet.max_row, str(sheet["A2"].value).startswith("示例")) == (2, True)
    # As it is, it holds nothing; with the example's mark taken off, the example is as good as any row.
    empty = await send(service, city, kind, answer.body)
    assert (empty.status, empty.error["code"]) == (422, "no_rows")
    await import_good(service, city)
    values = [str(sheet.cell(2, column).value) for column in range(1, sheet.max_column + 1)]
    values[0] = values[0].removeprefix("示例：")
    titles = [sheet.cell(1, column).value for column in range(1, sheet.max_column + 1)]
    report = await send(service, city, kind, workbook(titles, values), dry=True)
    assert report.json["problems"] == []
    assert len(report.json["rows"][0]["values"]) == len(titles)


async def test_two_at_once_import_each_school_once(service: Service, city: SignedIn, database: Database) -> None:
    await service.post("/api/cycles", {"name": "2022"}, city.token)
    content = workbook(SCHOOLS, *(["海陵区", f"第{number}小学", "小学", "甲", "13900000001"] for number in range(50)))
    answers = await asyncio.gather(*(send(service, city, "schools", content) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert sorted(answer.json["created"] for answer in answers) == [0, 0, 0, 50]
    assert await database.schools.count_documents({}) == await database.submissions.count_documents({}) == 50
    person = await database.people.find_one({"phone": "13900000001"})
    assert person is not None
    assert len(person["holdings"]) == 50


async def test_five_thousand_rows(service: Service, city: SignedIn, database: Database) -> None:
    await service.post("/api/cycles", {"name": "2022"}, city.token)
    rows: list[list[Any]] = [["海陵区", f"第{n}小学", "小学", f"联系人{n}", f"139{n:08}"] for n in range(5000)]
    report = await send(service, city, "schools", workbook(SCHOOLS, *rows))
    assert (report.status, report.json["created"]) == (200, 5000)
    assert (await counts(database))[:2] == [5000, 5000]
    again = (await send(service, city, "schools", workbook(SCHOOLS, *rows))).json
    assert again["unchanged"] == 5000
