"""What goes wrong at the school's end: odd texts, wrong files, missing things, a deadline that has passed."""

from datetime import UTC, datetime
from typing import Any

from playwright.async_api import expect

from backend.services import photo_checks
from tests import photos
from tests.browser.school import others
from tests.browser.school.conftest import Evening
from tests.browser.school.test_whole_way import TYPED
from tests.browser.school.texts import LINES, LONG, ODD
from tests.documents import opened, rows
from tests.http.submitted import Registered


async def test_odd_texts_come_out_as_typed(evening: Evening) -> None:
    school = await evening.world.register(LONG)
    phone = await evening.new_phone(school.contact)
    await phone.go("/s/application")
    typed = {"负责人": ODD[:50], "联系人": LONG[:50], "亮点特色": LINES}
    for label, text in typed.items():
        await phone.type_into(label, text)
    await phone.go("/s/assessment/1.1")
    await phone.item("1.1.1").get_by_role("button", name="写说明").tap()
    await phone.type_into("1.1.1 说明", LINES)
    await phone.type_into("备注（可不填）", ODD)
    await phone.saved()
    # As typed, on the service, on another phone, and on paper; and nothing in it was run.
    found = await evening.world.read(school)
    assert found["application"]["highlights"] == LINES
    assert found["items"]["1.1.1"]["note"] == LINES
    assert found["indicator_notes"]["1.1"] == ODD
    other = await evening.new_phone(await evening.second_contact(school, ODD[:50]))
    await other.go("/s/application")
    for label, text in typed.items():
        await expect(other.field(label)).to_have_value(text)
    await other.go()
    await expect(other.page.get_by_role("heading", name=LONG)).to_be_visible()
    assert await other.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert await other.page.locator("img").count() == 0
    assert {LONG, ODD[:50], LINES} <= await printed(evening, school, "application-form")
    assert {f"学校：{LONG}", ODD} <= await printed(evening, school, "self-assessment-form")
    assert [*phone.errors, *other.errors] == []


async def printed(evening: Evening, school: Registered, form: str) -> set[str]:
    """The texts of all cells of an official form."""
    answer = await evening.service.get(f"{school.path}/{form}", school.contact.token)
    return {cell for table in opened(answer.body).tables for row in rows(table) for cell in row}


async def test_files_that_are_no_evidence_say_so_beside_themselves(evening: Evening) -> None:
    school = await evening.world.register()
    phone = await evening.new_phone(school.contact)
    await phone.go("/s/assessment/1.1")
    good = photos.photo(3, size=(640, 480))
    broken = good[: len(good) // 2]
    files: list[tuple[str, str, bytes]] = [
        ("好的.jpg", "image/jpeg", good),
        ("太大.jpg", "image/jpeg", good + bytes(20 * 1024 * 1024)),
        ("视频.mp4", "video/mp4", b"\0\0\0\x18ftypmp42"),
        ("假的.jpg", "image/jpeg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("坏的.jpg", "image/jpeg", broken),
        ("说明.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n"),
    ]
    await phone.attach("1.1.1", files)
    card = phone.item("1.1.1")
    for name, words in (("太大.jpg", "超过 20 MB"), ("视频.mp4", "只能用照片"), ("假的.jpg", "JPEG")):
        await expect(card.locator("li", has_text=name)).to_contain_text(words, timeout=20_000)
    for name in ("好的.jpg", "说明.pdf"):
        await expect(card.locator("li", has_text=name)).to_contain_text("已上传", timeout=20_000)
    # What looked well from outside is found out when it is decoded.
    while await photo_checks.check_next(evening.service.deps):
        pass
    await expect(card.locator("li", has_text="坏的.jpg")).to_contain_text("不能用", timeout=20_000)
    await expect(card.locator("li", has_text="坏的.jpg").locator(".bad")).not_to_be_empty()
    await expect(card.get_by_role("button", name="放大 好的.jpg")).to_be_visible()
    kept: list[Any] = (await evening.world.read(school))["items"]["1.1.1"]["evidence"]
    assert len(kept) == 3
    # The bad ones go, one by one; the good ones stay.
    for name in ("太大.jpg", "视频.mp4", "假的.jpg", "坏的.jpg"):
        await card.get_by_role("button", name=f"移除 {name}").tap()
        await phone.agree()
    await phone.saved()
    assert len((await evening.world.read(school))["items"]["1.1.1"]["evidence"]) == 2


async def test_a_deadline_that_passed_says_when_and_whom_to_ask(evening: Evening) -> None:
    school = await evening.world.register()
    phone = await evening.new_phone(school.contact)
    await phone.go("/s/application")
    await phone.type_into("负责人", TYPED["负责人"])
    await phone.saved()
    await phone.offline()
    await phone.type_into("联系人", "赶不上了")
    await others.leap(evening, datetime(2022, 9, 1, 1, 0, tzinfo=UTC))
    await phone.offline(False)
    until = "已于2022年8月31日24:00截止；如需延期请联系市教育局"
    await phone.go("/s/application")
    await expect(phone.page.locator("main").get_by_text(until)).to_be_visible()
    # Nothing is lost: it stands there, and is known to be on this phone alone.
    await expect(phone.field("联系人")).to_have_value("赶不上了")
    await expect(phone.field("负责人")).to_have_attribute("readonly", "")
    await phone.go("/s/phone")
    await expect(phone.page.get_by_text("还有 1 处只在这台手机上")).to_be_visible()
    await phone.go("/s/check")
    await expect(phone.page.get_by_role("button", name="提交", exact=True)).to_be_disabled()
