"""`make screenshots`: every page of the console, light and dark, for the guide and for one's own eyes."""

import re

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.axe import SCHEMES
from tests.browser.console.autumn import Autumn, chip, september
from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.october import october, row
from tests.browser.console.scored import scored
from tests.browser.console.test_tables import names
from tests.browser.test_screenshots import FOLDER
from tests.http.arriving import Arrivals
from tests.http.conftest import Answer, Clock
from tests.http.test_imports import SCHOOLS, XLSX, workbook
from tests.http.test_rubric_changes import without_star


@pytest.fixture(autouse=True)
def folder() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)


async def shoot(desk: Desk, name: str) -> None:
    """The page as it stands, in the light and in the dark."""
    for scheme in SCHEMES:
        await desk.page.emulate_media(color_scheme=scheme)
        # Until what comes in has come.
        await desk.page.wait_for_timeout(400)
        await desk.page.screenshot(path=FOLDER / f"console-{name}-{scheme}.png")


@pytest.mark.pictures
async def test_screenshots_of_august(office: Office) -> None:
    await office.fill()
    for name in ("海陵区森园小学", "海陵区斜桥小学"):
        office.schools[name] = await office.world.endorsed(name)
    await Arrivals(office.world.service.deps).check_all()
    desk = await office.desk()
    page = desk.page
    await desk.go("/schools")
    await expect(names(desk)).to_have_count(9)
    await shoot(desk, "schools")
    await page.get_by_role("button", name="选择列").click()
    await shoot(desk, "columns")
    await desk.go(f"/submissions/{office.schools['海陵区大冯小学'].submission_id}")
    await page.get_by_label("1.1.1 意见").fill("缺网络拓扑图，请补传盖章的一份")
    await page.get_by_label("市（区）教育局意见").fill("材料属实，同意推荐。")
    await expect(page.get_by_text("初评意见已全部保存")).to_be_visible()
    await page.locator(".photo img").first.evaluate("each => each.decode()")
    await shoot(desk, "review")
    await page.locator(".photo").first.click()
    await page.get_by_role("dialog", name="照片").get_by_role("img").evaluate("each => each.decode()")
    await shoot(desk, "photo")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="退回修改").click()
    await page.get_by_label("总的理由（必填）").fill("佐证不全，请补充后重新提交")
    await shoot(desk, "return")
    await page.keyboard.press("Escape")
    for tab, name in (("申报表（附件2）", "form"), ("经过", "history")):
        await page.get_by_role("tab", name=tab).click()
        await shoot(desk, name)
    await desk.go("/recommendation-lists/hailing")
    await page.get_by_label("联系人", exact=True).fill("王科长")
    await expect(page.get_by_text("名单已全部保存")).to_be_visible()
    await shoot(desk, "list")
    await page.get_by_role("button", name="上报…").click()
    await expect(page.get_by_role("dialog", name=re.compile("上报"))).to_be_visible()
    await shoot(desk, "hand-in")
    await of_the_city(office, ("lists", "/recommendation-lists"), ("progress", "/submission-progress"))
    await scored(office)
    candidate = await upload(office, without_star())
    assert candidate.status == 201, candidate.body
    await of_the_city(office, ("statistics", "/statistics"), ("photo-flags", "/photo-flags"), ("rubric", "/rubric"))
    nobody = await office.open(Desk(office.browser, office.url, None))
    await nobody.go("/")
    await nobody.page.get_by_label("手机号").wait_for()
    await shoot(nobody, "sign-in")


async def upload(office: Office, rubric: str) -> Answer:
    """A changed rubric, to be compared."""
    return await office.world.service.request(
        "POST",
        "/api/rubric/candidates",
        body=rubric.encode(),
        token=office.world.city.token,
        headers={"Content-Type": "application/yaml"},
    )


