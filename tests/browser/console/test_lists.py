"""The recommendation list at a desk: its order by mouse and by keys, the last check, and what it is once handed in."""

import re
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.async_api import Locator, expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.http.conftest import Clock

NAMES = ["海陵区甲小学", "海陵区乙小学", "海陵区丙小学"]
SAVED = "名单已全部保存"


@pytest.fixture
async def listed(office: Office) -> Office:
    """Three schools that hailing recommends."""
    for name in NAMES:
        office.schools[name] = await office.world.endorsed(name)
    return office


def rows(desk: Desk) -> Locator:
    """The schools in their order."""
    return desk.page.locator("tbody tr")


async def order_of(office: Office) -> list[str]:
    """The order as the service has it."""
    answer = await office.world.service.get("/api/recommendation-lists/hailing", office.world.officer.token)
    return [row["school_name"] for row in answer.json["rows"]]


async def first_three(desk: Desk, *names: str) -> None:
    """Waits until the rows show these schools."""
    await expect(rows(desk).locator("a")).to_have_text(list(names))


async def saved(desk: Desk) -> None:
    """Waits until the list is on the service."""
    await expect(desk.page.get_by_text(SAVED)).to_be_visible()


async def test_put_in_order_checked_and_handed_in(listed: Office) -> None:
    waiting = await listed.world.submitted("海陵区丁小学")
    await listed.world.register("海陵区戊小学")
    desk = await listed.desk()
    page = desk.page
    await desk.go("/")
    await page.get_by_role("link", name="推荐名单").click()
    one, two, three = sorted(NAMES)
    await first_three(desk, one, two, three)
    await rows(desk).nth(2).drag_to(rows(desk).nth(0))
    await first_three(desk, three, one, two)
    await saved(desk)
    assert await order_of(listed) == [three, one, two]
    # The same by the keys: the focus stays with the school.
    handle = rows(desk).nth(2).get_by_role("button")
    await handle.focus()
    await page.keyboard.press("ArrowUp")
    await first_three(desk, three, two, one)
    await expect(rows(desk).nth(1).get_by_role("button")).to_be_focused()
    await expect(page.get_by_text(f"{two}，现在是第 2 位，共 3 位")).to_be_attached()
    await page.keyboard.press("Home")
    await first_three(desk, two, three, one)
    await saved(desk)
    # The last check says all that is missing.
    await page.get_by_role("button", name="上报…").click()
    dialog = page.get_by_role("dialog", name=re.compile("上报推荐名单"))
    await expect(dialog.locator("li")).to_have_text(
        ["请填写市（区）联系人", "请填写联系人电话", "海陵区丁小学已提交，尚未初评"]
    )
    await expect(dialog).to_contain_text("还有 1 所学校“填报中”")
    await expect(dialog.get_by_role("button", name="上报", exact=True)).to_be_disabled()
    await dialog.get_by_role("button", name="再看看").click()
    assert (await listed.world.post(waiting, "decline", {"reason": "条件尚不具备"})).status == 200
    await page.get_by_label("联系人", exact=True).fill("王科长")
    await page.get_by_label("联系人电话").fill("0523")
    await expect(page.get_by_text("应为电话号码")).to_be_visible()
    await page.get_by_label("联系人电话").fill("0523-86880000")
    await saved(desk)
    await page.get_by_role("button", name="上报…").click()
    await expect(dialog).to_contain_text("需要的都齐了")
    await dialog.get_by_role("button", name="上报", exact=True).click()
    await desk.says("推荐名单已上报")
    # Frozen: nothing moves, and the school can't be returned.
    await expect(page.get_by_text("名单已上报，不能再改")).to_be_visible()
    await expect(page.get_by_text(SAVED)).to_be_hidden()
    await expect(page.get_by_role("button", name=re.compile("移动"))).to_have_count(0)
    await expect(page.get_by_role("region", name="上报记录")).to_contain_text("王科长 上报 3 所")
    book = load_workbook(BytesIO(await desk.chooses("下载附件4", "Excel")))
    cells: list[Any] = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert [each for each in cells if each in NAMES] == [two, three, one]


async def test_a_district_that_is_late(listed: Office, clock: Clock) -> None:
    clock.advance(days=20)
    officer = await listed.world.sign_in("district", name="赵科员")
    desk = await listed.desk(officer)
    await desk.go("/recommendation-lists/hailing")
    page = desk.page
    await expect(
        page.get_by_text("上报已于 8月31日 24:00 截止，名单不能再改；如需补报，请联系市教育局延期。")
    ).to_be_visible()
    await expect(page.get_by_role("button", name="上报…")).to_have_count(0)
    # The city gives it more time, and it goes on.
    city = await listed.world.sign_in("city", name="周处长")
    extension = {"hand_in": "2022-09-20T00:00:00+08:00", "reason": "台风"}
    path = "/api/cycle/districts/hailing/extension"
    assert (await listed.world.service.post(path, extension, city.token)).status == 200
    await page.reload()
    await page.get_by_label("联系人", exact=True).fill("王科长")
    await page.get_by_label("联系人电话").fill("0523-86880000")
    await saved(desk)
    await page.get_by_role("button", name="上报…").click()
    await page.get_by_role("dialog").get_by_role("button", name="上报", exact=True).click()
    await desk.says("推荐名单已上报")


async def test_two_officers_on_one_list(listed: Office) -> None:
    one, two, three = sorted(NAMES)
    first = await listed.desk()
    second = await listed.desk(await listed.world.sign_in("district", name="赵科员"))
    for desk in (first, second):
        await desk.go("/recommendation-lists/hailing")
        await first_three(desk, one, two, three)
    await first.page.get_by_label("联系人", exact=True).fill("王科长")
    await saved(first)
    await rows(second).nth(0).get_by_role("button").press("End")
    await expect(second.page.get_by_text("另一位工作人员刚刚改了：联系人")).to_be_visible()
    await expect(second.page.get_by_label("联系人", exact=True)).to_have_value("王科长")
    await saved(second)
    assert await order_of(listed) == [two, three, one]
    # Both move schools: the second chooses between the two orders.
    await rows(first).nth(0).get_by_role("button").press("ArrowDown")
    choice = first.page.get_by_role("alert", name="两人同时修改的内容")
    await expect(choice).to_contain_text(f"对方：1 {two}")
    await choice.get_by_role("button", name="用对方的").click()
    await first_three(first, two, three, one)


async def test_a_school_comes_while_the_order_is_made(listed: Office) -> None:
    one, two, three = sorted(NAMES)
    desk = await listed.desk()
    await desk.go("/recommendation-lists/hailing")
    await first_three(desk, one, two, three)
    await listed.world.endorsed("海陵区丁小学")
    await rows(desk).nth(2).get_by_role("button").press("Home")
    await saved(desk)
    await first_three(desk, three, one, two, "海陵区丁小学")
    assert await order_of(listed) == [three, one, two, "海陵区丁小学"]


async def test_the_city_sees_all_lists(listed: Office) -> None:
    desk = await listed.desk(await listed.world.sign_in("city", name="周处长"))
    await desk.go("/recommendation-lists")
    row = desk.page.get_by_role("row", name=re.compile("海陵区"))
    await expect(row).to_contain_text("未上报")
    await row.get_by_role("link").click()
    await expect(desk.page.get_by_text("名单由本市（区）的工作人员编排，这里只能查看。")).to_be_visible()
    await expect(desk.page.get_by_text(SAVED)).to_be_hidden()
