"""A whole visit by three inspectors, one of them without a network for all of it, to its closing."""

from playwright.async_api import expect

from inspection.rules.points import as_number
from tests.browser.conftest import Field
from tests.http.visiting import SECRET


async def test_three_inspectors_one_offline_close_a_visit(field: Field) -> None:
    visiting = field.visiting
    team = await visiting.inspectors(3)
    school = await visiting.school()
    visit = await visiting.plan(school, *team)
    full = {code: str(as_number(item.points)) for code, item in visiting.rubric.items.items()}

    offline = await field.new_phone(team[2])
    await offline.take_along(visit)
    await offline.offline()
    # From nothing, without a network.
    await offline.kill()
    await offline.score_all(visit, full)
    await expect(offline.page.locator("header.banner")).to_contain_text("没有网络")
    assert len(await offline.stored("operations")) >= len(full)
    assert not any(SECRET in text for _, text in offline.heard)

    # The two others score with a network: the lead by thumb a few items, else all at once.
    lead = await field.new_phone(team[0])
    await visiting.score(visit, team[0], *[each for each in visiting.everything() if each[0] != "1.1.1"])
    await lead.take_along(visit)
    await lead.go(f"/m/visits/{visit}/score/unscored")
    await lead.give("1.1.1", "0")
    await lead.answer_clauses("1.1.1")
    await expect(lead.item("1.1.1")).to_contain_text(f"{SECRET}1.1.1")
    await lead.synced()
    await visiting.score_and_sign(visit, team[1])

    await offline.offline(False)
    await offline.synced()
    assert await offline.stored("operations") == []
    for phone in (offline, lead):
        await phone.sign(visit)

    # They differ on one item; the lead rules, the school signs, the lead closes.
    page = lead.page
    await page.get_by_role("button", name="刷新合议结果").tap()
    await expect(page.get_by_text("1 项意见不一")).to_be_visible()
    await page.get_by_role("group", name="1.1.1 裁定得分").get_by_role("button", name="2 分", exact=True).tap()
    await page.get_by_label("裁定理由（必填）").fill("现场复核材料齐全")
    await page.get_by_role("button", name="裁定", exact=True).tap()
    await page.get_by_label("校方代表姓名").fill("王校长")
    await page.get_by_label("职务").fill("校长")
    await lead.draw()
    await page.get_by_role("button", name="确认签名").tap()
    await expect(page.get_by_text("校方已签：王校长")).to_be_visible()
    await page.get_by_role("button", name="结束本次评估").tap()
    await lead.agree()
    await expect(page.get_by_text("本次评估已结束")).to_be_visible()

    assert await visiting.state(school) == "scored"
    outcome = await visiting.get(f"/api/visits/{visit}/reconciliation")
    assert outcome.json["undecided"] == []
    assert outcome.json["total"] == as_number(visiting.rubric.points)
    assert [each["rank"] for each in outcome.json["rulings"]] == ["lead"]
    assert [*offline.errors, *lead.errors] == []
