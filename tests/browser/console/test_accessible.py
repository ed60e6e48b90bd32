"""axe-core on every page of the console, light and dark: nothing serious."""

import re

from playwright.async_api import expect

from tests.browser.console.autumn import Autumn, chip, september
from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.scored import scored
from tests.browser.console.test_tables import names
from tests.http.arriving import Arrivals


async def test_every_page_is_accessible(office: Office) -> None:
    await office.fill()
    await Arrivals(office.world.service.deps).check_all()
    desk = await office.desk()
    page, found = desk.page, list[str]()
    await desk.go("/schools")
    await expect(names(desk)).to_have_count(7)
    found += await desk.looks("schools")
    await page.get_by_role("button", name="选择列").click()
    found += await desk.looks("columns")
    # The last choice can be reached on this screen.
    await page.locator(".columns").get_by_text("退回次数").scroll_into_view_if_needed()
    await expect(page.locator(".columns").get_by_text("退回次数")).to_be_in_viewport()
    await desk.go(f"/submissions/{office.schools['海陵区大冯小学'].submission_id}")
    await page.get_by_label("1.1.1 意见").fill("缺网络拓扑图")
    await expect(page.get_by_text("初评意见已全部保存")).to_be_visible()
    found += await desk.looks("review")
    await page.locator(".photo").first.click()
    found += await desk.looks("photo")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="退回修改").click()
    found += await desk.looks("return")
    await page.keyboard.press("Escape")
    for tab, name in (("申报表（附件2）", "form"), ("经过", "history")):
        await page.get_by_role("tab", name=tab).click()
        found += await desk.looks(name)
    await desk.go("/recommendation-lists/hailing")
    await page.get_by_label("联系人", exact=True).fill("王科长")
    await expect(page.get_by_text("名单已全部保存")).to_be_visible()
    found += await desk.looks("list")
    await page.get_by_role("button", name="上报…").click()
    await expect(page.get_by_role("dialog", name=re.compile("上报"))).to_be_visible()
    found += await desk.looks("hand-in")
    found += await of_the_city(office)
    nobody = await office.open(Desk(office.browser, office.url, None))
    await nobody.go("/")
    await nobody.page.get_by_label("手机号").wait_for()
    found += await nobody.looks("sign-in")
    assert found == []


async def of_the_city(office: Office) -> list[str]:
    """What is wrong with the pages that a city officer sees."""
    await scored(office)
    desk = await office.desk(office.world.city)
    found = list[str]()
    for name, path, words in (
        ("lists", "/recommendation-lists", "上报截止"),
        ("progress", "/submission-progress", "看表格"),
        ("statistics", "/statistics", "专家评分尺度与一致性"),
        ("photo-flags", "/photo-flags", "没有拍摄时间"),
        ("rubric", "/rubric", "没有待比较的细则"),
        ("nowhere", "/nothing/here", "没有这个页面"),
    ):
        await desk.go(path)
        await desk.page.get_by_text(words).first.wait_for()
        found += await desk.looks(name)
    return found


async def test_the_pages_of_september_are_accessible(autumn: Autumn) -> None:
    await september(autumn)
    desk = await autumn.desk("/plan")
    page, found = desk.page, list[str]()
    await page.get_by_role("button", name="建议方案…").click()
    found += await desk.looks("suggestion")
    await page.get_by_label("每组人数").fill("2")
    await page.get_by_role("button", name="生成草稿").click()
    await chip(desk, "海陵区莲花小学").click()
    await page.get_by_label("日期").fill("2022-09-05")
    found += await desk.looks("visit")
    await page.get_by_role("button", name="放进草稿").click()
    found += await desk.looks("plan")
    await desk.go("/visits")
    await page.get_by_role("link", name="海陵区城东小学").wait_for()
    found += await desk.looks("visits")
    await page.get_by_role("link", name="海陵区城东小学").click()
    await page.get_by_text("已签字").first.wait_for()
    found += await desk.looks("one visit")
    await desk.go("/discrepancies?state=answered")
    await page.get_by_label("理由（学校会看到）").wait_for()
    await page.get_by_text("更正", exact=True).click()
    found += await desk.looks("discrepancies")
    await page.get_by_role("button", name="请全部学校说明…").click()
    found += await desk.looks("window")
    assert found == []
