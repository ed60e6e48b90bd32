"""A table of the console by mouse, by keys and by address: the list of schools stands for all of them."""

import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.async_api import Locator, expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.http.conftest import Clock


def names(desk: Desk) -> Locator:
    """The schools, in their order."""
    return desk.page.locator("a.row-link")


async def test_filters_stand_in_the_address(office: Office) -> None:
    await office.fill()
    desk = await office.desk()
    await desk.go("/")
    await expect(names(desk)).to_have_count(7)
    page = desk.page
    await page.get_by_role("group", name="按状态查看").get_by_role("button", name=re.compile("^已提交")).click()
    await expect(names(desk)).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"/c/schools\?state=submitted$"))
    await page.get_by_label("学校名称").fill("大冯")
    await expect(names(desk)).to_have_text(["海陵区大冯小学"])
    await expect(page).to_have_url(re.compile("name="))
    # Who gets the link sees the same, and so does a reload.
    colleague = await office.desk(await office.world.sign_in("district", name="赵科员"))
    await colleague.page.goto(page.url)
    await expect(names(colleague)).to_have_text(["海陵区大冯小学"])
    await expect(colleague.page.get_by_label("学校名称")).to_have_value("大冯")
    await page.go_back()
    await expect(names(desk)).to_have_count(2)
    await expect(page.get_by_label("学校名称")).to_have_value("")


async def test_sorted_and_paged_by_the_service(office: Office) -> None:
    for number in range(25):
        await office.world.register(f"学校{number:02}")
    desk = await office.desk()
    await desk.go("/schools?size=20")
    page = desk.page
    await expect(names(desk)).to_have_count(20)
    await expect(page.get_by_text("共 25 条")).to_be_visible()
    await page.get_by_role("columnheader", name="学校").click()
    await expect(names(desk).first).to_have_text("学校24")
    await expect(page).to_have_url(re.compile("sort=-name"))
    await names(desk).first.focus()
    await page.keyboard.press("PageDown")
    await expect(names(desk)).to_have_text([f"学校{number:02}" for number in (4, 3, 2, 1, 0)])
    await expect(page).to_have_url(re.compile("page=2"))
    # The keys go on from the new rows.
    await expect(names(desk).first).to_be_focused()
    await page.keyboard.press("PageUp")
    await expect(names(desk).first).to_have_text("学校24")


async def test_rows_by_keys(office: Office) -> None:
    await office.fill()
    desk = await office.desk()
    await desk.go("/schools")
    await expect(names(desk)).to_have_count(7)
    keys = desk.page.keyboard
    await names(desk).first.focus()
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await expect(names(desk).nth(2)).to_be_focused()
    await keys.press("ArrowUp")
    await expect(names(desk).nth(1)).to_be_focused()
    await keys.press("End")
    await expect(names(desk).last).to_be_focused()
    await keys.press("Home")
    await expect(names(desk).first).to_be_focused()
    where = await names(desk).first.get_attribute("href")
    await keys.press("Enter")
    await expect(desk.page).to_have_url(f"{office.url}{where}")


async def test_columns_are_remembered_and_exported(office: Office, tmp_path: Path) -> None:
    await office.fill()
    desk = await office.desk()
    await desk.go("/schools?state=draft")
    await expect(names(desk)).to_have_count(2)
    page = desk.page
    await page.get_by_role("button", name="选择列").click()
    for name in ("退回次数", "学段", "申报类型", "提交时间", "截止", "市（区）"):
        await page.locator(".columns").get_by_text(name, exact=True).click()
    await page.keyboard.press("Escape")
    headers = ["学校", "状态", "自评得分", "已填指标", "退回次数"]
    await expect(page.locator("th")).to_have_text(headers)
    await page.reload()
    await expect(page.locator("th")).to_have_text(headers)
    saved = await desk.saves("导出 Excel")
    assert re.fullmatch(r"学校申报情况-\d{8}-\d{4}\.xlsx", saved.suggested_filename)
    await saved.save_as(tmp_path / "table.xlsx")
    sheet = load_workbook(tmp_path / "table.xlsx").worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=3)]
    assert rows == [headers, ["海陵区城东小学", "填报中", 1.5, 1, 0], ["海陵区城西小学", "填报中", 0, 0, 0]]


async def test_what_is_late_is_seen(office: Office, clock: Clock) -> None:
    await office.fill()
    clock.advance(days=30)
    desk = await office.desk(await office.world.sign_in("city", name="周处长"))
    await desk.go("/schools?late=true")
    await expect(names(desk)).to_have_count(6)
    await expect(desk.page.locator("tbody").get_by_text("逾期")).to_have_count(6)
    everything = desk.page.get_by_role("group", name="按状态查看").get_by_role("button").first
    await expect(everything).to_have_text(re.compile(r"全部\s*7\s*逾期 6"))
