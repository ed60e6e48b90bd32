"""A school's contact goes all the way on a phone: from a sign-in link to the published result."""

import re

from playwright.async_api import FilePayload, expect

from tests import photos
from tests.browser.school import others
from tests.browser.school.conftest import Evening
from tests.browser.school.phone import SchoolPhone
from tests.browser.school.texts import LINES, ODD
from tests.http.conftest import new_id
from tests.http.submitted import Registered, change, complete

TYPED = {
    "学校联系电话": "0523-86881234",
    "负责人": "陈校长",
    "负责人联系电话": "13800000001",
    "联系人": "周老师",
    "联系人电话": "13800000002",
    "小学班级数": "20",
    "小学学生人数": "900",
    "小学学生用终端数": "150",
    "教师数": "60",
    "教师用计算机数": "62",
    "亮点特色": "数据驱动的课堂",
}
# An item with a clause that needs evidence; all others are filled in beforehand.
LEFT = "1.1.1"


async def fill_in_the_rest(evening: Evening, school: Registered) -> None:
    """All of the self-assessment but one item, as on the evenings before."""
    world = evening.world
    await world.upload_evidence(school, evidence_id := new_id())
    wanted = complete(world.rubric, ("primary",), evidence_id)
    changes = [change(name, value) for name, value in wanted.items() if name.startswith("/items/")]
    answer = await world.save(school, *[each for each in changes if f"/{LEFT}/" not in each["field"]])
    assert answer.status == 200, answer.body


async def sign_in(evening: Evening, school: Registered) -> SchoolPhone:
    """Opens a sign-in link on a new phone."""
    phone = await evening.new_phone(school.contact)
    await phone.go("/healthz")
    await phone.page.evaluate("() => localStorage.removeItem('zhiping.token')")
    await phone.go(await others.sign_in_link(evening, school.contact))
    await phone.page.wait_for_url("**/s/")
    await expect(phone.page.get_by_role("heading", name=school.name)).to_be_visible()
    return phone


async def test_from_a_sign_in_link_to_the_result(evening: Evening) -> None:
    school = await evening.world.register()
    await fill_in_the_rest(evening, school)
    phone = await sign_in(evening, school)
    page = phone.page
    await page.get_by_role("link", name="填申报表").tap()
    await page.get_by_role("button", name=re.compile("优秀型")).tap()
    for label, text in TYPED.items():
        await phone.type_into(label, text)
    await expect(page.locator("[data-ratio=primary]")).to_contain_text(
        "达到（1.2.2：不多于 10 人一台）：现在每 6 人一台"
    )
    await expect(page.locator("[data-ratio=teachers]")).to_contain_text("62 台")
    # What the figures say follows every keystroke.
    await phone.field("小学学生用终端数").fill("80")
    await expect(page.locator("[data-ratio=primary]")).to_contain_text("未达到（1.2.2：不多于 10 人一台）")
    await expect(page.locator("[data-ratio=primary]")).to_contain_text("还差 10 台")
    await phone.type_into("小学学生用终端数", TYPED["小学学生用终端数"])
    await expect(page.locator("[data-ratio=primary]")).to_contain_text("✓ 达到")
    await phone.saved()

    # Handing in says what is missing; each leads to its place.
    await phone.go("/s/check")
    await expect(page.get_by_text("还有 2 处没有填完")).to_be_visible()
    await page.get_by_role("button", name="提交", exact=True).tap()
    await phone.agree()
    await expect(page.get_by_role("alert")).to_contain_text("还有 2 项未满足")
    await page.get_by_role("link", name=re.compile(f"{LEFT} 尚未填写自评得分")).tap()
    await expect(phone.item(LEFT)).to_be_in_viewport()
    await phone.give(LEFT, "2")
    await phone.claim_all(LEFT)
    await phone.attach(LEFT, [("机房.jpg", "image/jpeg", photos.photo(1, size=(640, 480)))])
    await expect(phone.item(LEFT)).to_contain_text("已上传")
    await phone.saved()
    await phone.go("/s/assessment")
    await expect(page.get_by_label("合计", exact=True)).to_contain_text("总分 110 / 110")
    await expect(page.locator("[data-indicator='1.1']")).to_contain_text("6 / 6")
    await marks_are_explained(phone)
    await submit(phone, "提交")

    # Returned, mended, submitted again.
    body = {"reason": LINES, "remarks": {LEFT: ODD}}
    others.done(await evening.world.post(school, "return", body))
    await phone.go()
    await page.get_by_role("link", name="看退回意见").tap()
    await expect(page.locator("main")).to_contain_text(LINES)
    await page.get_by_role("link").filter(has_text=ODD).tap()
    await expect(phone.item(LEFT)).to_contain_text(f"退回意见：{ODD}")
    await phone.item(LEFT).get_by_role("button", name="写说明").tap()
    await phone.type_into(f"{LEFT} 说明", "已补充拓扑图")
    await phone.saved()
    await submit(phone, "重新提交")

    others.done(await evening.world.post(school, "endorse", {"opinion": ODD}))
    await others.hand_in(evening)
    await phone.go()
    await expect(page.get_by_text("已通过市（区）初评")).to_be_visible()
    await expect(page.get_by_label("进度", exact=True)).to_contain_text(f"市（区）教育局：{ODD}")
    await others.inspect(evening, school, "1.1", "1.2", "1.3", "1.5")
    await others.open_window(evening, school)
    await answer(phone)
    found = others.done(await evening.service.get(f"{school.path}/discrepancies", evening.world.city.token))
    [given] = found["answers"]
    assert (given["item"], given["text"], len(given["evidence"])) == (LEFT, LINES, 1)

    settle = {"result": "revised", "points": 2, "reason": ODD}
    others.done(await others.as_city(evening, f"{school.path}/answers/{LEFT}/settle", settle))
    await phone.go("/s/discrepancies")
    await expect(phone.item(LEFT)).to_contain_text(f"市教育局已更正：{ODD}")
    await others.publish(evening, school)
    await see_result(phone)
    assert await page.locator("main img").count() == 0
    assert phone.errors == []


