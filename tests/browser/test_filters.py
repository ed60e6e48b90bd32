"""Items are found by what one looks for: mine, unscored, differing, with photos, and by words; figures decide."""

from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.browser.test_screenshots import picture

MINE = ("1.1", "1.2")
WAYS = ("分给我的", "接着打分", "与自评不同", "有照片")


async def cards(phone: Phone) -> list[str]:
    """The items on the page, in their order."""
    shown = await phone.page.locator("article.card").all()
    return [str(await each.get_attribute("id")).removeprefix("item-") for each in shown]


async def picked(phone: Phone, visit: str) -> dict[str, list[str]]:
    """The items that each filter of the visit's page shows."""
    found = {}
    for way in WAYS:
        await phone.go(f"/m/visits/{visit}")
        await phone.page.get_by_role("link", name=way, exact=True).tap()
        # Items, or that there are none.
        await phone.page.locator(".card").first.wait_for()
        await expect(phone.page.get_by_role("heading", name="的")).to_be_visible()
        found[way] = await cards(phone)
    return found


async def test_every_filter_shows_what_it_says(field: Field) -> None:
    visiting = field.visiting
    me, other = await visiting.inspectors(2)
    school = await visiting.school(own={"1.1.2": 50})
    items = visiting.rubric.items
    rest = sorted({item.indicator for item in items.values()} - set(MINE))
    visit = await visiting.plan(school, me, other, assignments={me.person.id: [*MINE], other.person.id: rest})
    phone = await field.new_phone(me)
    await phone.take_along(visit)
    mine = [code for code, item in items.items() if item.indicator in MINE]
    assert await picked(phone, visit) == dict(zip(WAYS, (mine, mine, [], []), strict=True))

    # The school claims full points and every clause but for 1.1.2, of which it claims 0.5.
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.give("1.1.1", f"{items['1.1.1'].points / 100:g}")
    await phone.answer_clauses("1.1.1")
    await phone.give("1.1.2", f"{items['1.1.2'].points / 100:g}")
    await phone.photograph("1.1.3", [("一.jpg", picture("1.1.3"))])
    # An item that is not assigned to me is mine to score too, and differs by a clause alone.
    foreign, clauses = next(
        (code, visiting.clauses(("primary",), code))
        for code, item in items.items()
        if item.indicator in rest and [figures for _, figures in visiting.clauses(("primary",), code)] == [False]
    )
    await phone.go(f"/m/visits/{visit}/score/{items[foreign].indicator}")
    await phone.give(foreign, f"{items[foreign].points / 100:g}")
    assert len(clauses) == 1
    await phone.item(foreign).get_by_role("button", name="未达到", exact=True).tap()
    await expect(phone.item(foreign)).to_contain_text("学校自认达到，不同")
    await phone.synced()
    unscored = [code for code in mine if code not in ("1.1.1", "1.1.2")]
    assert await picked(phone, visit) == dict(zip(WAYS, (mine, unscored, ["1.1.2", foreign], ["1.1.3"]), strict=True))


async def test_words_and_numbers_find_items_also_offline(field: Field) -> None:
    (me,) = await field.visiting.inspectors(1)
    visit = await field.visiting.plan(await field.visiting.school(), me)
    phone = await field.new_phone(me)
    await phone.take_along(visit)
    await phone.offline()
    await phone.page.get_by_role("link", name="搜索", exact=True).tap()
    box = phone.page.get_by_role("searchbox")
    for words in ("录播", "2.1.1", " IPv6 "):
        await box.fill(words)
        expected = [
            code for code, item in field.visiting.rubric.items.items() if words.strip() in f"{code} {item.text}"
        ]
        assert expected
        await expect(phone.page.locator("article.card")).to_have_count(len(expected))
        assert await cards(phone) == expected
    await box.fill("没有这样的话")
    await expect(phone.page.get_by_text("没有这样的评估内容。")).to_be_visible()


async def test_declared_figures_have_decided_already(field: Field) -> None:
    """1.2.1 by teachers' computers, 1.2.2 by pupils for each device: 62 for 60 teachers, 150 for 900 pupils."""
    (me,) = await field.visiting.inspectors(1)
    visit = await field.visiting.plan(await field.visiting.school(), me)
    phone = await field.new_phone(me)
    await phone.take_along(visit)
    await phone.go(f"/m/visits/{visit}/score/1.2")
    await expect(phone.item("1.2.1").locator(".clause")).to_contain_text("按申报数字：达到")
    await expect(phone.item("1.2.2").locator(".clause")).to_contain_text("按申报数字：达到")
    # Nothing else needs a tap but the points, and the inspector may say otherwise.
    await phone.give("1.2.1", f"{field.visiting.rubric.items['1.2.1'].points / 100:g}")
    await phone.item("1.2.2").get_by_role("button", name="未达到", exact=True).tap()
    await expect(phone.item("1.2.2").get_by_role("button", name="未达到", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await phone.go(f"/m/visits/{visit}/score/unscored")
    await phone.page.locator("article.card").first.wait_for()
    assert "1.2.1" not in await cards(phone)
