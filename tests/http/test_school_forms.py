"""附件2 and 附件3 as documents: what they say is what was filled in, laid out as the notice has it; and `/verify`."""

import asyncio
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.shared import Mm

from backend.store.mongo import Database
from tests.documents import HOSTILE, fonts, foot, opened, rows
from tests.http.conftest import Answer, Clock, Service, SignedIn, SignIn, StartService
from tests.http.submitted import PHONE, Registered, World, change, make_world

NOTICE = (Path(__file__).parents[1] / "data/notice-2022.txt").read_text("utf-8")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
APPLICATION, SELF_ASSESSMENT = "application-form", "self-assessment-form"


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> World:
    return await make_world(service, signed_in)


async def form(world: World, school: Registered, which: str, by: SignedIn | None = None) -> Docx:
    answer = await world.service.get(f"{school.path}/{which}", (by or school.contact).token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, DOCX), answer.body
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    return opened(answer.body)


def code_of(document: Docx) -> str:
    found = re.search(r"验证码：([0-9A-Z-]+)", foot(document))
    assert found
    return found[1]


async def verify(service: Service, code: str) -> Answer:
    return await service.get(f"/api/verify?code={code}")


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def annex(first: str, last: str) -> str:
    """A part of the notice without white space."""
    return squeezed(NOTICE[NOTICE.rindex(first) : NOTICE.rindex(last) if last else None])


async def test_the_application_form_has_the_notices_fields_and_what_was_filled_in(world: World) -> None:
    school = await world.endorsed("海陵小学")
    document = await form(world, school, APPLICATION)
    assert [each.text for each in document.paragraphs[:2]] == ["附件2", "泰州市中小学智慧校园申报表"]
    assert rows(document.tables[0]) == [
        ["学校名称（盖章）", "海陵小学", "联系电话", PHONE],
        ["负责人", "陈校长", "联系电话", "13800000001"],
        ["班 级 数", "20", "学生人数", "900", "教师数", "60"],
        ["申报类型", "□示范型    ☑优秀型    □合格型"],
        ["亮\n点\n特\n色", "数据驱动的课堂"],
        ["亮\n点\n特\n色", "学校（盖章）\n2022 年 8 月 15 日"],
        ["市（区）教育局意见：\n同意推荐", "市教育局意见：\n"],
        ["（盖章）\n2022 年 8 月 15 日", "（盖章）\n年    月    日"],
    ]


async def test_a_blank_form_reads_as_the_notice_does(world: World) -> None:
    """Printed with nothing filled in, both forms are the notice's, word by word and in its order."""
    school = await world.register("某校")
    application = await form(world, school, APPLICATION)
    *lines, opinions, seals = rows(application.tables[0])
    lines[-1] = lines[-1][1:]  # The label beside it goes on from the row above.
    # An opinion and the place of its seal are one cell on paper.
    cells = [f"{above}{below}" for above, below in zip(opinions, seals, strict=True)]
    printed = squeezed("".join([*(cell for row in lines for cell in row), *cells])).replace("某校", "")
    assert printed == annex("学校名称（盖章）", "附件3\n\n泰州市中小学智慧校园评估检查验收自评表")
    assessment = await form(world, school, SELF_ASSESSMENT)
    head = squeezed("".join(rows(assessment.tables[0])[0])).replace("海陵区", "").replace("某校", "")
    assert head == "市(区)：学校：（盖章）"
    lines, groups = rows(assessment.tables[1]), set[str]()
    said = ""
    for line in lines:
        said += "".join(line[1:] if line[0] in groups else line)
        groups.add(line[0])
    assert squeezed(said) == annex("评价项目\n\t主要指标", "附件4\n\n泰州市中小学智慧校园创建学校推荐名单表")


