"""`make screenshots`: every page of the console, light and dark, for the guide and for one's own eyes."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk, Scheme
from tests.browser.console.scored import scored
from tests.browser.console.test_tables import names
from tests.browser.test_screenshots import FOLDER
from tests.http.arriving import Arrivals
from tests.http.conftest import Answer
from tests.http.test_rubric_changes import without_star


@pytest.mark.pictures
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_screenshots(office: Office, scheme: Scheme) -> None:
    await asyncio.to_thread(FOLDER.mkdir, parents=True, exist_ok=True)
    await office.fill()
    for name in ("海陵区莲花小学", "海陵区沿河小学"):
        office.schools[name] = await office.world.endorsed(name)
    await Arrivals(office.world.service.deps).check_all()
    desk = await office.desk(scheme=scheme)
    page = desk.page

    async def shoot(name: str) -> None:
        await page.wait_for_timeout(400)
        await page.screenshot(path=FOLDER / f"console-{name}-{scheme}.png")

    await desk.go("/schools")
    await expect(names(desk)).to_have_count(9)
    await shoot("schools")
    await page.get_by_role("button", name="选择列").click()
    await shoot("columns")
    await desk.go(f"/submissions/{office.schools['海陵区大冯小学'].submission_id}")
    await page.get_by_label("1.1.1 意见").fill("缺网络拓扑图，请补传盖章的一份")
    await page.get_by_label("市（区）教育局意见").fill("材料属实，同意推荐。")
    await expect(page.get_by_text("初评意见已全部保存")).to_be_visible()
    await page.locator(".photo img").first.evaluate("each => each.decode()")
    await shoot("review")
    await page.locator(".photo").first.click()
    await page.get_by_role("dialog", name="照片").get_by_role("img").evaluate("each => each.decode()")
    await shoot("photo")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="退回修改").click()
    await page.get_by_label("总的理由（必填）").fill("佐证不全，请补充后重新提交")
    await shoot("return")
    await page.keyboard.press("Escape")
    for tab, name in (("申报表（附件2）", "form"), ("经过", "history")):
        await page.get_by_role("tab", name=tab).click()
        await shoot(name)
    await desk.go("/recommendation-lists/hailing")
    await page.get_by_label("联系人", exact=True).fill("王科长")
    await expect(page.get_by_text("名单已全部保存")).to_be_visible()
    await shoot("list")
    await page.get_by_role("button", name="上报…").click()
    await expect(page.get_by_role("dialog", name=re.compile("上报"))).to_be_visible()
    await shoot("hand-in")
    await of_the_city(office, scheme, "lists", "/recommendation-lists")
    await of_the_city(office, scheme, "progress", "/submission-progress")
    await scored(office)
    await of_the_city(office, scheme, "statistics", "/statistics")
    await of_the_city(office, scheme, "photo-flags", "/photo-flags")
    candidate = await upload(office, without_star())
    assert candidate.status == 201, candidate.body
    await of_the_city(office, scheme, "rubric", "/rubric")
    nobody = await office.open(Desk(office.browser, office.url, None), scheme)
    await nobody.go("/")
    await nobody.page.get_by_label("手机号").wait_for()
    await nobody.page.screenshot(path=FOLDER / f"console-sign-in-{scheme}.png")


async def upload(office: Office, rubric: str) -> Answer:
    """A changed rubric, to be compared."""
    return await office.world.service.request(
        "POST",
        "/api/rubric/candidates",
        body=rubric.encode(),
        token=office.world.city.token,
        headers={"Content-Type": "application/yaml"},
    )


async def of_the_city(office: Office, scheme: Scheme, name: str, path: str) -> None:
    """A page as a city officer sees it."""
    desk = await office.desk(office.world.city, scheme)
    await desk.go(path)
    await desk.page.get_by_role("heading", level=1).wait_for()
    await desk.page.wait_for_timeout(600)
    await desk.page.screenshot(path=FOLDER / f"console-{name}-{scheme}.png")
