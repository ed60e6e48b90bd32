"""Invitations made for many, on paper, in the list of all, and revoked; WeChat is the stub."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.console.conftest import Office, with_wechat
from tests.browser.console.october import row
from tests.http.conftest import Clock, SignIn
from tests.http.submitted import make_world


@pytest.fixture
async def office(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Office]:
    """An office whose service knows WeChat."""
    async with with_wechat(database, clock, built) as (service, _):
        found = Office(await make_world(service, signed_in), browser)
        yield found
        for desk in found.desks:
            await desk.close()


async def test_a_sheet_for_many_and_the_list_of_all(office: Office) -> None:
    world = office.world
    for name in ("孙专家", "吴专家"):
        await world.sign_in("inspector", name=name)
    desk = await office.desk(world.city)
    await desk.go("/people?role=inspector")
    page = desk.page
    await expect(row(desk, "专家")).to_have_count(2)
    for name in ("孙专家", "吴专家"):
        await row(desk, name).get_by_role("checkbox").press("Space")
    await page.get_by_role("button", name="为选中的 2 人生成邀请函").click()
    await page.get_by_role("button", name="生成", exact=True).click()
    cards = page.get_by_role("article")
    await expect(cards).to_have_count(2)
    card = page.get_by_role("article", name="孙专家的邀请函")
    picture = card.get_by_role("img", name="孙专家的小程序码")
    await expect(picture).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    code = await card.locator(".code").inner_text()
    assert await desk.looks("invitation sheet") == []
    # On paper there are the cards alone.
    await page.emulate_media(media="print")
    await expect(card).to_be_visible()
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await expect(page.get_by_role("button", name="打印", exact=True)).to_be_hidden()
    await page.emulate_media(media="screen")
    await desk.go("/invitations")
    await expect(row(desk, "可用")).to_have_count(2)
    await expect(page.locator("main")).not_to_contain_text(code)
    await page.get_by_role("button", name="作废孙专家的邀请码").click()
    await page.get_by_role("button", name="作废", exact=True).click()
    await desk.says("邀请码已作废")
    await expect(row(desk, "孙专家")).to_contain_text("已作废")
    found = await world.service.get("/api/tables/invitations", world.city.token)
    assert {each["person_name"]: each["state"] for each in found.json["items"]} == {
        "孙专家": "revoked",
        "吴专家": "open",
    }
