"""The city's statistics: drawn, read as tables, saved; the photos to look into, with their twins."""

from datetime import UTC, datetime
from pathlib import Path

from openpyxl import load_workbook
from playwright.async_api import Locator, expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.scored import scored
from tests.http.arriving import Arrivals
from tests.photos import photo

CHARTS = (
    "目标完成情况：各市（区）还差几所",
    "等级分布（按现有结果认定）",
    "总分分布：全市",
    "差异热力图：二级指标 × 市（区）",
    "从现场评估到结束用了几天",
    "专家评分尺度与一致性",
)


def chart(desk: Desk, title: str) -> Locator:
    """A chart with its table and buttons."""
    return desk.page.locator("figure").filter(has_text=title)


async def test_every_figure_is_drawn_and_has_its_table(office: Office, tmp_path: Path) -> None:
    await scored(office)
    desk = await office.desk(office.world.city)
    await desk.go("/statistics")
    for title in CHARTS:
        await expect(desk.page.get_by_role("img", name=f"{title}（图）").locator("canvas").first).to_be_visible()
    grades = chart(desk, CHARTS[1])
    whole = grades.locator("tbody tr").filter(has_text="全市")
    await expect(whole.locator("td:nth-child(6)")).to_have_text(["1", "1", "1", "1"])
    gaps = chart(desk, CHARTS[3])
    row = gaps.locator("tbody tr").filter(has_text="1.1 校园网络").filter(has_text="海陵区")
    # Of three schools: one overstated by a point, and one without what ★ asks.
    await expect(row.locator("td")).to_have_text(["1.1 校园网络", "海陵区", "3", "2", "0.67", "0.33", "0.33"])
    await gaps.get_by_role("button", name="看表格").click()
    await expect(row).to_be_visible()
    async with desk.page.expect_download() as saved:
        await gaps.get_by_role("button", name="导出 Excel").click()
    await (await saved.value).save_as(tmp_path / "gaps.xlsx")
    sheet = load_workbook(tmp_path / "gaps.xlsx").worksheets[0]
    rows = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert ["1.1 校园网络", "海陵区", 3, 2, 0.67, 0.33, 0.33] in rows
    async with desk.page.expect_download() as picture:
        await chart(desk, CHARTS[5]).get_by_role("button", name="存为图片").click()
    assert (await picture.value).suggested_filename == f"{CHARTS[5]}.png"


async def test_which_district_stands_in_the_address(office: Office) -> None:
    await scored(office)
    desk = await office.desk(office.world.city)
    await desk.go("/statistics?district=xinghua")
    await expect(chart(desk, "总分分布：兴化市").locator("canvas")).to_be_visible()
    # What is chosen lies over the box that is labelled.
    await desk.page.locator(".choice").click()
    await desk.page.get_by_role("option", name="海陵区").click()
    await expect(chart(desk, "总分分布：海陵区").locator("canvas")).to_be_visible()
    await expect(desk.page).to_have_url(f"{office.url}/c/statistics?district=hailing")


async def test_photos_to_look_into_beside_their_twins(office: Office) -> None:
    city = await scored(office)
    arrivals = Arrivals(city.service.deps)
    schools = [await city.school(name) for name in ("海陵区甲小学", "海陵区乙小学")]
    same = photo(3, kind="room", size=(640, 480), taken_at=datetime(2022, 7, 1, 2, 0, tzinfo=UTC))
    for school in schools:
        await arrivals.evidence(school, "1.1.2", same)
    await arrivals.check_all()
    desk = await office.desk(office.world.city)
    await desk.go("/photo-flags")
    cards = desk.page.locator("article")
    await expect(cards).to_have_count(2)
    first = cards.filter(has=desk.page.get_by_role("link", name="海陵区甲小学"))
    await expect(first.locator(".flags li").first).to_have_text("同一文件另有使用")
    await expect(first.locator("img")).to_have_count(2)
    for number in range(2):
        assert await first.locator("img").nth(number).evaluate("each => each.decode().then(() => each.naturalWidth)")
    await first.get_by_role("button", name="放大：本张").click()
    shown = desk.page.get_by_role("dialog", name="照片")
    await expect(shown).to_contain_text("海陵区甲小学 1.1.2")
    await desk.page.keyboard.press("ArrowRight")
    await expect(shown).to_contain_text("海陵区乙小学 1.1.2（2022）")
    await desk.page.keyboard.press("Escape")
    await first.get_by_role("button", name="记为已核…").click()
    await desk.page.get_by_role("textbox").fill("两校联合活动，属实")
    await desk.page.get_by_role("button", name="记为已核", exact=True).click()
    await desk.says("已记为已核。")
    await expect(cards).to_have_count(1)
    await desk.page.get_by_text("已核", exact=True).click()
    await expect(cards).to_have_count(1)
    await expect(cards.first).to_contain_text("两校联合活动，属实")
    await cards.first.get_by_role("button", name="重新核查").click()
    await desk.says("已重新列入待核。")
    await expect(desk.page.get_by_text("还没有核查过的照片。")).to_be_visible()
