"""The blind rule, on the wire: no answer holds anything of the school's own before the item is scored."""

import json

from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.http.visiting import SECRET


async def test_no_answer_holds_the_schools_own_before_scoring(field: Field) -> None:
    visiting = field.visiting
    (who,) = await visiting.inspectors(1)
    # Points that nobody else gives: were they anywhere in an answer, they would be found.
    school = await visiting.school(own={"1.1.1": 150, "1.1.2": 150})
    visit = await visiting.plan(school, who)
    phone = await field.new_phone(who)
    await phone.take_along(visit)
    for page in ("", f"/visits/{visit}/score/1.1", f"/visits/{visit}/score/mine", f"/visits/{visit}/finish"):
        await phone.go(f"/m{page or '/'}")
        await expect(phone.page.locator("header.banner")).to_contain_text("已全部同步")
    assert len([url for url, _ in phone.heard if url.endswith("/pack")]) >= 1
    for url, text in phone.heard:
        assert SECRET not in text, url
        assert '"self_assessment"' not in text, url
        # One that was cut by going to the next page told nothing.
        assert "/sheet" not in url or text.startswith("(") or json.loads(text)["revealed"] == {}, url
    assert await phone.stored("revealed") == []

    phone.heard.clear()
    await phone.go(f"/m/visits/{visit}/score/1.1")
    await phone.give("1.1.1", "1")
    await expect(phone.item("1.1.1")).to_contain_text("1.5 分")
    await expect(phone.item("1.1.1")).to_contain_text("比您高 0.5")
    await phone.synced()
    assert any(f"{SECRET}1.1.1" in text for _, text in phone.heard)
    for url, text in phone.heard:
        assert f"{SECRET}1.1.2" not in text, url
        assert text.count(SECRET) <= 1, url
