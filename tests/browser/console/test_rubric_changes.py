"""A changed rubric at a desk: uploaded, compared, taken or left."""

from pathlib import Path

from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.scored import scored
from tests.http.test_rubric_changes import SOURCE, with_smaller_item, without_star


async def test_looked_at_and_taken(office: Office, tmp_path: Path) -> None:
    city = await scored(office)
    file = tmp_path / "taizhou-2022.yaml"
    file.write_text(without_star(), "utf-8")
    desk = await office.desk(office.world.city)
    await desk.go("/rubric")
    page = desk.page
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("heading", name="逐条差异（1 处）")).to_be_visible()
    row = page.get_by_role("region", name="逐条差异").get_by_role("row").nth(1)
    await expect(row).to_contain_text("1.1.1")
    await expect(row).to_contain_text("改动：正文、要求")
    await expect(
        page.get_by_text("比较了 4 所：1 所结果会变，其中 1 所等级会变，0 所有指标要重新评分。")
    ).to_be_visible()
    changed = page.locator(".el-table__row")
    await expect(changed).to_have_count(1)
    await expect(changed).to_contain_text("海陵区渔行小学")
    await expect(changed).to_contain_text("认定为示范型")
    await page.get_by_role("button", name="采用…").click()
    await page.get_by_role("textbox").fill("省里修订了细则")
    await page.get_by_role("button", name="采用", exact=True).click()
    await desk.says("已采用新细则，各校结果已更新。")
    await expect(page.get_by_text("没有待比较的细则。")).to_be_visible()
    rows = (await city.get("/api/decisions")).json["items"]
    assert {each["school_name"]: each["grade"]["awarded"] for each in rows}["海陵区渔行小学"] == "demonstration"


async def test_left_and_refused(office: Office, tmp_path: Path) -> None:
    await scored(office)
    file = tmp_path / "changed.yaml"
    desk = await office.desk(office.world.city)
    await desk.go("/rubric")
    page = desk.page
    file.write_text(SOURCE.replace("points: 110", "points: 111", 1), "utf-8")
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("alert")).to_contain_text("下一级合计")
    file.write_text(with_smaller_item(), "utf-8")
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("heading", name="逐条差异（2 处）")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_role("button", name="放弃").click()
    await page.get_by_role("dialog").get_by_role("button", name="放弃").click()
    await desk.says("已放弃，本周期的细则没有改变。")
    await expect(page.get_by_text("没有待比较的细则。")).to_be_visible()
