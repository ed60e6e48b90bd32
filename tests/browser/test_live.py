"""How far the team is, as it happens: over the WebSocket, by asking where that fails, and again after a restart."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.http.conftest import SignedIn


async def watching(field: Field) -> tuple[Phone, str, SignedIn, Locator]:
    """A lead's phone on a visit's page, the visit, a colleague, and where the phone shows how far the colleague is."""
    lead, colleague = await field.visiting.inspectors(2)
    visit = await field.visiting.plan(await field.visiting.school(), lead, colleague)
    phone = await field.new_phone(lead)
    return phone, visit, colleague, phone.page.get_by_label("小组进度").locator("p", has_text=colleague.person.name)


def asked(phone: Phone, end: str) -> int:
    """How often the phone asked for something."""
    return len([url for url, _ in phone.heard if url.endswith(end)])


async def test_progress_comes_by_itself(field: Field) -> None:
    phone, visit, colleague, shown = await watching(field)
    await phone.take_along(visit)
    await expect(shown).to_contain_text("0/82")
    # That was asked for when the page opened: nothing comes by itself of a visit that nobody has begun. From here on
    # asking gets no answer,
    await phone.page.route("**/progress", lambda route: route.abort())
    await field.visiting.score(visit, colleague, ("1.1.1", "points", 1), ("1.1.2", "points", 1))
    await expect(shown).to_contain_text("2/82")
    # and once it comes by itself nobody asks, not even on looking at it again.
    questions: list[str] = []
    phone.page.on("request", lambda request: questions.append(request.url))
    await phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    await field.visiting.score(visit, colleague, ("1.1.3", "points", 1))
    await expect(shown).to_contain_text("3/82")
    assert not any(url.endswith("/progress") for url in questions)
    # How far, never what.
    assert not any('"value"' in text for url, text in phone.heard if "live" in url or "progress" in url)


async def test_it_is_heard_again_after_the_service_restarted(field: Field) -> None:
    phone, visit, colleague, shown = await watching(field)
    await phone.take_along(visit)
    await expect(shown).to_contain_text("0/82")
    await field.restart()
    await field.visiting.score(visit, colleague, ("1.1.1", "points", 1))
    await expect(shown).to_contain_text("1/82")
    assert asked(phone, "/api/live-tickets") >= 2


async def test_where_no_socket_gets_through_it_is_asked_for(field: Field) -> None:
    phone, visit, colleague, shown = await watching(field)
    # As a proxy does that knows no WebSockets.
    await phone.page.route_web_socket("**/api/live", lambda socket: socket.close())
    await phone.take_along(visit)
    await expect(shown).to_contain_text("0/82")
    await field.visiting.score(visit, colleague, ("1.1.1", "points", 1))
    # It asks every 15 s, and when one looks at it again.
    await phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    await expect(shown).to_contain_text("1/82")
    assert asked(phone, "/progress") >= 1


async def test_a_visit_that_changes_elsewhere_changes_here(field: Field) -> None:
    phone, visit, colleague, _ = await watching(field)
    await phone.take_along(visit)
    await phone.go()
    await expect(phone.page.get_by_text("已安排")).to_be_visible()
    await field.visiting.score(visit, colleague, ("1.1.1", "points", 1))
    await expect(phone.page.get_by_text("评估中")).to_be_visible()
