"""The review of a school at a desk: its answers and photos, remarks that save themselves, and what comes of it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.test_tables import names
from tests.documents import opened
from tests.http.arriving import Arrivals
from tests.http.conftest import Clock
from tests.http.submitted import Registered

SCHOOL = "海陵区大冯小学"
SAVED = "初评意见已全部保存"


@pytest.fixture
async def reviewed(office: Office) -> Registered:
    """A school that submitted, with photos that were checked."""
    school = office.schools[SCHOOL] = await office.world.submitted(SCHOOL)
    await Arrivals(office.world.service.deps).check_all()
    return school


@pytest.fixture
def open_review(office: Office, reviewed: Registered) -> Callable[..., Awaitable[Desk]]:
    """Opens the school's review at a desk of its own."""

    async def open_it(desk: Desk | None = None) -> Desk:
        desk = desk or await office.desk()
        await desk.go(f"/submissions/{reviewed.submission_id}")
        await expect(desk.page.get_by_role("heading", name=SCHOOL)).to_be_visible()
        return desk

    return open_it


def item(desk: Desk, code: str) -> Locator:
    """An item's card."""
    return desk.page.locator(f'[id="item-{code}"]')


async def saved(desk: Desk) -> None:
    """Waits until all that was typed is on the service."""
    await expect(desk.page.get_by_text(SAVED)).to_be_visible()


async def review_of(office: Office, school: Registered) -> Any:
    """The review as the service has it."""
    return (await office.world.service.get(f"{school.path}/review", office.world.officer.token)).json


async def test_from_the_list_to_a_returned_form(office: Office, reviewed: Registered) -> None:
    desk = await office.desk()
    page = desk.page
    await desk.go("/schools?state=submitted")
    await names(desk).first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=SCHOOL)).to_be_visible()
    await expect(item(desk, "1.1.1")).to_contain_text(re.compile(r"自评\s*2\s*/\s*2"))
    await item(desk, "1.1.1").get_by_label("1.1.1 意见").fill("缺网络拓扑图")
    await item(desk, "1.1.1").locator(".el-select").click()
    await page.get_by_role("option", name="1.5 分").click()
    await saved(desk)
    review = await review_of(office, reviewed)
    assert review["items"] == {"1.1.1": {"remark": "缺网络拓扑图", "points": 1.5}}
    await expect(page.get_by_role("navigation", name="二级指标").get_by_text("意见 1")).to_be_visible()
    # It is still there after a reload, and the keys go on to the next indicator.
    await page.reload()
    await expect(item(desk, "1.1.1").get_by_label("1.1.1 意见")).to_have_value("缺网络拓扑图")
    await item(desk, "1.1.1").get_by_label("1.1.1 意见").press("Alt+ArrowRight")
    await item(desk, "1.2.1").get_by_label("1.2.1 意见").fill("数量与资产账不符")
    # What is typed a moment before goes along.
    await page.get_by_role("button", name="退回修改").click()
    dialog = page.get_by_role("dialog", name=re.compile("退回修改"))
    await expect(dialog.locator("li")).to_have_text(
        [re.compile("1.1.1 缺网络拓扑图"), re.compile("1.2.1 数量与资产账不符")]
    )
    await dialog.get_by_label("总的理由（必填）").fill("佐证不全，请补充后重新提交")
    await dialog.get_by_role("button", name="退回", exact=True).click()
    await desk.says("已退回")
    await expect(page.get_by_text("已退回", exact=True)).to_be_visible()
    view = await office.world.read(reviewed)
    assert view["state"] == "returned"
    assert view["history"][-1]["remarks"] == {"1.1.1": "缺网络拓扑图", "1.2.1": "数量与资产账不符"}
    # What can't be written any more doesn't call itself saved.
    await expect(page.get_by_text("“已退回”的材料不能再写初评意见。")).to_be_visible()
    await expect(page.get_by_text(SAVED)).to_be_hidden()
    await page.get_by_role("tab", name="经过").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("佐证不全，请补充后重新提交")
    # Back to the list as it was left.
    await page.get_by_role("link", name="‹ 学校申报").click()
    await expect(page).to_have_url(f"{office.url}/c/schools?state=submitted")
    await expect(page.get_by_text("没有符合条件的记录")).to_be_visible()


