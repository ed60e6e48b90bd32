"""A chart of the console: drawn, with its table behind it, saved as a picture and as a workbook."""

from pathlib import Path

from openpyxl import load_workbook
from PIL import Image
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.test_tables import names

COLUMNS = ["市（区）", "填报中", "已提交", "已退回", "已推荐", "不予推荐", "逾期", "合计"]
HAILING = ["海陵区", 2, 2, 1, 1, 1, 0, 7]


async def test_drawn_and_saved(office: Office, tmp_path: Path) -> None:
    await office.fill()
    desk = await office.desk(office.world.city)
    await desk.go("/submission-progress")
    page = desk.page
    picture = page.get_by_role("img", name="各市（区）学校申报进度（图）")
    await expect(picture.locator("canvas")).to_be_visible()
    # A screen reader has the figures all the while; the eye, when asked for.
    first = page.locator("figure tbody tr").first
    await expect(first.locator("td")).to_have_text([str(each) for each in HAILING])
    await page.get_by_role("button", name="看表格").click()
    await expect(picture).to_be_hidden()
    await expect(first).to_be_in_viewport()
    await page.get_by_role("button", name="看图").click()
    await (await desk.saves("存为图片")).save_as(tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.width > 2000
        # More than the ground: there are bars in it.
        assert len(image.convert("RGB").getcolors(1_000_000) or []) > 20
    await (await desk.saves("导出 Excel")).save_as(tmp_path / "chart.xlsx")
    sheet = load_workbook(tmp_path / "chart.xlsx").worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=2)]
    assert rows == [COLUMNS, HAILING]


async def test_a_bar_leads_to_its_schools(office: Office) -> None:
    await office.fill()
    desk = await office.desk(office.world.city)
    await desk.go("/submission-progress")
    canvas = desk.page.locator("figure canvas")
    await canvas.wait_for()
    await desk.page.wait_for_timeout(600)
    box = await canvas.bounding_box()
    assert box is not None
    # The first district's bar begins left, below the legend.
    await canvas.click(position={"x": box["width"] * 0.2, "y": 62})
    await expect(desk.page).to_have_url(f"{office.url}/c/schools?district=hailing&state=draft")
    await expect(names(desk)).to_have_count(2)
