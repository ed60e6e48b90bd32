"""People, their sessions, and the audit trail at a desk."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.october import choose, row
from tests.http.submitted import Registered, World


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
    await where_they_may_not_go(desk, school)
    await signed_in_by_a_link_and_out_again(desk, world, str(found["id"]))
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
    await row(desk, "13900000031 → 13900000032").locator(".row-link").press("Enter")
    event = page.get_by_role("dialog", name="修改人员")
    await expect(event).to_contain_text("钱科长（市教育局）")
    await event.get_by_role("button", name="只看此对象").click()
    await expect(page).to_have_url(re.compile(f"object_id={found['id']}"))
    await expect(row(desk, "让人员退出登录")).to_have_count(0)
    await expect(row(desk, "让一个设备退出登录")).to_have_count(1)


async def where_they_may_not_go(desk: Desk, school: Registered) -> None:
    """An inspector's tie is declared, and taken back."""
    page = desk.page
    ties = page.get_by_role("region", name="回避的学校")
    await choose(desk, ties.get_by_role("combobox"), school.name)
    await ties.get_by_role("button", name="登记回避").click()
    await desk.says("已登记回避")
    await expect(ties).to_contain_text(school.name)
    await ties.get_by_role("button", name=f"去掉回避：{school.name}").click()
    await expect(ties).to_contain_text("没有需要回避的学校")


async def signed_in_by_a_link_and_out_again(desk: Desk, world: World, person_id: str) -> None:
    """A link that is shown as a code and as text signs in once; the device that used it is seen, and signed out."""
    page = desk.page
    links = page.get_by_role("region", name="登录链接")
    await links.get_by_role("button", name="生成链接：市级评估专家").click()
    await expect(links.get_by_role("img", name="孙老师的登录二维码")).to_have_attribute(
        "src", re.compile("^data:image")
    )
    assert await desk.looks("sign-in link") == []
    url = await links.locator(".url").inner_text()
    body, agent = {"link": url.partition("#")[2]}, {"User-Agent": "Mozilla/5.0 (Linux; Android 13) MicroMessenger/8.0"}
    opened = await world.service.request("POST", "/api/sessions", json_body=body, headers=agent)
    assert (opened.status, opened.json["me"]["name"]) == (201, "孙老师")
    assert (await world.service.post("/api/sessions", body)).status == 401
    await desk.go(f"/people/{person_id}")
    await expect(row(desk, "安卓手机上的微信")).to_contain_text("市级评估专家")
    await page.get_by_role("button", name="退出安卓手机上的微信").click()
    await page.get_by_role("button", name="退出", exact=True).click()
    await desk.says("已退出")
    assert (await world.service.get("/api/me", opened.json["token"])).status == 401


@pytest.mark.parametrize("role", ["district", "admin"])
async def test_each_role_sees_its_own_people(office: Office, role: str) -> None:
    world = office.world
    who = world.officer if role == "district" else await world.sign_in("admin", name="管理员")
    desk = await office.desk(who)
    await desk.go("/people")
    await expect(row(desk, "市（区）教育局（海陵区）")).to_have_count(1)
    await expect(row(desk, "市教育局")).to_have_count(0 if role == "district" else 1)
    await expect(desk.page.get_by_role("button", name="添加人员…")).to_have_count(0 if role == "district" else 1)
