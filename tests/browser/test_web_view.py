"""A mini-program's web-view: the ticket signs in once, within a minute, and leads to the person's own pages."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Field
from tests.browser.phone import SIZE
from tests.http.conftest import Clock


async def ticket(field: Field, role: str = "inspector") -> str:
    """The address that the mini-program is given for its user, as a web-view on this machine reaches it."""
    belongs = {"school_id": (await field.visiting.school()).id} if role == "school" else {}
    someone = await field.visiting.sign_in(role, **belongs)
    made = await field.service.post("/api/wechat/web-view-tickets", None, someone.token)
    assert made.status == 201
    address = urlsplit(made.json["url"])
    return f"http://127.0.0.1:{field.proxy.port}{address.path}#{address.fragment}"


async def web_view(browser: Browser, address: str) -> Page:
    """A web-view that has never been here."""
    context = await browser.new_context(viewport=SIZE, locale="zh-CN", service_workers="block")
    page = await context.new_page()
    await page.goto(address)
    return page


async def signed_in(page: Page) -> bool:
    """Whether the web-view has a session."""
    return bool(await page.evaluate("Object.values(localStorage).some((value) => value.length === 43)"))


@pytest.mark.parametrize(("role", "pages"), [("inspector", "/m/"), ("school", "/s/")])
async def test_a_ticket_leads_to_the_persons_pages_once(field: Field, browser: Browser, role: str, pages: str) -> None:
    address = await ticket(field, role)
    first = await web_view(browser, address)
    await first.wait_for_url(f"http://127.0.0.1:{field.proxy.port}{pages}**")
    assert await signed_in(first)
    # Who finds the address later has no use of it.
    second = await web_view(browser, address)
    await expect(second.locator("#message")).to_contain_text("已经用过或已过期")
    assert urlsplit(second.url).path == "/sign-in"
    assert not await signed_in(second)
    for page in (first, second):
        await page.context.close()


async def test_a_ticket_is_good_for_a_minute(field: Field, browser: Browser, clock: Clock) -> None:
    address = await ticket(field)
    clock.advance(seconds=60)
    late = await web_view(browser, address)
    await expect(late.locator("#message")).to_contain_text("已经用过或已过期")
    assert urlsplit(late.url).path == "/sign-in"
    assert not await signed_in(late)
    await late.context.close()
