"""The plan of the visits: suggested, dragged, typed, imported; and two officers who move the same visit."""

import re
from typing import Any

from playwright.async_api import expect

from tests.browser.console.autumn import Autumn, chip, half_day
from tests.browser.console.desk import Desk
from tests.http.conftest import Clock
from tests.http.test_imports import workbook
from tests.http.test_visit_imports import HEADER
from tests.http.visiting import Visiting


async def visits(visiting: Visiting) -> dict[str, Any]:
    """What is saved, by the school's name."""
    answer = await visiting.get("/api/visits?limit=200")
    return {each["school"]["name"]: each for each in answer.json["items"]}


async def choose_team(desk: Desk, *names: str) -> None:
    """Chooses the team in the dialog, by the keyboard."""
    page = desk.page
    field = page.get_by_role("combobox", name="评估组")
    for name in names:
        await field.focus()
        await field.fill(name)
        await page.get_by_role("option", name=re.compile(name)).click()
    await page.keyboard.press("Escape")


async def test_a_suggestion_is_edited_and_then_saved_all_together(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    await visiting.inspectors(4)
    for name in ("海陵小学", "城东小学", "凤凰小学"):
        await visiting.school(name)
    await visiting.school("兴化小学", district="xinghua")
    await visiting.school("泰兴小学", district="taixing", handed_in=False)
    desk = await autumn.desk("/plan")
    page = desk.page
    aside = page.get_by_role("complementary", name="待安排的学校")
    await expect(aside.get_by_role("heading", name="待安排 4 所")).to_be_visible()
    # One more can't be visited yet.
    await expect(aside).to_contain_text("名单上报后才能安排")
    await expect(aside).to_contain_text(re.compile(r"泰兴市\s+1 所"))
    await page.get_by_role("button", name="建议方案…").click()
    await page.get_by_label("每组人数").fill("2")
    await page.get_by_role("button", name="生成草稿").click()
    await expect(page.locator("[data-visit]")).to_have_count(4)
    assert await visits(visiting) == {}
    # A draft survives a reload, is moved by the mouse and by the keys, and is not seen by anybody else.
    await page.reload()
    await expect(page.locator("[data-visit]")).to_have_count(4)
    await chip(desk, "海陵小学").drag_to(half_day(desk, "9月14日 周三下午"))
    await expect(half_day(desk, "9月14日 周三下午").locator("[data-visit]")).to_contain_text("海陵小学")
    await chip(desk, "海陵小学").focus()
    await page.keyboard.press("Shift+ArrowUp")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(half_day(desk, "9月15日 周四上午").locator("[data-visit]")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_label("日期").fill("2022-09-16")
    await page.get_by_role("button", name="放进草稿").click()
    await expect(half_day(desk, "9月16日 周五上午").locator("[data-visit]")).to_have_count(1)
    await page.get_by_role("button", name="全部保存").click()
    await desk.says("已保存 4 次评估")
    saved = await visits(visiting)
    assert len(saved) == 4
    assert (saved["海陵小学"]["date"], saved["海陵小学"]["half"]) == ("2022-09-16", "morning")
    assert {len(each["team"]) for each in saved.values()} == {2}
    await page.reload()
    await expect(page.get_by_text("待安排 0 所")).to_be_visible()
    await expect(page.get_by_role("button", name="全部保存")).to_have_count(0)


async def test_what_stands_against_a_draft_is_said_beside_it_and_nothing_is_saved(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    one, _ = await visiting.inspectors(2)
    first, second = await visiting.school("海陵小学"), await visiting.school("城东小学")
    await visiting.db.people.update_one({"_id": one.person.id}, {"$set": {"ties": [second.id]}})
    desk = await autumn.desk("/plan")
    page = desk.page
    # By dragging, and by the keyboard's way.
    await page.get_by_role("listitem").filter(has_text="海陵小学").drag_to(half_day(desk, "9月6日 周二上午"))
    await choose_team(desk, "专家甲", "专家乙")
    await page.get_by_role("button", name="放进草稿").click()
    await page.get_by_role("button", name="安排城东小学").click()
    await page.get_by_label("日期").fill("2022-09-06")
    await choose_team(desk, "专家乙")
    await expect(page.get_by_role("dialog").get_by_text("专家乙同时在海陵小学")).to_be_visible()
    await page.get_by_role("button", name="放进草稿").click()
    await expect(page.get_by_text("其中 2 条要改")).to_be_visible()
    # The service says no as well, for all of them.
    await page.get_by_role("button", name="全部保存").click()
    await expect(page.locator(".el-message")).to_be_visible()
    await expect(chip(desk, "城东小学")).to_contain_text("已有别的安排")
    assert await visits(visiting) == {}
    # Meanwhile a colleague plans one of them: what is left can be saved.
    await visiting.plan(first, one)
    await chip(desk, "城东小学").click()
    await page.get_by_label("日期").fill("2022-09-07")
    await page.get_by_role("button", name="放进草稿").click()
    await page.get_by_role("button", name="全部保存").click()
    unsaved = page.get_by_role("region", name="草稿", exact=True)
    await expect(unsaved.get_by_text("海陵小学已经安排了现场评估")).to_be_visible()
    await unsaved.get_by_role("button", name="海陵小学").click()
    await page.get_by_role("button", name="移出草稿").click()
    await page.get_by_role("button", name="全部保存").click()
    await desk.says("已保存 1 次评估")
    assert (await visits(visiting))["城东小学"]["date"] == "2022-09-07"


async def test_whoever_was_slower_is_told_what_changed_and_loses_nothing(autumn: Autumn, clock: Clock) -> None:
    visiting = autumn.field.visiting
    one, two, three = await visiting.inspectors(3)
    visit = await visiting.plan(await visiting.school("海陵小学"), one, two)
    desk = await autumn.desk("/plan")
    page = desk.page
    await chip(desk, "海陵小学").click()
    await page.get_by_label("日期").fill("2022-09-20")
    colleague = await visiting.sign_in("city", name="周处长")
    change = {"version": 1, "team": [{"inspector_id": three.person.id, "lead": True}]}
    # Of two events of one moment either may be the last.
    clock.advance(minutes=1)
    answer = await visiting.service.patch(f"/api/visits/{visit}", change, colleague.token)
    assert answer.status == 200, answer.body
    await page.get_by_role("button", name="保存改动").click()
    told = page.get_by_role("dialog").get_by_role("alert")
    await expect(told).to_contain_text("周处长")
    await expect(told).to_contain_text("评估组已改动")
    await expect(page.get_by_label("日期")).to_have_value("2022-09-20")
    await page.get_by_role("button", name="仍按我填写的保存").click()
    await desk.says("已改动海陵小学的安排")
    saved = (await visits(visiting))["海陵小学"]
    # Hers and his: neither is lost.
    assert (saved["date"], [each["name"] for each in saved["team"]]) == ("2022-09-20", ["专家丙"])
    # The same by the mouse.
    clock.advance(minutes=5)
    version = saved["version"]
    await visiting.service.patch(f"/api/visits/{visit}", {"version": version, "half": "afternoon"}, colleague.token)
    await chip(desk, "海陵小学").drag_to(half_day(desk, "9月22日 周四上午"))
    await page.get_by_role("button", name="移动", exact=True).click()
    await expect(page.locator(".el-message").filter(has_text="时段由“上午”改为“下午”")).to_be_visible()
    await page.get_by_role("button", name="保存改动").click()
    await expect(half_day(desk, "9月22日 周四上午").locator("[data-visit]")).to_have_count(1)
    saved = (await visits(visiting))["海陵小学"]
    assert (saved["date"], saved["half"]) == ("2022-09-22", "morning")


async def test_a_visit_is_cancelled_with_a_reason(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    (one,) = await visiting.inspectors(1)
    await visiting.plan(await visiting.school("海陵小学"), one)
    desk = await autumn.desk("/plan")
    page = desk.page
    await chip(desk, "海陵小学").click()
    await page.get_by_role("button", name="取消评估…").click()
    await page.get_by_role("button", name="取消这次评估").click()
    await expect(page.get_by_text("请填写理由")).to_be_visible()
    await page.get_by_role("dialog", name="取消评估").get_by_role("textbox").fill("学校停电")
    await page.get_by_role("button", name="取消这次评估").click()
    await desk.says("已取消")
    assert await visits(visiting) == {}
    event = await visiting.db.audit_events.find_one({"event": "visit.cancelled"})
    assert event is not None
    assert event["reason"] == "学校停电"
    await expect(page.get_by_text("待安排 1 所")).to_be_visible()


async def test_an_import_shows_every_row_first(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    await visiting.inspectors(1)
    await visiting.school("海陵小学")
    desk = await autumn.desk("/plan")
    page = desk.page
    await page.get_by_role("button", name="从 Excel 导入…").click()
    good = ["海陵区", "海陵小学", "2022年9月8日", "下午", "专家甲", ""]
    bad = ["海陵区", "没有的小学", "九月", "下午", "专家甲", ""]
    await choose_file(desk, good, bad)
    rows = page.get_by_role("region", name="导入预览").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("可以导入")
    await expect(rows.nth(1)).to_contain_text("B3：")
    await expect(rows.nth(1)).to_contain_text("C3：")
    await expect(page.get_by_role("button", name="导入", exact=True)).to_be_disabled()
    assert await visits(visiting) == {}
    await choose_file(desk, good)
    await page.get_by_role("button", name="导入 1 次评估").click()
    await desk.says("已导入 1 次评估")
    await expect(half_day(desk, "9月8日 周四下午").locator("[data-visit]")).to_contain_text("海陵小学")
    # What is no workbook is said to be none.
    await page.get_by_role("button", name="从 Excel 导入…").click()
    await page.set_input_files("#visits-file", {"name": "安排.xlsx", "mimeType": XLSX_TYPE, "buffer": b"no workbook"})
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def choose_file(desk: Desk, *rows: list[Any]) -> None:
    """Chooses a workbook with these rows."""
    file = {"name": "安排.xlsx", "mimeType": XLSX_TYPE, "buffer": workbook(HEADER, *rows)}
    await desk.page.set_input_files("#visits-file", file)  # type: ignore[arg-type]