async def test_photos_in_a_light_box(open_review: Callable[..., Awaitable[Desk]]) -> None:
    desk = await open_review()
    page = desk.page
    photo = item(desk, "1.1.2").get_by_role("button", name=re.compile("看大图"))
    await photo.focus()
    await page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="照片")
    await expect(box).to_contain_text("1.1.2")
    image = box.get_by_role("img")
    assert await image.evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
    await page.keyboard.press("+")
    await page.keyboard.press("+")
    await expect(image).to_have_attribute("style", re.compile(r"scale\(2\.25\)"))
    await page.keyboard.press("Shift+ArrowRight")
    await expect(image).to_have_attribute("style", re.compile(r"translate\(-60px, 0px\)"))
    await page.keyboard.press("0")
    await expect(image).to_have_attribute("style", re.compile(r"scale\(1\)"))
    await page.keyboard.press("ArrowRight")
    await expect(box).to_contain_text("1.1.3")
    await box.get_by_role("button", name="放大").click()
    await expect(image).to_have_attribute("style", re.compile(r"scale\(1\.5\)"))
    await page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    await expect(photo).to_be_focused()


async def test_endorsed_with_an_opinion(
    office: Office, reviewed: Registered, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    desk = await open_review()
    page = desk.page
    await page.get_by_role("button", name="推荐", exact=True).click()
    await desk.says("请先填写“市（区）教育局意见”")
    await expect(page.get_by_label("市（区）教育局意见")).to_be_focused()
    await page.get_by_label("市（区）教育局意见").fill("材料属实，同意推荐。")
    await page.get_by_role("button", name="推荐", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="推荐", exact=True).click()
    await desk.says("已推荐")
    assert (await office.world.read(reviewed))["state"] == "endorsed"
    form = opened(await desk.chooses("下载表格", "附件2 申报表"))
    text = "\n".join(cell.text for table in form.tables for cell in table._cells)
    assert SCHOOL in text
    assert "材料属实，同意推荐。" in text


async def test_declined_and_taken_back(
    office: Office, reviewed: Registered, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    desk = await open_review()
    page = desk.page
    for name, state, words in (
        ("不予推荐", "declined", "今年条件尚不具备"),
        ("撤销不予推荐", "submitted", "复核后符合条件"),
    ):
        await page.get_by_role("button", name=name, exact=True).click()
        question = page.get_by_role("dialog")
        await question.get_by_role("button", name=name, exact=True).click()
        await expect(question).to_contain_text("请填写理由")
        await question.get_by_role("textbox").fill(words)
        await question.get_by_role("button", name=name, exact=True).click()
        await desk.says(f"已{name}")
        view = await office.world.read(reviewed)
        assert (view["state"], view["history"][-1]["reason"]) == (state, words)


async def test_two_officers_lose_nothing(
    office: Office, reviewed: Registered, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    first = await open_review()
    second = await open_review(await office.desk(await office.world.sign_in("district", name="赵科员")))
    await item(first, "1.1.1").get_by_label("1.1.1 意见").fill("缺网络拓扑图")
    await first.page.get_by_label("市（区）教育局意见").fill("同意推荐")
    await saved(first)
    # Another field: both stay, and the second is told what changed.
    await item(second, "1.1.2").get_by_label("1.1.2 意见").fill("照片不清楚")
    await expect(second.page.get_by_text("另一位工作人员刚刚改了：1.1.1 意见、市（区）教育局意见")).to_be_visible()
    await expect(item(second, "1.1.1").get_by_label("1.1.1 意见")).to_have_value("缺网络拓扑图")
    await saved(second)
    # The same field: both texts are shown until a person chooses.
    await item(first, "1.1.1").get_by_label("1.1.1 意见").fill("缺拓扑图和验收单")
    await saved(first)
    await item(second, "1.1.1").get_by_label("1.1.1 意见").fill("拓扑图应盖章")
    choice = second.page.get_by_role("alert", name="两人同时修改的内容")
    await expect(choice).to_contain_text("缺拓扑图和验收单")
    await expect(choice).to_contain_text("拓扑图应盖章")
    assert (await review_of(office, reviewed))["items"]["1.1.1"]["remark"] == "缺拓扑图和验收单"
    await choice.get_by_role("button", name="两段都留").click()
    await saved(second)
    review = await review_of(office, reviewed)
    assert review["items"]["1.1.1"]["remark"] == "缺拓扑图和验收单\n拓扑图应盖章"
    assert review["items"]["1.1.2"]["remark"] == "照片不清楚"
    assert review["opinion"] == "同意推荐"


async def test_without_a_network(
    office: Office, reviewed: Registered, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    desk = await open_review()
    await saved(desk)
    await desk.context.set_offline(True)
    await item(desk, "1.1.1").get_by_label("1.1.1 意见").fill("缺网络拓扑图")
    await expect(desk.page.get_by_text("还没有保存：网络不通")).to_be_visible()
    await desk.context.set_offline(False)
    await desk.page.get_by_role("button", name="再试一次").click()
    await saved(desk)
    assert (await review_of(office, reviewed))["items"]["1.1.1"]["remark"] == "缺网络拓扑图"


async def test_the_city_reads_and_reviews_its_own(
    office: Office, reviewed: Registered, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    world = office.world
    desk = await open_review(await office.desk(world.city))
    page = desk.page
    await expect(page.get_by_text("初评由学校所在的市（区）进行，这里只能查看。")).to_be_visible()
    await expect(page.get_by_text(SAVED)).to_be_hidden()
    await expect(page.get_by_role("button", name="推荐", exact=True)).to_have_count(0)
    # What a district endorsed the city may return: with the remarks that are shown.
    path, token = f"{reviewed.path}/review", world.officer.token
    body = {"version": 0, "items": {"1.1.1": {"remark": "缺网络拓扑图"}}, "opinion": "同意推荐"}
    assert (await world.service.put(path, body, token)).status == 200
    assert (await world.post(reviewed, "endorse", {})).status == 200
    await page.reload()
    await page.get_by_role("button", name="退回修改").click()
    await expect(page.get_by_role("dialog").locator("li")).to_have_text([re.compile("缺网络拓扑图")])
    await page.get_by_label("总的理由（必填）").fill("请按意见补充")
    await page.get_by_role("button", name="退回", exact=True).click()
    await desk.says("已退回")
    last = (await office.world.read(reviewed))["history"][-1]
    assert (last["event"], last["remarks"]) == ("returned", {"1.1.1": "缺网络拓扑图"})
    # The municipal schools are reviewed by the city officer who was named for them.
    person = {"person_id": world.city.person.id}
    named = await world.service.put("/api/districts/municipal/reviewer", person, world.city.token)
    assert named.status == 200, named.body
    school = await world.submitted("泰州市实验小学", "municipal")
    await desk.go(f"/submissions/{school.submission_id}")
    await page.get_by_label("市（区）教育局意见").fill("同意推荐")
    await saved(desk)


async def test_after_the_date_a_review_is_only_read(
    office: Office, clock: Clock, open_review: Callable[..., Awaitable[Desk]]
) -> None:
    clock.advance(days=20)
    desk = await open_review(await office.desk(await office.world.sign_in("district", name="赵科员")))
    await expect(desk.page.get_by_role("status").get_by_text("已于2022年8月31日24:00截止")).to_be_visible()
    await expect(desk.page.get_by_text(SAVED)).to_be_hidden()
    await expect(item(desk, "1.1.1").get_by_label("1.1.1 意见")).not_to_be_editable()
