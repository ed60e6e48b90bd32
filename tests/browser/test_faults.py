"""Bad networks, killed tabs, a service that restarts: afterwards phone and server hold what was tapped."""

import random
from dataclasses import replace
from hashlib import sha256
from io import BytesIO

from PIL import Image
from playwright.async_api import expect

from backend.gateways.web_build import WebBuild
from inspection.rules.points import as_number
from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.browser.proxy import Cut
from tests.seeds import fresh_seed, seeded, seeded_seldom

INDICATOR = "1.1"
STEPS = 25
CUTS: tuple[Cut, ...] = ("connection", "request", "answer")


class Model:
    """What was tapped: by item the points that stand, None where they were taken back; how often; which photos."""

    def __init__(self) -> None:
        self.points: dict[str, float | None] = {}
        self.taps = 0
        self.photos: list[tuple[str, str]] = []

    def tap(self, code: str, points: float) -> float | None:
        """A tap on what is chosen takes it back."""
        self.points[code] = None if self.points.get(code) == points else points
        self.taps += 1
        return self.points[code]


async def tap(phone: Phone, model: Model, code: str, points: float) -> None:
    """Taps, and waits until the app shows it as kept: from then on it may not be lost."""
    name = f"{points:g} 分"
    button = phone.item(code).get_by_role("group", name=f"{code} 得分").get_by_role("button", name=name, exact=True)
    pressed = "true" if model.tap(code, points) is not None else "false"
    await button.tap()
    await expect(button).to_have_attribute("aria-pressed", pressed)


def photo(dice: random.Random, size: tuple[int, int] = (800, 600)) -> bytes:
    """A JPEG of noise, by default of some hundreds of KB: in several pieces on the wire."""
    noise = Image.frombytes("RGB", (400, 300), dice.randbytes(400 * 300 * 3))
    kept = BytesIO()
    noise.resize(size).save(kept, "JPEG", quality=90)
    return kept.getvalue()


async def photograph(phone: Phone, model: Model, code: str, content: bytes) -> None:
    """Takes a photo, and waits until the app shows it: from then on it may not be lost."""
    await phone.photograph(code, [("photo.jpg", content)])
    model.photos.append((code, sha256(content).hexdigest()))


async def misfortune(field: Field, phone: Phone, dice: random.Random, where: str) -> None:
    """One thing that goes wrong, or gets better."""
    match dice.choice(("cut", "cut", "mend", "reload", "kill", "restart", "away", "back")):
        case "cut":
            field.proxy.cut = dice.choice(CUTS)
        case "mend":
            field.proxy.cut = "none"
        case "reload":
            await phone.page.reload(wait_until="domcontentloaded")
        case "kill":
            await phone.kill()
            await phone.go(where)
        case "restart":
            await field.restart()
        case "away":
            await phone.offline()
        case "back":
            await phone.offline(False)


async def prepare(field: Field) -> tuple[Phone, str]:
    """A phone with a visit on it."""
    (who,) = await field.visiting.inspectors(1)
    school = await field.visiting.school()
    visit = await field.visiting.plan(school, who)
    phone = await field.new_phone(who)
    await phone.take_along(visit)
    return phone, visit


@seeded
async def test_random_taps_photos_and_misfortunes(field: Field, run: int) -> None:
    dice = random.Random(fresh_seed())
    phone, visit = await prepare(field)
    where = f"/m/visits/{visit}/score/{INDICATOR}"
    await phone.go(where)
    items = [item for code, item in field.visiting.rubric.items.items() if item.indicator == INDICATOR]
    model = Model()
    for _ in range(STEPS):
        item, what = dice.choice(items), dice.random()
        if what < 0.3:
            await misfortune(field, phone, dice, where)
        elif what < 0.4:
            await photograph(phone, model, item.code, photo(dice, dice.choice(((400, 300), (800, 600)))))
        else:
            await tap(phone, model, item.code, as_number(dice.randrange(0, item.points + 1, 50)))
    field.proxy.cut = "none"
    await phone.offline(False)
    await phone.synced()
    await holds(field, phone, visit, model)


async def holds(field: Field, phone: Phone, visit: str, model: Model) -> None:
    """Phone and server hold what the model says, each operation and each photo once."""
    sheet = await field.visiting.sheet(visit, phone.who)
    server = {each["item"]: each["value"] for each in sheet["fields"] if each["field"] == "points"}
    kept = {each["item"]: each["value"] for each in await phone.stored("fields") if each["field"] == "points"}
    assert server == model.points
    assert kept == model.points
    assert sheet["conflicts"] == []
    assert await phone.stored("operations") == []
    (document,) = [each async for each in field.visiting.db.score_sheets.find({"visit_id": visit})]
    ids = [operation["id"] for batch in document["batches"] for operation in batch["operations"]]
    assert len(ids) == len(set(ids)) == model.taps
    stored = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    for photos in (stored, await phone.stored("photos")):
        assert sorted((each["item"], each["sha256"]) for each in photos) == sorted(model.photos)
    assert phone.errors == []


