"""axe-core on every page of the console, light and dark: nothing serious."""

import pytest
from playwright.async_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk, Scheme
from tests.browser.console.test_tables import names


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible(office: Office, scheme: Scheme) -> None:
    await office.fill()
    desk = await office.desk(await office.world.sign_in("city", name="周处长"), scheme)
    found: dict[str, list[str]] = {}
    await desk.go("/schools")
    await expect(names(desk)).to_have_count(7)
    found["schools"] = await desk.serious()
    await desk.page.get_by_role("button", name="选择列").click()
    found["columns"] = await desk.serious()
    # The last choice can be reached on this screen.
    await desk.page.locator(".columns").get_by_text("退回次数").scroll_into_view_if_needed()
    await expect(desk.page.locator(".columns").get_by_text("退回次数")).to_be_in_viewport()
    nobody = await office.open(Desk(office.browser, office.url, None), scheme)
    await nobody.go("/")
    await nobody.page.get_by_label("手机号").wait_for()
    found["sign-in"] = await nobody.serious()
    assert [f"{name}: {each}" for name, problems in found.items() for each in problems] == []
