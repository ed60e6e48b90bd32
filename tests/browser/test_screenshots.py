"""`make screenshots`: every page of the phone's app, light and dark, for the guide and for one's own eyes."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.browser.phone import Phone
from tests.http.visiting import SEPTEMBER

FOLDER = Path(os.environ.get("ZHIPING_SCREENSHOTS", "build/screenshots"))

Shoot = Callable[[str], Awaitable[None]]


def picture(text: str) -> bytes:
    """A photo of a kind."""
    image = Image.new("RGB", (1600, 1200), "#5b7fa6")
    draw = ImageDraw.Draw(image)
    draw.rectangle((300, 300, 1300, 950), fill="#d9e2ec", outline="#334e68", width=12)
    draw.text((600, 600), text, fill="#102a43", font_size=120)
    kept = BytesIO()
    image.save(kept, "JPEG", quality=85)
    return kept.getvalue()


@pytest.mark.pictures
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_screenshots(field: Field, scheme: Literal["light", "dark"]) -> None:
    await asyncio.to_thread(FOLDER.mkdir, parents=True, exist_ok=True)
    visiting = field.visiting
    team = await visiting.inspectors(3)
    visit = await visiting.plan(await visiting.school("泰州市海陵实验小学", own={"1.1.2": 50}), *team)
    for name, day in (("泰州市凤凰小学", "2022-09-07"), ("泰州市城东小学", "2022-09-14")):
        await visiting.plan(await visiting.school(name), *team, date=day)
    await visiting.score_and_sign(visit, team[1])
    await visiting.score_and_sign(visit, team[2], i1_1_2=0)
    phone = await field.new_phone(team[0])
    # As on the day: the phone's clock is right.
    await phone.page.clock.set_fixed_time(SEPTEMBER)
    await phone.page.emulate_media(color_scheme=scheme)

    async def shoot(name: str) -> None:
        await phone.page.wait_for_timeout(300)
        await phone.page.screenshot(path=FOLDER / f"{name}-{scheme}.png")

    await phone.take_along(visit)
    await shoot("visit")
    await phone.go()
    await expect(phone.page.get_by_text("泰州市城东小学")).to_be_visible()
    await shoot("visits")
    await score(phone, visit, shoot)
    await phone.go("/m/phone")
    await shoot("this-phone")
    await finish(field, phone, visit, shoot)


async def score(phone: Phone, visit: str, shoot: Shoot) -> None:
    """Scoring with and without a network."""
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.item("1.1.1").wait_for()
    await shoot("score-empty")
    await phone.give("1.1.1", "1.5")
    await phone.answer_clauses("1.1.1")
    await expect(phone.item("1.1.1")).to_contain_text("比您高")
    await shoot("score-compared")
    await phone.offline()
    await phone.give("1.1.2", "1")
    await phone.photograph("1.1.2", [("一.jpg", picture("1.1.2"))])
    await phone.item("1.1.2").scroll_into_view_if_needed()
    await shoot("score-offline")
    await phone.item("1.1.2").locator(".photo").first.tap()
    await phone.page.get_by_role("button", name="标注", exact=True).wait_for()
    await shoot("photo")
    await phone.page.get_by_role("button", name="标注", exact=True).tap()
    await phone.page.get_by_role("button", name="箭头").wait_for()
    await shoot("annotate")
    await phone.go("/m/waiting")
    await shoot("waiting-offline")
    await phone.offline(False)
    await phone.go(f"/m/visits/{visit}/score/search")
    await phone.page.get_by_role("searchbox").fill("录播")
    await shoot("search")


async def finish(field: Field, phone: Phone, visit: str, shoot: Shoot) -> None:
    """Signing, ruling, countersigning."""
    visiting = field.visiting
    await phone.go(f"/m/visits/{visit}/finish")
    await phone.page.get_by_text("还差").first.wait_for()
    await shoot("sign-missing")
    rest = [each for each in visiting.everything() if each[0] not in ("1.1.1", "1.1.2")]
    await visiting.score(visit, phone.who, *rest)
    await phone.go(f"/m/visits/{visit}/finish")
    await phone.page.get_by_role("button", name="签字", exact=True).tap()
    await shoot("sign")
    await phone.agree()
    await expect(phone.page.get_by_text("✓ 已签字")).to_be_visible()
    await phone.page.get_by_role("button", name="刷新合议结果").tap()
    await phone.page.get_by_text("意见不一").wait_for()
    await shoot("ruling")
    await phone.page.get_by_role("group", name="1.1.2 裁定得分").get_by_role("button", name="1 分", exact=True).tap()
    await phone.page.get_by_label("裁定理由（必填）").fill("现场复核材料齐全")
    await shoot("ruling-preview")
    await phone.page.get_by_role("button", name="裁定", exact=True).tap()
    await phone.page.get_by_label("校方代表姓名").scroll_into_view_if_needed()
    await shoot("countersign")
