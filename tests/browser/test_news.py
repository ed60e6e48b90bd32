"""What happens elsewhere is said on the phone: a sheet opened again, a new rubric, an app too old, work refused."""

import json

import pytest
from playwright.async_api import Route, expect

from backend.handlers import web
from tests.browser.conftest import Field
from tests.browser.test_faults import INDICATOR, prepare
from tests.http.visiting import Phone as OtherDevice


async def test_a_sheet_that_is_opened_again_says_so_and_takes_changes(field: Field) -> None:
    phone, visit = await prepare(field)
    await field.visiting.score_and_sign(visit, phone.who)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await expect(phone.page.get_by_text("评分表已签字，不能再改")).to_be_visible()
    button = phone.item("1.1.1").get_by_role("button", name="1 分", exact=True)
    await expect(button).to_be_disabled()
    reopened = await field.visiting.post(f"/api/visits/{visit}/sheets/{phone.who.person.id}/reopen", {"reason": "补录"})
    assert reopened.status == 204, reopened.body
    await expect(phone.page.get_by_text("市教育局已退回这张评分表")).to_be_visible()
    await phone.give("1.1.1", "1")
    await phone.synced()
    await phone.sign(visit)
    await expect(phone.page.get_by_text("市教育局已退回")).to_be_hidden()


async def test_work_on_a_sheet_that_was_signed_elsewhere_is_put_aside_with_its_reason(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.offline()
    await phone.give("1.1.1", "1")
    await phone.give("1.1.2", "0.5")
    field.visiting.phones[phone.who.person.id] = OtherDevice(phone.who)
    await field.visiting.score_and_sign(visit, phone.who, i1_1_1=100)
    await phone.offline(False)
    page = phone.page
    await page.get_by_role("link", name="2 项未被接受").tap()
    await expect(page.get_by_text("评分表已签字，不能再改；如需修改请联系市教育局退回")).to_have_count(2)
    await expect(page.get_by_role("article")).to_have_count(2)
    # The city opens the sheet again: one is tried anew, the other is given up.
    await field.visiting.post(f"/api/visits/{visit}/sheets/{phone.who.person.id}/reopen", {"reason": "补录"})
    await page.get_by_role("article").filter(has_text="1.1.1").get_by_role("button", name="重试").tap()
    await expect(page.get_by_role("article")).to_have_count(1)
    await expect(page.get_by_text("其余内容都已在服务器上")).to_be_visible()
    await page.get_by_role("article").filter(has_text="1.1.2").get_by_role("button", name="移除").tap()
    await expect(page.get_by_text("手机上的内容都已在服务器上")).to_be_visible()
    # On the phone stands what the server has.
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    for code in ("1.1.1", "1.1.2"):
        given = phone.item(code).get_by_role("button", name="1 分", exact=True)
        await expect(given).to_have_attribute("aria-pressed", "true")
    sheet = await field.visiting.sheet(visit, phone.who)
    points = {each["item"]: each["value"] for each in sheet["fields"] if each["field"] == "points"}
    assert (points["1.1.1"], points["1.1.2"]) == (1, 1)


async def test_a_new_version_of_the_rubric_names_what_it_changed(field: Field) -> None:
    phone, visit = await prepare(field)
    later = "e" * 64

    async def changed(route: Route) -> None:
        # The service knows no such rubric by its hash.
        answer = await route.fetch(url=route.request.url.partition("?")[0])
        data = json.loads(await answer.text())
        if "groups" in data:
            data["sha256"] = later
            data["groups"][0]["indicators"][0]["items"][1]["text"] = "2.新的要求。"
        elif "rubric" in data:
            data["rubric"]["sha256"] = later
        elif "rubric_sha256" in data:
            data["rubric_sha256"] = later
        await route.fulfill(response=answer, json=data)

    await phone.page.route("**/api/visits/*/pack", changed)
    await phone.page.route("**/api/visits/*/operations", changed)
    await phone.page.route("**/api/rubric*", changed)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await expect(phone.page.get_by_text("细则有新版本")).to_be_visible()
    await phone.page.get_by_role("link", name="1.1.2", exact=True).tap()
    await expect(phone.item("1.1.2")).to_contain_text("新的要求")
    await phone.page.get_by_role("button", name="知道了").tap()
    await expect(phone.page.get_by_text("细则有新版本")).to_be_hidden()
    await phone.give("1.1.2", "1")
    await phone.synced()


async def test_an_app_that_is_too_old_keeps_everything_and_says_how_to_go_on(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, visit = await prepare(field)
    await phone.offline()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.give("1.1.1", "1")
    monkeypatch.setattr(web, "OLDEST_APP", 99)
    await phone.offline(False)
    await phone.page.locator("header.banner .state").tap()
    await expect(phone.page.locator("header.banner")).to_contain_text("更新后才能同步")
    await phone.give("1.1.2", "1")
    assert {each["item"] for each in await phone.stored("operations")} == {"1.1.1", "1.1.2"}
    assert (await field.visiting.sheet(visit, phone.who))["fields"] == []
    async with phone.page.expect_navigation():
        await phone.page.get_by_role("button", name="更新", exact=True).tap()
    # The newer app is there.
    monkeypatch.setattr(web, "OLDEST_APP", 1)
    await phone.synced()
    assert len((await field.visiting.sheet(visit, phone.who))["fields"]) == 2