@seeded_seldom
async def test_every_answer_is_lost_once(field: Field, run: int) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    model = Model()
    field.proxy.cut = "answer"
    for code in ("1.1.1", "1.1.2"):
        await tap(phone, model, code, 1)
        before = field.proxy.cuts
        await expect(phone.page.locator("header.banner")).to_contain_text("没有网络")
        assert field.proxy.cuts >= before
    assert len(await phone.stored("operations")) == 2
    field.proxy.cut = "none"
    await phone.synced()
    await holds(field, phone, visit, model)


async def test_two_devices_of_one_inspector_choose_between_their_values(field: Field) -> None:
    one, visit = await prepare(field)
    other = await field.new_phone(one.who)
    await other.take_along(visit)
    for phone, points in ((one, "1"), (other, "2")):
        await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
        await phone.offline()
        await phone.give("1.1.1", points)
    for phone in (one, other):
        await phone.offline(False)
        await phone.synced()
    await expect(other.page.get_by_text("填得不一样")).to_be_visible()
    await other.page.get_by_role("alert").get_by_role("button", name="1 分").first.tap()
    await expect(other.page.get_by_text("填得不一样")).to_be_hidden()
    await other.synced()
    await one.synced()
    for phone in (one, other):
        # The one may have said so before it has asked what the other chose.
        chosen = phone.item("1.1.1").get_by_role("button", name="1 分", exact=True)
        await expect(chosen).to_have_attribute("aria-pressed", "true")
        values = {each["item"]: each["value"] for each in await phone.stored("fields") if each["field"] == "points"}
        assert values == {"1.1.1": 1}
    assert (await field.visiting.sheet(visit, one.who))["conflicts"] == []


async def test_a_session_that_ended_offline_loses_nothing(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.offline()
    await phone.give("1.1.1", "1")
    await field.visiting.db.sessions.delete_many({"person_id": phone.who.person.id})
    field.service.clock.advance(seconds=10)  # Sessions are looked up every few seconds.
    await phone.offline(False)
    await phone.page.locator("header.banner .state").tap()
    await expect(phone.page.get_by_text("登录已结束")).to_be_visible()
    await phone.give("1.1.2", "1")
    kept = {each["item"] for each in await phone.stored("fields")}
    assert kept == {"1.1.1", "1.1.2"}


async def test_another_person_on_the_phone_sees_nothing_and_deletes_nothing(field: Field) -> None:
    phone, visit = await prepare(field)
    stranger = await field.visiting.sign_in("inspector", name="另一位专家")
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    field.proxy.cut = "connection"
    await phone.give("1.1.1", "1")
    field.proxy.cut = "none"
    await phone.page.evaluate("token => localStorage.setItem('zhiping.token', token)", stranger.token)
    await phone.go()
    await expect(phone.page.get_by_text("还没有安排给您的现场评估")).to_be_visible()
    await expect(phone.page.get_by_text("海陵小学")).to_be_hidden()
    await phone.page.evaluate("token => localStorage.setItem('zhiping.token', token)", phone.who.token)
    await phone.go()
    await expect(phone.page.get_by_text("海陵小学")).to_be_visible()
    await phone.synced()
    fields = (await field.visiting.sheet(visit, phone.who))["fields"]
    assert [(each["item"], each["value"]) for each in fields] == [("1.1.1", 1)]


async def test_a_wrong_clock_is_said_and_wins_nothing(field: Field) -> None:
    # The service lives in 2022; the phone's clock is years ahead.
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.give("1.1.1", "1")
    await phone.synced()
    await phone.page.get_by_role("link", name="时间不准").tap()
    await expect(phone.page.get_by_role("status").get_by_text("服务器时间是 2022/9/5")).to_be_visible()
    (mark,) = (await field.visiting.sheet(visit, phone.who))["fields"]
    assert mark["at"].startswith("2022-09-05")


async def newer_app(field: Field, built: WebBuild, phone: Phone) -> None:
    """The service has a newer app, and the phone has found it."""
    old = built.files["phone", "sw.js"]
    newer = replace(old, etag="newer", content={"identity": old.content["identity"] + b"\n// newer"})
    await field.restart(replace(built, files={**built.files, ("phone", "sw.js"): newer}))
    await phone.page.evaluate("() => navigator.serviceWorker.getRegistration().then((each) => each.update())")
    await expect(phone.page.get_by_text("有新版本")).to_be_visible()


async def test_an_update_waits_for_the_person(field: Field, built: WebBuild) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.page.evaluate("() => { window.untouched = true }")
    await newer_app(field, built, phone)
    await phone.give("1.1.1", "1")
    assert await phone.page.evaluate("() => window.untouched") is True
    # Chromium lets the old worker end by its idle time of 30 s, should it be starting just now.
    async with phone.page.expect_navigation(timeout=90_000):
        await phone.page.get_by_role("button", name="现在更新").tap()
    await phone.synced()
    assert [each["value"] for each in await phone.stored("fields")] == [1]


async def test_an_update_can_wait_for_later(field: Field, built: WebBuild) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await newer_app(field, built, phone)
    await phone.page.get_by_role("button", name="稍后").tap()
    await expect(phone.page.get_by_text("有新版本")).to_be_hidden()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await expect(phone.page.get_by_text("有新版本")).to_be_visible()
