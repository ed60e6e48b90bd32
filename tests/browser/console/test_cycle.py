"""The cycle at a desk: opened, closed earlier; and workbooks that are seen whole before they are saved."""

from pathlib import Path

from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.october import row
from tests.http.test_imports import PEOPLE, SCHOOLS, workbook


async def test_a_district_closes_its_submissions_earlier(office: Office) -> None:
    desk = await office.desk()
    await desk.go("/cycle")
    await desk.page.get_by_role("button", name="海陵区提前截止").click()
    await desk.page.get_by_label("申报截止").fill("2022-08-26T00:00")
    await desk.page.get_by_role("button", name="保存", exact=True).click()
    await desk.says("申报截止时间已改")
    await expect(row(desk, "海陵区")).to_contain_text("8月25日 24:00")
    await expect(desk.page.get_by_role("heading", name="可以开启的周期")).to_have_count(0)


async def test_a_cycle_is_opened_with_other_dates(office: Office) -> None:
    db = office.world.service.deps.db
    await db.cycles.delete_many({})
    desk = await office.desk(office.world.city)
    await desk.go("/cycle")
    page = desk.page
    await page.get_by_role("article", name="2022年泰州市智慧校园创建").get_by_role("button", name="开启…").click()
    await page.get_by_label("现场评估结束").fill("2022-10-08T00:00")
    await page.get_by_role("button", name="开启", exact=True).click()
    await desk.says("已开启")
    await expect(page.get_by_role("region", name="2022年泰州市智慧校园创建")).to_contain_text("10月7日 24:00")
    opened = (await office.world.service.get("/api/cycle", office.world.city.token)).json
    assert opened["dates"]["visits_close"] == "2022-10-07T16:00:00Z"


async def test_a_workbook_is_seen_whole_before_it_is_saved(office: Office, tmp_path: Path) -> None:
    world = office.world
    desk = await office.desk(world.city)
    await desk.go("/imports")
    page = desk.page
    wrong, right = tmp_path / "错.xlsx", tmp_path / "学校.xlsx"
    good = ["海陵区", "泰州市第一小学", "小学", "张三", "13900000001"]
    wrong.write_bytes(workbook(SCHOOLS, good, ["海陵县", "泰州市第二小学", "小学", "李四", "1390000"]))
    right.write_bytes(workbook(SCHOOLS, good, ["海陵区", " 泰州市第二小学", "小学", "李四", "１３９００００００２２"]))
    await page.locator("input[type=file]").set_input_files(wrong)
    problems = page.locator("main").get_by_role("alert")
    await expect(problems.get_by_role("listitem")).to_have_count(2)
    await expect(problems).to_contain_text("第 3 行“市（区）”（A3）：不认识“海陵县”")
    await expect(row(desk, "泰州市第二小学")).to_contain_text("要改")
    # What was typed is seen beside what is wrong with it.
    await expect(row(desk, "泰州市第二小学").get_by_role("cell", name="海陵县", exact=True)).to_be_visible()
    await expect(row(desk, "泰州市第一小学")).to_contain_text("新增")
    await expect(page.get_by_role("button", name="导入", exact=True)).to_be_disabled()
    await page.locator("input[type=file]").set_input_files(right)
    await expect(page.get_by_role("status")).to_contain_text("共 2 行，新增 2")
    await expect(row(desk, "泰州市第二小学")).to_contain_text("13900000022")
    assert (await world.service.get("/api/schools", world.city.token)).json["items"] == []
    await page.get_by_role("button", name="导入", exact=True).click()
    await desk.says("已导入：新增 2")
    found = (await world.service.get("/api/schools", world.city.token)).json["items"]
    assert {each["name"] for each in found} == {"泰州市第一小学", "泰州市第二小学"}
    # What is no workbook is refused with the reason; people are imported by the same page.
    await page.get_by_text("人员", exact=True).last.click()
    junk = tmp_path / "坏.xlsx"
    junk.write_bytes(b"not a workbook")
    await page.locator("input[type=file]").set_input_files(junk)
    await expect(page.locator("main").get_by_role("alert")).to_be_visible()
    people = tmp_path / "人员.xlsx"
    people.write_bytes(workbook(PEOPLE, ["孙专家", "13900000031", "市级评估专家", None, None]))
    await page.locator("input[type=file]").set_input_files(people)
    await expect(row(desk, "孙专家")).to_contain_text("新增")
    await page.get_by_role("button", name="导入", exact=True).click()
    await desk.says("已导入：新增 1")
