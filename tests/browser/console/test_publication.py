"""From decided schools to a published list and its correction, by the console alone."""

import json
from hashlib import sha256
from io import BytesIO

from openpyxl import load_workbook
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.october import choose, october, row
from tests.http.conftest import Clock
from tests.http.scored import OCTOBER


async def test_published_after_a_public_notice_and_corrected(office: Office, clock: Clock) -> None:
    city = await october(office, clock)
    rows = (await city.get("/api/decisions")).json["items"]
    for each in rows:
        assert (await city.post("/api/decisions", {"submission_ids": [each["submission_id"]]})).status == 200
    contact = await office.world.sign_in("school", name="王老师", school_id=rows[0]["school_id"])
    desk = await office.desk(city.officer)
    await desk.go("/publication")
    page = desk.page
    # 公示, an objection, its settlement.
    await page.get_by_role("button", name="开始公示…").click()
    await page.get_by_label("公示到哪一天结束").fill("2022-10-14")
    await page.get_by_label("公示说明").fill("如有异议，请书面反映")
    await page.get_by_role("button", name="开始公示", exact=True).click()
    await desk.says("公示已开始")
    obstacles = page.get_by_role("region", name="公布", exact=True).get_by_role("status")
    await expect(obstacles).to_contain_text("公示")
    await expect(page.get_by_role("button", name="公布…")).to_be_disabled()
    await page.get_by_role("button", name="登记异议…").click()
    await choose(desk, page.get_by_role("dialog").get_by_role("combobox"), "甲小学")
    await page.get_by_label("提出人").fill("家长")
    await page.get_by_label("异议内容").fill("机房没有开放")
    await page.get_by_role("button", name="登记", exact=True).click()
    await desk.says("异议已登记")
    await page.get_by_role("button", name="异议不成立…").click()
    await page.get_by_role("textbox").last.fill("已现场核实")
    await page.get_by_role("button", name="保存", exact=True).click()
    await desk.says("已处理：异议不成立")
    clock.set(OCTOBER.replace(day=20))
    # What would be said, then said. Their session is over by then.
    city.officer = await office.world.sign_in("city", name="周处长")
    desk = await office.desk(city.officer)
    page = desk.page
    await desk.go("/publication")
    await expect(page.get_by_role("button", name="公布…")).to_be_enabled()
    await expect(page.get_by_text("所学校没有联系人")).to_contain_text("2")
    await page.get_by_text("看看每一条消息").click()
    await expect(row(desk, "王老师")).to_contain_text(rows[0]["school_name"])
    await page.get_by_role("button", name="公布…").click()
    await page.get_by_role("button", name="公布", exact=True).click()
    await desk.says("已公布第 1 版")
    told = await city.service.deps.db.inbox.find({"person_id": contact.person.id}).to_list(None)
    assert [each["event"] for each in told] == ["result.published"]
    version = page.get_by_role("article", name="第 1 版")
    await version.get_by_role("button", name="核对").click()
    await expect(version).to_contain_text("核对无误")
    published = (await city.get("/api/publications")).json["items"][0]
    await expect(version).to_contain_text(published["sha256"])
    snapshot = await desk.chooses("下载", "快照.json", version)
    assert sha256(snapshot).hexdigest() == published["sha256"]
    listed = load_workbook(BytesIO(await desk.chooses("下载", "公布名单（Excel）", version))).worksheets[0]
    names = {str(cell.value) for line in listed.rows for cell in line}
    assert {"甲小学", "乙小学"} <= names
    assert "丙小学" not in names
    # A further version, with its reason.
    await version.get_by_role("button", name="更正…").click()
    dialog = page.get_by_role("dialog", name="更正公布的结果")
    await choose(desk, dialog.get_by_role("combobox").first, "丙小学")
    await choose(desk, dialog.get_by_label("改判 1 的评估内容"), "1.1.1 ")
    await choose(desk, dialog.get_by_role("combobox", name="★ 基本要求"), "★ 基本要求：达到")
    await dialog.get_by_label("理由（公开）").fill("复核时漏看了材料")
    await dialog.get_by_role("button", name="公布更正").click()
    await desk.says("更正已公布为第 2 版")
    second = page.get_by_role("article", name="第 2 版")
    await expect(second).to_contain_text("更正理由：复核时漏看了材料")
    whole = json.loads((await city.get(f"/api/publications/{published['id']}/snapshot")).body)
    assert [each["awarded"] for each in whole["schools"] if each["school"] == "丙小学"] == [None]
    # Whom the messages reached.
    gone = {"state": "dead", "live": False, "last_error": "WeChat did not answer", "finished_at": clock()}
    await city.service.deps.db.outbox.update_many({"person_id": contact.person.id}, {"$set": gone})
    await desk.go("/outbox?state=dead")
    await expect(row(desk, "结果公布（学校）")).to_contain_text("王老师")
    await page.get_by_role("button", name="全部重发…").click()
    await page.get_by_role("button", name="重发", exact=True).click()
    await desk.says("已安排重发")


async def test_what_opens_over_the_pages_is_accessible(office: Office, clock: Clock) -> None:
    city = await october(office, clock)
    desk = await office.desk(city.officer)
    page, found = desk.page, list[str]()
    await desk.go("/decisions")
    await page.get_by_role("button", name="乙小学", exact=True).click()
    await expect(page.get_by_role("dialog", name="乙小学")).to_contain_text("还没有认定过")
    found += await desk.looks("explanation")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="认定全部待认定的 3 所").click()
    found += await desk.looks("confirm")
    await page.get_by_role("button", name="认定", exact=True).click()
    await desk.says("已认定 3 所")
    await desk.go("/publication")
    await page.get_by_text("看看每一条消息").click()
    await expect(row(desk, "丙小学")).to_be_visible()
    found += await desk.looks("preview")
    await page.get_by_role("button", name="公布…").click()
    await page.get_by_role("button", name="公布", exact=True).click()
    await page.get_by_role("button", name="更正…").click()
    await expect(page.get_by_role("dialog", name="更正公布的结果")).to_be_visible()
    found += await desk.looks("correction")
    assert found == []