async def marks_are_explained(phone: SchoolPhone) -> None:
    """What ★ and ▲ are for, and what the declared figures say of the requirements that they decide."""
    marks = phone.page.get_by_label("合计", exact=True)
    await expect(marks).to_contain_text("★ 是基本要求，申报任何等级都要达到；▲ 是示范要求，申报示范型要达到")
    await phone.go("/s/assessment/1.3")
    clauses = phone.item("1.3.3").locator(".claim")
    await expect(clauses).to_have_count(2)
    await expect(clauses.first).to_contain_text("合格型、优秀型、示范型必须达到")
    await expect(clauses.last.locator("span").first).to_have_text("示范型必须达到；与得分分开判断。")
    await phone.go("/s/assessment/1.2")
    await expect(phone.item("1.2.2")).to_contain_text("按申报表里的数字：达到")


async def submit(phone: SchoolPhone, word: str) -> None:
    """Hands the form in."""
    await phone.go("/s/check")
    await expect(phone.page.get_by_text("都填好了，可以提交")).to_be_visible()
    await phone.page.get_by_role("button", name=word, exact=True).tap()
    await phone.agree()
    await expect(phone.page.get_by_text("现在：已提交")).to_be_visible()


async def answer(phone: SchoolPhone) -> None:
    """Answers one discrepancy with text and a photo."""
    page = phone.page
    await phone.go()
    await page.get_by_role("link", name=re.compile("差异说明")).tap()
    card = phone.item(LEFT)
    await expect(card).to_contain_text("自评高于评估结果")
    await phone.type_into(f"{LEFT} 的说明", LINES)
    photo: FilePayload = {"name": "新机房.jpg", "mimeType": "image/jpeg", "buffer": photos.photo(2, size=(640, 480))}
    await card.get_by_label(f"{LEFT} 说明 相册或 PDF").set_input_files(photo)
    await expect(card.get_by_text("已上传")).to_be_visible()
    await card.get_by_role("button", name="提交说明").tap()
    await expect(card).to_contain_text("提交的说明")
    await expect(card).to_contain_text(LINES)


async def see_result(phone: SchoolPhone) -> None:
    """The message leads to the result."""
    page = phone.page
    await phone.go("/s/inbox")
    await page.get_by_role("button", name=re.compile("评估结果已公布")).tap()
    await expect(page.get_by_label("结果", exact=True)).to_contain_text("优秀型")
    await expect(page.get_by_label("示范型", exact=True)).to_contain_text("3 分")
    await expect(page.get_by_label("最短提升路径").get_by_role("listitem")).not_to_have_count(0)
    async with page.expect_download() as download:
        await page.get_by_role("button", name="下载现场评估报告").tap()
    assert (await download.value).suggested_filename.endswith(".docx")
