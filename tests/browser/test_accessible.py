"""axe-core on every page, light and dark: no violation; large type; without a finger."""

from playwright.async_api import expect

from tests.browser.axe import WIDE, violations
from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.browser.test_faults import prepare
from tests.browser.test_screenshots import picture

SMALL = """() => [...document.querySelectorAll('button, a, input, textarea')]
  .filter((each) => { const box = each.getBoundingClientRect()
    return !each.classList.contains('hidden-label') && box.width > 0 && (box.width < 43.5 || box.height < 43.5) })
  .map((each) => each.outerHTML.slice(0, 120))"""
# Text at 200 %, as the system's setting makes it.
LARGE = "() => { document.documentElement.style.fontSize = '200%' }"
NAME = """() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText.trim()"""


async def test_every_page_is_accessible(field: Field) -> None:
    visiting = field.visiting
    team = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), *team)
    await visiting.score(visit, team[0], *[each for each in visiting.everything() if each[0] != "1.1.2"])
    phone = await field.new_phone(team[0])
    await phone.take_along(visit)
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.photograph("1.1.1", [("one.jpg", picture("1.1.1"))])
    await phone.synced()
    found: list[str] = []
    places = ("score/1.1", "score/1.2", "score/unscored", "score/search", "finish")
    for path in ("/m/", "/m/waiting", "/m/phone", f"/m/visits/{visit}", *(f"/m/visits/{visit}/{at}" for at in places)):
        await phone.go(path)
        await phone.page.locator("header.banner").get_by_text("已全部同步").wait_for()
        problems = [*await violations(phone.page), *[f"small: {each}" for each in await phone.page.evaluate(SMALL)]]
        await phone.page.evaluate(LARGE)
        if await phone.page.evaluate(WIDE) > 0:
            problems.append("wider than the screen at 200 %")
        found += [f"{path.replace(visit, '…')} {problem}" for problem in problems]
    found += await over_a_page(phone, visit)
    assert "\n".join(found) == ""


async def over_a_page(phone: Phone, visit: str) -> list[str]:
    """What is wrong with what opens over a page: a photo, its marking, a question."""
    page, found = phone.page, list[str]()

    async def look(name: str) -> None:
        await page.wait_for_timeout(400)  # Until it has come in.
        found.extend(f"{name}, {each}" for each in await violations(phone.page))

    await phone.offline()
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.photograph("1.1.1", [("two.jpg", picture("1.1.1"))])
    await phone.item("1.1.1").locator(".photo").last.tap()
    await look("photo")
    await page.get_by_role("button", name="删除", exact=True).tap()
    await look("question")
    await page.locator(".van-dialog__cancel").tap()
    await page.get_by_role("button", name="标注", exact=True).tap()
    await look("marking")
    return found


async def test_a_visit_without_a_finger(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.photograph("1.1.1", [("one.jpg", picture("1.1.1"))])
    keys = phone.page.keyboard

    async def reach(name: str) -> None:
        """Tabs until what has this name has the focus."""
        for _ in range(60):
            await keys.press("Tab")
            if await phone.page.evaluate(NAME) == name:
                return
        raise AssertionError(f"no way to {name}")

    await reach("1 分")
    await keys.press("Space")
    await expect(phone.item("1.1.1").get_by_role("button", name="1 分", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await reach("达到")
    await keys.press("Enter")
    await expect(phone.item("1.1.1").get_by_role("button", name="达到", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await reach("拍照，1.1.1")
    await reach("说明")
    await keys.press("Enter")
    # The photo opens with the focus in it, and gives it back.
    thumbnail = phone.item("1.1.1").locator(".photo").first
    await thumbnail.focus()
    await keys.press("Enter")
    await expect(phone.page.get_by_role("button", name="关闭")).to_be_focused()
    await keys.press("Escape")
    await expect(phone.page.locator(".van-image-preview")).to_be_hidden()
    await expect(thumbnail).to_be_focused()
    await phone.item("1.1.1").get_by_label("说明", exact=True).focus()
    await keys.type("见照片")
    await keys.press("Tab")
    await expect(phone.item("1.1.1")).to_contain_text("已存在手机上")
    await expect(phone.item("1.1.1")).to_contain_text("✓ 已同步")
    fields = (await field.visiting.sheet(visit, phone.who))["fields"]
    assert {(each["field"], each["value"]) for each in fields} == {
        ("points", 1),
        ("clauses/basic", True),
        ("note", "见照片"),
    }
