"""Every page of a school: accessible, fit for a thumb, and, by `make screenshots`, as pictures for the guide."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests import photos
from tests.browser.axe import SCHEMES, Scheme, violations
from tests.browser.school import others
from tests.browser.school.conftest import Evening
from tests.browser.school.phone import SchoolPhone
from tests.browser.school.test_whole_way import LEFT, TYPED, fill_in_the_rest
from tests.browser.test_accessible import SMALL
from tests.browser.test_screenshots import FOLDER
from tests.http.submitted import Registered

See = Callable[[str], Awaitable[None]]


async def test_every_page_is_accessible(evening: Evening) -> None:
    found: dict[str, list[str]] = {}
    phone = await phone_in(evening, "light")

    async def see(name: str) -> None:
        page = phone.page
        # Nothing is on its way, or under the banner.
        await page.evaluate("() => scrollTo(0, 0)")
        await page.wait_for_function("() => document.getAnimations().length === 0")
        found[name] = [*await violations(page), *await page.evaluate(SMALL)]

    await tour(evening, phone, see)
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.pictures
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_screenshots(evening: Evening, scheme: Scheme) -> None:
    await asyncio.to_thread(FOLDER.mkdir, parents=True, exist_ok=True)
    phone = await phone_in(evening, scheme)

    async def see(name: str) -> None:
        await phone.page.wait_for_timeout(300)
        await phone.page.screenshot(path=FOLDER / f"school-{name}-{scheme}.png")

    await tour(evening, phone, see)


async def phone_in(evening: Evening, scheme: Scheme) -> SchoolPhone:
    """A contact's phone, light or dark; the page runs nothing that a script of the test might need more for."""
    contact = (await evening.world.register("泰州市海陵区实验小学")).contact
    phone = await evening.new_phone(contact)
    await phone.page.emulate_media(color_scheme=scheme)
    return phone


async def own_school(evening: Evening, phone: SchoolPhone) -> Registered:
    """The phone's school."""
    listed = others.done(await evening.service.get("/api/submissions", phone.who.token))["items"][0]
    return Registered(listed["school"]["id"], listed["school"]["name"], phone.who, listed["id"])


async def tour(evening: Evening, phone: SchoolPhone, see: See) -> None:
    """Goes through all pages, from the empty form to the result."""
    school = await own_school(evening, phone)
    await fill_in(evening, phone, school, see)
    await submit(phone, see)
    body = {"reason": "佐证不全，请补充后重新提交。", "remarks": {LEFT: "缺网络拓扑图", "1.2.1": "请附设备清单"}}
    others.done(await evening.world.post(school, "return", body))
    await open_page(phone, "/s/", "看退回意见")
    await see("returned")
    await open_page(phone, "/s/remarks", "缺网络拓扑图")
    await see("remarks")
    await open_page(phone, f"/s/assessment/1.1#item-{LEFT}", "退回意见：缺网络拓扑图")
    await see("remark")
    others.done(await evening.service.post(f"{school.path}/submit", None, phone.who.token))
    others.done(await evening.world.post(school, "endorse", {"opinion": "同意推荐"}))
    await others.hand_in(evening)
    await others.inspect(evening, school, "1.1", "1.2", "1.3", "1.5")
    await others.open_window(evening, school)
    await open_page(phone, "/s/discrepancies", "自评高于评估结果")
    await phone.type_into(f"{LEFT} 的说明", "机房九月已改造，见照片。")
    await see("discrepancies")
    await others.publish(evening, school)
    await open_page(phone, "/s/inbox", "评估结果已公布")
    await see("inbox")
    await open_page(phone, "/s/results", "最短提升路径")
    await see("result")
    await open_page(phone, "/s/", "评估结果已公布")
    await see("home-published")