async def test_the_self_assessment_form_has_the_sums(world: World) -> None:
    school = await world.register()
    note = "光纤已到每个教室"
    await world.fill_in(school, **{"/items/1.1.1/points": 1.5, "/indicators/1.1/note": note})
    await world.post(school, "submit", by=school.contact)
    view, document = await world.read(school), await form(world, school, SELF_ASSESSMENT)
    lines = rows(document.tables[1])
    assert lines[0] == ["评价项目", "主要指标", "分值", "自评得分", "备注"]
    indicators = [(group, each) for group in world.rubric.groups for each in group.indicators]
    assert len(indicators) == 23
    for line, (number, (group, indicator)) in zip(lines[1:-1], enumerate(indicators), strict=True):
        assert line == [
            f"{'一二三四五六'[int(group.code) - 1]}、{group.name}\n（{group.points // 100}分）",
            indicator.name,
            str(indicator.points // 100),
            str(view["sums"]["indicators"][indicator.code]),
            note if number == 0 else "",
        ]
    assert lines[-1] == ["自评总得分：109.5分"]


async def test_paper_fonts_and_draft(world: World) -> None:
    school = await world.register()
    for which in (APPLICATION, SELF_ASSESSMENT):
        document = await form(world, school, which)
        section = document.sections[0]
        assert section.orientation == WD_ORIENT.PORTRAIT
        assert abs((section.page_width or 0) - Mm(210)) < Mm(1)
        assert abs((section.page_height or 0) - Mm(297)) < Mm(1)
        assert fonts(document) == {"宋体", "仿宋", "黑体"}
        assert "草稿：尚未提交" in foot(document)
        assert len(document.sections[0].footer._element.xpath(".//pic:pic")) == 1
    await world.fill_in(school)
    await world.post(school, "submit", by=school.contact)
    assert "草稿" not in foot(await form(world, school, APPLICATION))


# As a school types its highlights: twenty lines, each as bad as can be.
LINES = "\n".join(f"{number}. {' '.join(HOSTILE[number % len(HOSTILE)].split())[:80]}" for number in range(1, 21))


@pytest.mark.parametrize("text", [*HOSTILE, LINES])
async def test_text_comes_out_as_typed(world: World, text: str) -> None:
    line = "、".join(text.split())[:100]
    school = await world.register(line)
    answer = await world.save(
        school,
        change("/application/highlights", text),
        change("/application/responsible/name", line[:50]),
        change("/indicators/1.1/note", text),
    )
    assert answer.status == 200, answer.body
    application = rows((await form(world, school, APPLICATION)).tables[0])
    assert (application[0][1], application[1][1]) == (line, line[:50])
    assert application[4][1] == text
    assessment = await form(world, school, SELF_ASSESSMENT)
    assert rows(assessment.tables[0])[0][1] == f"学校：{line}"
    assert rows(assessment.tables[1])[1][4] == text


async def test_a_document_is_verified_by_everybody(world: World, clock: Clock) -> None:
    school = await world.submitted("海陵小学")
    document = await form(world, school, APPLICATION)
    code, made = code_of(document), clock()
    assert "打开 http://127.0.0.1:8888/verify 核验" in foot(document)
    assert "2022年08月15日 10:00" in foot(document)
    clock.advance(hours=1)
    assert code_of(await form(world, school, APPLICATION, world.city)) == code
    answer = await verify(world.service, code.lower())
    assert answer.status == 200, answer.body
    assert len(answer.json.pop("sha256")) == 64
    assert answer.json.pop("made_at") == made.isoformat().replace("+00:00", "Z")
    assert {key: value for key, value in answer.json.items() if key not in ("sha256", "made_at")} == {
        "code": code,
        "kind": "application_form",
        "kind_name": "附件2 泰州市中小学智慧校园申报表",
        "cycle": "2022",
        "cycle_title": answer.json["cycle_title"],
        "school": "海陵小学",
        "district": "海陵区",
        "state": "current",
    }
    for personal in (PHONE, "13800000001", "陈校长"):
        assert personal not in answer.body.decode()


async def test_the_hash_is_that_of_what_was_printed(world: World, database: Database) -> None:
    school = await world.submitted()
    code = code_of(await form(world, school, SELF_ASSESSMENT))
    stored = await database.documents.find_one({"_id": code.replace("-", "")})
    assert stored is not None
    assert (await verify(world.service, code)).json["sha256"] == hashlib.sha256(stored["content"].encode()).hexdigest()
    content = json.loads(stored["content"])
    assert content["total"] == 110
    assert content["groups"][0]["indicators"][0] == {"name": "校园网络", "points": 6, "self_points": 6, "note": None}


async def test_what_changes_supersedes_and_an_opinion_does_not(world: World) -> None:
    school = await world.submitted()
    application, assessment = [code_of(await form(world, school, each)) for each in (APPLICATION, SELF_ASSESSMENT)]
    await world.post(school, "endorse", {"opinion": "同意推荐"})
    states = [(await verify(world.service, code)).json["state"] for code in (application, assessment)]
    assert states == ["current", "current"]
    assert code_of(await form(world, school, APPLICATION)) != application
    await world.post(school, "return", {"reason": "补充"}, by=world.city)
    states = [(await verify(world.service, code)).json["state"] for code in (application, assessment)]
    assert states == ["superseded", "superseded"]


async def test_the_citys_opinion_is_on_no_form_before_publication(world: World, database: Database) -> None:
    """The school prints its form at any time, and must not read its result there first."""
    school = await world.endorsed()
    decision = {"_id": "d", "submission_id": school.submission_id, "version": 1, "opinion": "同意认定"}
    await database.decisions.insert_one({**decision, "at": world.service.deps.clock()})
    for state, told in (("decided", False), ("published", True)):
        await database.submissions.update_one({"_id": school.submission_id}, {"$set": {"state": state}})
        opinions, seals = rows((await form(world, school, APPLICATION)).tables[0])[-2:]
        assert ("同意认定" in opinions[1], "2022 年 8 月 15 日" in seals[1]) == (told, told)


async def test_ten_prints_at_once_are_one_document(world: World, database: Database) -> None:
    school = await world.submitted()
    documents = await asyncio.gather(*(form(world, school, APPLICATION) for _ in range(10)))
    assert len({code_of(document) for document in documents}) == 1
    assert await database.documents.count_documents({}) == 1
    assert await database.audit_events.count_documents({"event": "document.made"}) == 1


async def test_who_may_print_which(world: World) -> None:
    school, other = await world.submitted("甲小学"), await world.register("乙小学")
    elsewhere, inspector = await world.sign_in("district", district="taixing"), await world.sign_in("inspector")
    for which in (APPLICATION, SELF_ASSESSMENT):
        for who, status in (
            (world.officer, 200),
            (world.city, 200),
            (other.contact, 404),
            (elsewhere, 404),
            (inspector, 403),
        ):
            assert (await world.service.get(f"{school.path}/{which}", who.token)).status == status


@pytest.mark.parametrize(
    ("code", "status"), [("ACEF-3479-HJKM", 404), ("ACEF-3479-HJK0", 422), ("ACEF", 422), ("%00" * 12, 422)]
)
async def test_codes_that_are_none(service: Service, code: str, status: int) -> None:
    answer = await verify(service, code)
    assert answer.status == status
    assert "验证码" in str(answer.error)


async def test_who_guesses_codes_is_stopped(service: Service, clock: Clock) -> None:
    for _ in range(50):
        assert (await verify(service, "ACEF3479HJKM")).status == 404
    answer = await verify(service, "ACEF3479HJKM")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "900")
    clock.advance(minutes=15)
    assert (await verify(service, "ACEF3479HJKM")).status == 404


async def test_right_codes_count_for_nothing(world: World) -> None:
    code = code_of(await form(world, await world.register(), APPLICATION))
    for _ in range(60):
        assert (await verify(world.service, code)).status == 200


async def test_the_page_is_for_everybody(service: Service) -> None:
    answer = await service.get("/verify?code=ACEF3479HJKM&from=singlemessage")
    assert answer.status == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert (await service.get("/pages/verify.js")).status == 200


async def test_the_address_on_paper_is_the_public_one(start_service: StartService, signed_in: SignIn) -> None:
    async with start_service(public_url="https://zhiping.example.cn") as service:
        world = await make_world(service, signed_in)
        document: Any = await form(world, await world.register(), APPLICATION)
    assert "https://zhiping.example.cn/verify" in foot(document)
