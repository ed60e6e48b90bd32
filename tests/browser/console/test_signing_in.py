"""How officers come to the console: by a link, by a password; and what they see once their session is over."""

import re

from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.browser.console.test_tables import names


async def test_by_a_link_then_by_a_password(office: Office) -> None:
    await office.fill()
    world = office.world
    made = await world.service.post(f"/api/people/{world.officer.person.id}/sign-in-links", {}, world.city.token)
    desk = await office.open(Desk(office.browser, office.url, None))
    page = desk.page
    await page.goto(f"{office.url}/sign-in#{made.json['url'].partition('#')[2]}")
    await expect(names(desk)).to_have_count(7)
    await expect(page.get_by_role("button", name=re.compile("王科长"))).to_be_visible()
    await page.get_by_role("button", name=re.compile("王科长")).click()
    await page.get_by_role("menuitem", name="设置密码").click()
    await page.get_by_label("新密码（至少 10 位）").fill("a good long password")
    await page.get_by_label("再输一遍新密码").fill("a good long password")
    await page.get_by_role("button", name="保存").click()
    await desk.says("密码已保存")
    await page.get_by_role("button", name=re.compile("王科长")).click()
    await page.get_by_role("menuitem", name="退出登录").click()
    await page.get_by_label("手机号").fill(world.officer.person.phone)
    await page.get_by_label("密码").fill("a wrong password")
    await page.get_by_role("button", name="登录").click()
    await expect(page.locator("main").get_by_role("alert")).to_be_visible()
    await page.get_by_label("密码").fill("a good long password")
    await page.get_by_role("button", name="登录").click()
    await expect(names(desk)).to_have_count(7)


async def test_a_session_that_ends_leaves_the_address(office: Office) -> None:
    await office.fill()
    desk = await office.desk()
    await desk.go("/schools?state=submitted")
    await expect(names(desk)).to_have_count(2)
    await office.world.service.delete("/api/sessions/current", office.world.officer.token)
    await desk.page.get_by_label("学校名称").fill("大冯")
    await expect(desk.page.get_by_text("登录已结束")).to_be_visible()
    assert "state=submitted" in desk.page.url


async def test_who_has_no_business_here_is_told_so(office: Office) -> None:
    school = await office.world.register()
    desk = await office.desk(school.contact)
    await desk.go("/schools")
    await expect(desk.page.get_by_text("您以学校联系人的身份登录")).to_be_visible()