async def of_the_city(office: Office, *pages: tuple[str, str]) -> None:
    """Pages as a city officer sees them."""
    desk = await office.desk(office.world.city)
    for name, path in pages:
        await desk.go(path)
        await desk.page.get_by_role("heading", level=1).wait_for()
        await shoot(desk, name)


@pytest.mark.pictures
async def test_screenshots_of_september(autumn: Autumn) -> None:
    school = await september(autumn)
    desk = await autumn.desk("/plan")
    page = desk.page
    await page.locator("[data-visit]").first.wait_for()
    await shoot(desk, "plan")
    await page.get_by_role("button", name="建议方案…").click()
    await shoot(desk, "suggestion")
    await page.get_by_label("每组人数").fill("2")
    await page.get_by_role("button", name="生成草稿").click()
    await chip(desk, "海陵区莲花小学").click()
    await page.get_by_label("日期").fill("2022-09-05")
    await shoot(desk, "plan-visit")
    await page.get_by_role("button", name="放进草稿").click()
    await shoot(desk, "plan-draft")
    await desk.go("/visits")
    await page.get_by_role("link", name=school.name).wait_for()
    await shoot(desk, "visits")
    await page.get_by_role("link", name=school.name).click()
    await page.get_by_text("已签字").first.wait_for()
    await shoot(desk, "one-visit")
    await desk.go("/discrepancies?state=answered")
    await page.get_by_label("理由（学校会看到）").wait_for()
    await page.get_by_text("更正", exact=True).click()
    await page.locator("article img").first.evaluate("each => each.decode()")
    await shoot(desk, "discrepancies")
    await page.get_by_role("button", name="请全部学校说明…").click()
    await shoot(desk, "answer-window")


@pytest.mark.pictures
async def test_screenshots_of_october(office: Office, clock: Clock) -> None:
    await office.fill()
    city = await october(office, clock)
    for decided in (await city.get("/api/decisions")).json["items"]:
        await office.world.sign_in("school", name="王老师", school_id=decided["school_id"])
    desk = await office.desk(city.officer)
    page = desk.page
    await desk.go("/decisions")
    await page.get_by_role("button", name="甲小学", exact=True).click()
    await expect(page.get_by_role("dialog", name="甲小学")).to_contain_text("还没有认定过")
    await shoot(desk, "explanation")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="认定全部待认定的 3 所").click()
    await shoot(desk, "confirm")
    await page.get_by_role("button", name="认定", exact=True).click()
    await desk.says("已认定 3 所")
    await page.get_by_role("button", name="撤回丙小学的认定").wait_for()
    await shoot(desk, "decisions")
    await desk.go("/publication")
    await page.get_by_text("看看每一条消息").click()
    await expect(row(desk, "丙小学")).to_be_visible()
    await shoot(desk, "preview")
    await page.get_by_role("button", name="公布…").click()
    await page.get_by_role("button", name="公布", exact=True).click()
    await page.get_by_role("button", name="核对").click()
    await shoot(desk, "publication")
    await page.get_by_role("button", name="更正…").click()
    await shoot(desk, "correction")
    await desk.go("/imports")
    schools = [
        ["海陵区", "泰州市第一小学", "小学", "张三", "13900000001"],
        ["海陵县", "某校", "小学", "李四", "1390000"],
    ]
    book: FilePayload = {"name": "学校.xlsx", "mimeType": XLSX, "buffer": workbook(SCHOOLS, *schools)}
    await page.locator("input[type=file]").set_input_files(book)
    await page.get_by_role("alert").wait_for()
    await shoot(desk, "imports")
    await desk.go(f"/people/{office.world.officer.person.id}")
    await page.get_by_role("button", name="生成链接").click()
    await page.get_by_role("button", name="复制链接").wait_for()
    await shoot(desk, "person")
    for path in ("outbox", "cycle", "people", "invitations", "audit"):
        await desk.go(f"/{path}")
        await page.get_by_role("heading", level=1).wait_for()
        await shoot(desk, path)
