"""More time for a district, and its list back, with reasons."""

from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.october import row


async def test_a_district_gets_more_time_and_its_list_back(office: Office) -> None:
    world = office.world
    school = await world.submitted("海陵区城东小学")
    assert (await world.post(school, "endorse", {"opinion": "同意推荐"})).status == 200
    path = "/api/recommendation-lists/hailing"
    read = (await world.service.get(path, world.officer.token)).json
    body = {"version": read["version"], "contact": "王科长", "phone": "0523-86881234", "order": read["order"]}
    saved = (await world.service.put(path, body, world.officer.token)).json
    handed = await world.service.post(f"{path}/hand-in", {"version": saved["version"]}, world.officer.token)
    assert handed.status == 200, handed.body
    desk = await office.desk(world.city)
    await desk.go("/cycle")
    page = desk.page
    await expect(row(desk, "海陵区")).to_contain_text("已上报")
    await page.get_by_role("button", name="重新打开海陵区的名单").click()
    await page.get_by_role("textbox").last.fill("漏报一所")
    await page.get_by_role("button", name="重新打开", exact=True).click()
    await desk.says("海陵区的名单已重新打开")
    await expect(row(desk, "海陵区")).to_contain_text("未上报")
    await page.get_by_role("button", name="海陵区延期").click()
    await page.get_by_label("延期到").fill("2022-09-04T00:00")
    await page.get_by_label("理由").fill("台风停课")
    await page.get_by_role("button", name="延期", exact=True).click()
    await desk.says("海陵区的上报已延期")
    await expect(row(desk, "海陵区")).to_contain_text("9月3日 24:00")
    dates = (await world.service.get("/api/cycle", world.officer.token)).json["districts"]
    assert [each["hand_in"] for each in dates] == ["2022-09-03T16:00:00Z"]
    # Who looks at it later learns why.
    await desk.go("/audit?event=cycle.extended")
    await expect(row(desk, "上报延期")).to_contain_text("台风停课")
