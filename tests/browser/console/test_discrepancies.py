"""The queue of discrepancies: what weighs most first, everything side by side, the school's answers settled."""

import re

from playwright.async_api import expect

from tests.browser.console.autumn import Autumn, answered, closed


async def test_an_answer_is_settled_with_everything_side_by_side(autumn: Autumn) -> None:
    school = await closed(autumn, "海陵小学", i1_1_1=0, i1_1_2=0)
    desk = await autumn.desk("/discrepancies")
    page = desk.page
    rows = page.locator("[data-row]")
    await expect(rows.first).to_contain_text("海陵小学")
    item = rows.filter(has_text="1.1.1").first
    await item.click()
    detail = page.get_by_role("article", name="差异详情")
    for side, words in (
        ("学校自评", "自评说明绝密1.1.1"),
        ("市（区）初评", "拓扑图不清"),
        ("现场认定", "机房无设备"),
    ):
        await expect(detail.get_by_role("region", name=side)).to_contain_text(words)
    for side in ("学校自评", "现场认定"):
        await expect(detail.get_by_role("region", name=side).locator("img")).to_have_count(1)
    await detail.get_by_role("region", name="现场认定").locator("button").click()
    await expect(page.get_by_role("dialog", name="照片")).to_contain_text("2/2")
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("dialog", name="照片")).to_contain_text("学校佐证")
    await page.keyboard.press("Escape")
    # The window, the school's answer, and how it is settled.
    await detail.get_by_role("button", name="请学校说明…").click()
    await page.get_by_label("截止时间").fill("2022-09-30T17:00")
    await page.get_by_role("button", name="开放说明").click()
    await desk.says("海陵小学可以说明了")
    await expect(detail).to_contain_text("开放至 9月30日 17:00")
    contact = await answered(autumn, school, "1.1.1", "设备当日送修")
    await page.reload()
    await expect(detail).to_contain_text("设备当日送修")
    # A later answer is not settled unread.
    await page.get_by_text("更正", exact=True).click()
    await page.get_by_role("combobox", name="更正后的得分").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("option", name="1 分", exact=True).click()
    await page.get_by_label("理由（学校会看到）").fill("送修单属实")
    again = {"text": "设备当日送修，附送修单", "version": 1}
    path = f"/api/submissions/{school.submission_id}/answers/1.1.1"
    assert (await autumn.field.service.put(path, again, contact.token)).status == 200
    await page.get_by_role("button", name="处理", exact=True).click()
    await expect(detail.get_by_role("alert")).to_be_visible()
    await expect(detail).to_contain_text("附送修单")
    await expect(page.get_by_label("理由（学校会看到）")).to_have_value("送修单属实")
    await page.get_by_role("button", name="处理", exact=True).click()
    await desk.says("已更正")
    await expect(detail).to_contain_text("李市长")
    stored = await autumn.field.visiting.db.discrepancy_answers.find_one({"item": "1.1.1"})
    assert stored is not None
    assert (stored["state"], stored["reason"]) == ("revised", "送修单属实")


async def test_the_queue_by_keys_and_filters(autumn: Autumn) -> None:
    await closed(autumn, "海陵小学", i1_1_1=0, i1_1_2=0)
    desk = await autumn.desk("/discrepancies")
    page = desk.page
    rows = page.locator("[data-row]")
    listed = (await autumn.field.visiting.get("/api/discrepancies?limit=50")).json["items"]
    await expect(rows).to_have_count(len(listed))
    assert [await each.get_attribute("data-row") for each in await rows.all()] == [each["id"] for each in listed]
    await rows.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    await expect(page).to_have_url(re.compile(f"row={listed[1]['id']}"))
    await page.get_by_role("combobox", name="处理情况").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("option", name="待核").click()
    await expect(page.get_by_text("没有符合条件的差异")).to_be_visible()
    # All schools at once.
    await page.get_by_role("button", name="请全部学校说明…").click()
    await page.get_by_label("截止时间").fill("2022-09-01T17:00")
    await page.get_by_role("button", name="开放说明").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("截止时间")
    await page.get_by_label("截止时间").fill("2022-09-30T17:00")
    await page.get_by_role("button", name="开放说明").click()
    await desk.says("1 所学校可以说明了")
