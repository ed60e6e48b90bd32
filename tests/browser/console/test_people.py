"""People, their sessions, and the audit trail at a desk."""

from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.october import choose, row


async def test_people_are_added_found_changed_and_signed_out(office: Office) -> None:
    world = office.world
    school = await world.register("海陵区城东小学")
    desk = await office.desk(world.city)
    await desk.go("/people")
    page = desk.page
    await page.get_by_role("button", name="添加人员…").click()
    await page.get_by_label("姓名", exact=True).fill("孙专家")
    await page.get_by_label("手机号", exact=True).fill("13900000031")
    await page.get_by_role("button", name="添加", exact=True).click()
    await desk.says("已添加孙专家")
    await page.get_by_label("姓名（开头几个字）").fill("孙")
    await page.keyboard.press("Enter")
    await expect(page.locator(".el-table__row")).to_have_count(1)
    assert f"name={quote('孙')}" in page.url
    await page.get_by_role("link", name="孙专家").click()
    await page.get_by_role("button", name="增加身份").click()
    await choose(desk, page.get_by_role("combobox", name="身份"), "学校联系人")
    await choose(desk, page.get_by_role("combobox", name="学校（输入名称查找）"), school.name)
    await page.get_by_role("button", name="加上").click()
    await page.get_by_role("button", name="保存", exact=True).click()
    await desk.says("已保存")
    people = await world.service.get(f"/api/people?name={quote('孙')}", world.city.token)
    [found] = people.json["items"]
    assert [(each["role"], each["school_id"]) for each in found["holdings"]] == [
        ("inspector", None),
        ("school", school.id),
    ]
    # Somebody else was faster: what was typed stays.
    colleague = await world.sign_in("city", name="钱科长")
    world.service.clock.advance(minutes=1)
    body = {"version": found["version"], "phone": "13900000032"}
    await world.service.patch(f"/api/people/{found['id']}", body, colleague.token)
    await page.get_by_label("姓名").fill("孙老师")
    await page.get_by_role("button", name="保存", exact=True).click()
    await desk.says("钱科长")
    await expect(page.get_by_label("姓名")).to_have_value("孙老师")
    await expect(page.get_by_label("手机号")).to_have_value("13900000032")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.get_by_role("heading", name="孙老师")).to_be_visible()
    both = (await world.service.get(f"/api/people/{found['id']}", world.city.token)).json
    assert (both["name"], both["phone"]) == ("孙老师", "13900000032")
    # A contact's sessions end.
    await desk.go(f"/people/{school.contact.person.id}")
    await page.get_by_role("button", name="全部退出…").click()
    await page.get_by_role("button", name="退出", exact=True).click()
    await desk.says("已全部退出")
    assert (await world.service.get("/api/me", school.contact.token)).status == 401
    await page.get_by_role("link", name="看此人的操作记录").click()
    await page.get_by_role("button", name="看所有人的").click()
    await expect(row(desk, "13900000031 → 13900000032")).to_contain_text("修改人员")
    await expect(row(desk, "让人员退出登录")).to_have_count(1)


@pytest.mark.parametrize("role", ["district", "admin"])
async def test_each_role_sees_its_own_people(office: Office, role: str) -> None:
    world = office.world
    who = world.officer if role == "district" else await world.sign_in("admin", name="管理员")
    desk = await office.desk(who)
    await desk.go("/people")
    await expect(row(desk, "市（区）教育局（海陵区）")).to_have_count(1)
    await expect(row(desk, "市教育局")).to_have_count(0 if role == "district" else 1)
    await expect(desk.page.get_by_role("button", name="添加人员…")).to_have_count(0 if role == "district" else 1)
