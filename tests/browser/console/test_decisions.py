"""Proposed grades at a city officer's desk: confirmed, taken back, and by two officers at once."""

import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.october import october, row
from tests.http.conftest import Clock


async def test_confirmed_one_by_one_and_together_and_taken_back(office: Office, clock: Clock, tmp_path: Path) -> None:
    city = await october(office, clock)
    desk = await office.desk(city.officer)
    await desk.go("/decisions")
    page = desk.page
    await expect(row(desk, "乙小学")).to_contain_text("距示范型：1.1.5 ▲ 示范要求未达到")
    await page.get_by_role("button", name="乙小学", exact=True).click()
    drawer = page.get_by_role("dialog", name="乙小学")
    await expect(drawer.get_by_role("listitem").filter(has_text="1.1.5 ").last).to_be_visible()
    await expect(drawer).to_contain_text("还没有认定过")
    await page.keyboard.press("Escape")
    # The columns that are seen are those that are exported, in the order that is seen.
    await page.get_by_role("button", name="选择列").click()
    for name in ("认定", "最短路径"):
        await page.locator(".columns").get_by_text(name, exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_role("columnheader", name="总分").click()
    await expect(page.locator(".row-link").first).to_have_text("甲小学")
    saved = await desk.saves("导出 Excel")
    await saved.save_as(tmp_path / "decisions.xlsx")
    cells = [[cell.value for cell in each] for each in load_workbook(tmp_path / "decisions.xlsx").worksheets[0].rows]
    assert cells[0] == ["学校", "市（区）", "申报类型", "总分", "结果", "认定", "最短路径", "差异", "状态"]
    assert cells[1][0] == "甲小学"
    exported = {line[0]: line for line in cells}
    assert (exported["丙小学"][8], exported["丙小学"][5], exported["乙小学"][6]) == ("待认定", "未达标", "1.1.5")
    await page.get_by_role("button", name="认定甲小学").click()
    await page.get_by_label("市教育局意见").fill("同意认定")
    await page.get_by_role("button", name="认定", exact=True).click()
    await desk.says("已认定 1 所")
    await expect(row(desk, "甲小学")).to_contain_text("已认定")
    await page.get_by_role("button", name="认定全部待认定的 2 所").click()
    await page.get_by_role("button", name="认定", exact=True).click()
    await desk.says("已认定 2 所")
    await page.get_by_role("button", name="撤回甲小学的认定").click()
    await page.get_by_role("textbox").last.fill("总分有误")
    await page.get_by_role("button", name="撤回", exact=True).click()
    await desk.says("已撤回甲小学的认定")
    await expect(row(desk, "甲小学")).to_contain_text("待认定")
    await desk.go("/audit?event=decision.made")
    await row(desk, "认定：甲小学").locator(".row-link").press("Enter")
    event = page.get_by_role("dialog", name="认定等级")
    link = event.get_by_role("link", name="认定：甲小学")
    await expect(link).to_have_attribute("href", re.compile("/submissions/[0-9a-f-]{36}$"))


async def test_the_second_of_two_officers_is_told_and_loses_nothing(office: Office, clock: Clock) -> None:
    city = await october(office, clock)
    desk = await office.desk(city.officer)
    await desk.go("/decisions")
    page = desk.page
    await page.get_by_role("button", name="认定全部待认定的 3 所").click()
    await page.get_by_label("市教育局意见").fill("经研究，同意")
    colleague = await office.world.sign_in("city", name="钱科长")
    rows = (await city.get("/api/decisions")).json["items"]
    first = next(each for each in rows if each["school_name"] == "甲小学")
    answer = await city.post("/api/decisions", {"submission_ids": [first["submission_id"]]}, colleague)
    assert answer.status == 200, answer.body
    await page.get_by_role("button", name="认定", exact=True).click()
    told = page.get_by_role("dialog").get_by_role("alert")
    await expect(told).to_contain_text("甲小学：钱科长在")
    await expect(page.get_by_label("市教育局意见")).to_have_value("经研究，同意")
    await page.get_by_role("button", name="关闭", exact=True).click()
    tabs = page.get_by_role("group", name="按状态查看").get_by_role("button")
    await expect(tabs).to_have_text([re.compile("全部 *3"), re.compile("已认定 *3")])
