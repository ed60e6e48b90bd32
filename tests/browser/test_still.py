"""Nothing moves under the thumb: what comes by itself has its room from the beginning."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.browser.test_faults import INDICATOR, prepare


async def places(phone: Phone, buttons: list[Locator]) -> list[float]:
    """How far down the screen each of them is."""
    boxes = [await button.bounding_box() for button in buttons]
    return [box["y"] for box in boxes if box is not None]


async def test_buttons_stay_where_they_are_when_an_answer_comes(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.offline()
    await phone.give("1.1.1", "1")
    await phone.item("1.1.1").get_by_role("group").first.scroll_into_view_if_needed()
    tapped = phone.item("1.1.1").get_by_role("button", name="1 分", exact=True)
    clause = phone.item("1.1.1").get_by_role("button", name="达到", exact=True)
    below = phone.item("1.1.2").get_by_role("button", name="1 分", exact=True)
    before = await places(phone, [tapped, clause, below])
    assert len(before) == 3
    # Offline is over: sync says so, the school's own points, claims and note come, and the item is synced.
    await phone.offline(False)
    await expect(phone.item("1.1.1")).to_contain_text("比您高 1")
    await expect(phone.item("1.1.1")).to_contain_text("学校自认达到")
    await expect(phone.item("1.1.1")).to_contain_text("✓ 已同步")
    assert await places(phone, [tapped, clause, below]) == before
    # And when the network goes again.
    await phone.offline()
    await expect(phone.page.locator("header.banner")).to_contain_text("没有网络")
    assert await places(phone, [tapped, clause, below]) == before


async def test_the_whole_note_comes_when_it_is_asked_for(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.give("1.1.1", "1")
    own = phone.item("1.1.1").get_by_role("button", name="学校自评")
    await expect(own).to_have_attribute("aria-expanded", "false")
    await expect(own).to_be_enabled()
    await own.tap()
    await expect(own).to_have_attribute("aria-expanded", "true")
    await expect(phone.item("1.1.1").locator(".whole")).to_contain_text("自评说明绝密1.1.1")
