"""Two contacts of one school at once, and a network that breaks: nothing is lost, nothing written over unseen."""

import random

from playwright.async_api import expect

from tests.browser.proxy import Cut
from tests.browser.school.conftest import Evening
from tests.browser.school.phone import SchoolPhone
from tests.seeds import fresh_seed, seeded_seldom

CUTS: tuple[Cut, ...] = ("connection", "request", "answer")


async def test_two_contacts_see_and_choose(evening: Evening) -> None:
    school = await evening.world.register()
    one = await evening.new_phone(school.contact)
    other = await evening.new_phone(await evening.second_contact(school))
    for phone in (one, other):
        await phone.go("/s/assessment/1.1")
        await expect(phone.item("1.1.1")).to_be_visible()
        await phone.saved()

    # What one does shows on the other's phone.
    await one.give("1.1.2", "1")
    await one.saved()
    group = other.item("1.1.2").get_by_role("group", name="1.1.2 自评得分")
    button = group.get_by_role("button", name="1 分", exact=True)
    await expect(button).to_have_attribute("aria-pressed", "true", timeout=20_000)

    # Both write into one field, neither having seen the other.
    await one.offline()
    await other.offline()
    await one.give("1.1.1", "1")
    await other.give("1.1.1", "2")
    await one.offline(False)
    await one.saved()
    await other.offline(False)
    await other.page.locator("header.banner .state").tap()
    choice = other.item("1.1.1").get_by_role("alert")
    await expect(choice).to_contain_text("有两个人同时填了")
    await expect(choice.get_by_role("button")).to_have_count(2)
    await expect(one.item("1.1.1").get_by_role("alert")).to_contain_text("李四填的", timeout=20_000)
    await choice.get_by_role("button", name="您填的").tap()
    await expect(choice).to_be_hidden()
    await other.saved()
    await expect(one.item("1.1.1").get_by_role("alert")).to_be_hidden(timeout=20_000)
    found = await evening.world.read(school)
    assert (found["items"]["1.1.1"]["points"], found["conflicts"]) == (2, [])
    assert [*one.errors, *other.errors] == []


async def test_the_other_school_and_the_next_person_see_nothing(evening: Evening) -> None:
    school = await evening.world.register("第一小学")
    second = await evening.world.register("第二小学")
    phone = await evening.new_phone(school.contact)
    await phone.go("/s/application")
    await phone.type_into("负责人", "陈校长")
    await phone.saved()
    evening.proxy.cut = "connection"
    await phone.type_into("亮点特色", "还没传上去的秘密")
    evening.proxy.cut = "none"

    # Another contact signs in on the same phone, and opens the first one's link.
    await phone.page.evaluate("token => localStorage.setItem('zhiping.token', token)", second.contact.token)
    await phone.go("/s/application")
    await expect(phone.page.get_by_text("第二小学")).to_be_visible()
    await expect(phone.field("负责人")).to_have_value("")
    await expect(phone.field("亮点特色")).to_have_value("")
    await phone.go(f"/s/submissions/{school.submission_id}")
    await expect(phone.page.get_by_role("heading", name="这个链接不是本校的")).to_be_visible()
    await expect(phone.page.get_by_text("第一小学")).to_be_hidden()
    assert (await evening.world.read(second))["application"]["highlights"] is None

    # The first finds all of it again, and it goes on to the service.
    await phone.page.evaluate("token => localStorage.setItem('zhiping.token', token)", phone.who.token)
    await phone.go("/s/application")
    await expect(phone.field("亮点特色")).to_have_value("还没传上去的秘密")
    await phone.saved()
    assert (await evening.world.read(school))["application"]["highlights"] == "还没传上去的秘密"
    await phone.go(f"/s/submissions/{school.submission_id}")
    await expect(phone.page.get_by_label("进度", exact=True)).to_be_visible()


@seeded_seldom
async def test_random_words_and_misfortunes(evening: Evening, run: int) -> None:
    """Two contacts write different fields while everything goes wrong; then both phones and the service agree."""
    dice = random.Random(fresh_seed())
    school = await evening.world.register()
    phones = [await evening.new_phone(school.contact), await evening.new_phone(await evening.second_contact(school))]
    # Each has items of their own.
    own = {0: ("1.1.1", "1.1.2"), 1: ("1.1.3", "1.1.4")}
    for phone in phones:
        await phone.go("/s/assessment/1.1")
        await expect(phone.item("1.1.1")).to_be_visible()
        await phone.page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    stands: dict[str, str] = {}
    for _ in range(16):
        number = dice.randrange(2)
        phone, code = phones[number], dice.choice(own[number])
        await misfortune(evening, phone, dice)
        points = dice.choice(("0", "0.5", "1"))
        if stands.get(code) != points:
            await phone.give(code, points)
            stands[code] = points
    evening.proxy.cut = "none"
    for phone in phones:
        await phone.offline(False)
    for phone in (*phones, *phones):
        await phone.saved()
    found = await evening.world.read(school)
    assert {code: f"{item['points']:g}" for code, item in found["items"].items()} == stands
    assert found["conflicts"] == []
    for phone in phones:
        kept = {each["name"]: each["value"] for each in await phone.stored("fields")}
        assert {code: f"{kept[f'/items/{code}/points']:g}" for code in stands} == stands
        assert await phone.stored("changes") == []
        assert phone.errors == []


async def misfortune(evening: Evening, phone: SchoolPhone, dice: random.Random) -> None:
    """One thing that goes wrong, or gets better, or nothing."""
    match dice.choice(("cut", "mend", "reload", "kill", "restart", "away", "back", "nothing")):
        case "cut":
            evening.proxy.cut = dice.choice(CUTS)
        case "mend":
            evening.proxy.cut = "none"
        case "reload":
            await phone.page.reload(wait_until="domcontentloaded")
        case "kill":
            await phone.kill()
            await phone.go("/s/assessment/1.1")
        case "restart":
            await evening.restart()
        case "away":
            await phone.offline()
        case "back":
            await phone.offline(False)
