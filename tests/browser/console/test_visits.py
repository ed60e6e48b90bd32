"""The visits as they go on: over the WebSocket, by asking where that fails; and what the city opens again."""

import re

from playwright.async_api import Locator, expect

from tests.browser.console.autumn import Autumn, close_visit
from tests.browser.console.desk import Desk


def row(desk: Desk, school: str) -> Locator:
    """A visit in the list."""
    return desk.page.get_by_role("row").filter(has_text=school)


async def test_progress_comes_by_itself(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    one, two = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school("海陵小学"), one, two)
    await visiting.plan(await visiting.school("城东小学", district="xinghua"), one, date="2022-09-06")
    desk = await autumn.desk("/visits")
    await expect(desk.page.get_by_text("● 实时更新")).to_be_visible()
    await expect(row(desk, "海陵小学")).to_contain_text("已安排")
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    await visiting.score(visit, one, ("1.1.1", "points", 1), ("1.1.2", "points", 1))
    await expect(row(desk, "海陵小学")).to_contain_text("评估中")
    await expect(row(desk, "海陵小学")).to_contain_text("2/164")
    await visiting.score(visit, two, ("1.1.1", "points", 1))
    await expect(row(desk, "海陵小学")).to_contain_text("3/164")
    assert not any(url.endswith("/progress") for url in asked)
    # Filters stand in the address; the keys go through the rows.
    await desk.page.get_by_role("button", name=re.compile("^评估中")).click()
    await expect(desk.page).to_have_url(re.compile(r"state=open$"))
    await expect(desk.page.locator("a.row-link")).to_have_text(["海陵小学"])
    await desk.page.go_back()
    await desk.page.locator("a.row-link").first.focus()
    await desk.page.keyboard.press("ArrowDown")
    await expect(desk.page.locator("a.row-link").last).to_be_focused()
    await desk.page.get_by_label("日期").fill("2022-09-06")
    await expect(desk.page.locator("a.row-link")).to_have_text(["城东小学"])


async def test_where_no_socket_gets_through_it_is_asked_for(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    (one,) = await visiting.inspectors(1)
    visit = await visiting.plan(await visiting.school("海陵小学"), one)
    desk = await autumn.desk("/nothing")
    await desk.page.route_web_socket("**/api/live", lambda socket: socket.close())
    await desk.go("/visits")
    await expect(row(desk, "海陵小学")).to_contain_text("已安排")
    await visiting.score(visit, one, ("1.1.1", "points", 1))
    await expect(row(desk, "海陵小学")).to_contain_text("1/82")
    await expect(desk.page.get_by_text("○ 每 15 秒更新一次")).to_be_visible()


async def test_a_sheet_and_a_visit_are_opened_again_with_a_reason(autumn: Autumn) -> None:
    visiting = autumn.field.visiting
    one, two = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school("海陵小学"), one, two)
    await visiting.score_and_sign(visit, one)
    await visiting.score_and_sign(visit, two, i1_1_1=0)
    desk = await autumn.desk(f"/visits/{visit}")
    page = desk.page
    await expect(page.get_by_text("1.1.1 得分：专家意见不一致")).to_be_visible()
    await page.get_by_role("button", name="重新打开专家乙的评分表").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("1.1.1 看错了")
    await page.get_by_role("button", name="重新打开", exact=True).click()
    await desk.says("已重新打开专家乙的评分表")
    await expect(page.get_by_role("row").filter(has_text="专家乙")).to_contain_text("未签字")
    event = await visiting.db.audit_events.find_one({"event": "score_sheet.reopened"})
    assert event is not None
    assert event["reason"] == "1.1.1 看错了"
    points = visiting.rubric.items["1.1.1"].points // 100
    await visiting.score(visit, two, ("1.1.1", "points", points))
    await visiting.sign(visit, two)
    await close_visit(visiting, visit, one)
    await expect(page.get_by_role("button", name="重新打开评估…")).to_be_visible()
    await page.get_by_role("button", name="重新打开评估…").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("学校补充了材料")
    await page.get_by_role("button", name="重新打开", exact=True).click()
    await desk.says("已重新打开这次评估")
    assert (await visiting.get(f"/api/visits/{visit}")).json["state"] == "open"
