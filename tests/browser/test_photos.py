"""Photos over a bad network: each arrives whole, once, and leaves the phone only then."""

import random
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.browser.proxy import Cut
from tests.browser.test_faults import INDICATOR, photo, prepare
from tests.seeds import fresh_seed, seeded_seldom

# What the app sends of a photo in one request.
PIECE = 2 * 255 * 1024
CUTS: tuple[Cut, ...] = ("none", "connection", "request", "answer", "request", "answer")


@seeded_seldom
async def test_photos_arrive_whole_and_once(field: Field, run: int) -> None:
    dice = random.Random(fresh_seed())
    phone, visit = await prepare(field)
    where = f"/m/visits/{visit}/score/{INDICATOR}"
    await phone.go(where)
    await phone.offline()
    taken = {code: [photo(dice) for _ in range(2)] for code in ("1.1.1", "1.1.2", "1.1.3")}
    for code, pictures in taken.items():
        await phone.photograph(code, [(f"{number}.jpg", each) for number, each in enumerate(pictures)])
    await phone.offline(False)
    for _ in range(6):
        field.proxy.cut = dice.choice(CUTS)
        await phone.page.locator("header.banner .state").tap()
        await phone.page.wait_for_timeout(dice.randrange(100, 600))
        match dice.choice(("kill", "restart", "wait")):
            case "kill":
                await phone.kill()
                await phone.go(where)
            case "restart":
                await field.restart()
    field.proxy.cut = "none"
    await phone.synced()

    stored = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    wanted = sorted((code, sha256(each).hexdigest()) for code, pictures in taken.items() for each in pictures)
    assert sorted((each["item"], each["sha256"]) for each in stored) == wanted
    kept = await phone.stored("photos")
    assert sorted((each["item"], each["sha256"]) for each in kept) == wanted
    assert {each["state"] for each in kept} == {"stored"}
    assert all(each["bytes"] is None for each in kept)
    assert phone.errors == []


@pytest.mark.parametrize("killed", [False, True], ids=["cut", "cut and killed"])
async def test_a_cut_in_mid_photo_costs_no_more_than_a_piece(field: Field, killed: bool) -> None:
    dice = random.Random(fresh_seed())
    phone, visit = await prepare(field)
    where = f"/m/visits/{visit}/score/{INDICATOR}"
    await phone.go(where)
    await phone.offline()
    taken = photo(dice, (2000, 1500))
    assert len(taken) > 2 * PIECE
    await phone.photograph("1.1.1", [("one.jpg", taken)])
    before, field.proxy.cut_after = field.proxy.sent, dice.randrange(PIECE // 2, len(taken))
    await phone.offline(False)
    await field.proxy.is_cut.wait()
    if killed:
        await phone.kill()
    field.proxy.cut = "none"
    if killed:
        await phone.go(where)
    await phone.synced()
    (stored,) = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert stored["sha256"] == sha256(taken).hexdigest()
    # Some requests of other kinds besides.
    assert field.proxy.sent - before < len(taken) + PIECE + 64 * 1024


async def test_scores_go_first_and_need_one_request(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.offline()
    for code in ("1.1.1", "1.1.2", "1.1.3"):
        await phone.photograph(code, [("one.jpg", photo(random.Random(code)))])
        await phone.give(code, "1")
        await phone.answer_clauses(code)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
    await phone.offline(False)
    await phone.synced()
    about = [each for each in asked if each.endswith(("/operations", "/evidence")) or "/uploads" in each]
    assert about[0] == f"POST /api/visits/{visit}/operations"
    assert about[1:4] == [f"POST /api/visits/{visit}/evidence"] * 3
    assert not any(each.endswith("/operations") for each in about[1:])
    assert {each.rpartition("/")[0] for each in about[4:]} <= {"POST /api", "PATCH /api/uploads"}


async def test_a_photo_that_is_no_picture_stays_with_its_reason(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.photograph("1.1.1", [("not.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")])
    await phone.page.locator("header.banner .state").tap()
    await expect(phone.page.get_by_role("link", name="1 项未被接受")).to_be_visible()
    (kept,) = await phone.stored("photos")
    assert kept["state"] == "refused"
    assert "照片" in kept["refusal"], kept["refusal"]
    # The visit can't be closed without it, until the lead writes it off.
    (known,) = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert (known["id"], known["sha256"]) == (kept["id"], None)