async def fill_in(evening: Evening, phone: SchoolPhone, school: Registered, see: See) -> None:
    """The form, from nothing to complete."""
    await open_page(phone, "/s/", "填申报表")
    await see("home")
    await open_page(phone, "/s/application", "申报类型")
    await phone.page.get_by_role("button", name=re.compile("优秀型")).tap()
    await see("application")
    for label, text in {**TYPED, "小学学生用终端数": "80", "负责人联系电话": "12345"}.items():
        await phone.type_into(label, text)
    await phone.field("小学班级数").scroll_into_view_if_needed()
    await see("ratios")
    await open_page(phone, "/s/waiting", "应为电话号码")
    await expect(phone.page.locator("main")).to_contain_text("负责人联系电话 “12345”")
    await see("waiting")
    await phone.go("/s/application")
    for label in ("负责人联系电话", "小学学生用终端数"):
        await phone.type_into(label, TYPED[label])
    await phone.saved()
    await fill_in_the_rest(evening, school)
    await open_page(phone, "/s/assessment", "总分")
    await expect(phone.page.locator("[data-indicator='1.2']")).to_contain_text("已填")
    await see("assessment")
    for name, place, words in (
        ("figures", "1.2#item-1.2.2", "按申报表里的数字"),
        ("demonstration", "1.3#item-1.3.3", "▲ 示范要求"),
        ("sum", "1.1#note", "小计"),
    ):
        await open_page(phone, f"/s/assessment/{place}", words)
        await see(name)
    await open_page(phone, "/s/check", "还有 2 处没有填完")
    await see("check-missing")
    await phone.page.get_by_role("button", name="提交", exact=True).tap()
    await expect(phone.page.get_by_role("dialog")).to_be_visible()
    await see("check-question")
    await phone.agree()
    await expect(phone.page.get_by_role("alert")).to_contain_text("还有 2 项未满足")
    await see("check-refused")
    await evidence(evening, phone, see)
    for name, words in (("print", "盖章扫描件"), ("phone", "切换身份")):
        await open_page(phone, f"/s/{name}", words)
        await see(name)


async def evidence(evening: Evening, phone: SchoolPhone, see: See) -> None:
    """An item with a good photo and one that is none, then two contacts at once."""
    await open_page(phone, "/s/assessment/1.1", LEFT)
    await see("item-empty")
    await phone.give(LEFT, "2")
    await phone.claim_all(LEFT)
    await phone.attach(LEFT, [("机房.jpg", "image/jpeg", photos.photo(1)), ("视频.mp4", "video/mp4", b"\0")])
    await expect(phone.item(LEFT)).to_contain_text("已上传")
    await see("item")
    await phone.item(LEFT).get_by_role("button", name="移除 视频.mp4").tap()
    await phone.agree()
    await phone.saved()
    school = await own_school(evening, phone)
    second = await evening.second_contact(school)
    await phone.offline()
    await phone.item("1.1.2").scroll_into_view_if_needed()
    await phone.give("1.1.2", "0.5")
    await expect(phone.page.locator("header.banner")).to_contain_text("没有网络：1 处填写已存在手机上")
    await see("offline")
    view = await evening.world.read(school)
    name = "/items/1.1.2/points"
    changed = {"field": name, "value": 0, "version": view["versions"][name]}
    others.done(await evening.world.save(school, changed, by=second))
    await phone.offline(False)
    await phone.page.locator("header.banner .state").tap()
    await expect(phone.item("1.1.2").get_by_role("alert")).to_contain_text("有两个人同时填了")
    await phone.item("1.1.2").scroll_into_view_if_needed()
    await see("two-values")
    await phone.item("1.1.2").get_by_role("button", name="您填的").tap()
    await phone.saved()


async def submit(phone: SchoolPhone, see: See) -> None:
    """Complete, and handed in."""
    await open_page(phone, "/s/check", "都填好了，可以提交")
    await see("check-complete")
    await phone.page.get_by_role("button", name="提交", exact=True).tap()
    await phone.agree()
    await expect(phone.page.get_by_text("现在：已提交")).to_be_visible()
    await open_page(phone, "/s/", "正在初评")
    await see("submitted")


async def open_page(phone: SchoolPhone, path: str, words: str) -> None:
    """Opens a page and waits for its words."""
    await phone.go(path)
    await expect(phone.page.locator("main").get_by_text(words).first).to_be_visible()
