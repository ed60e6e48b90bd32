"""The end of a visit where not all goes well: the school does not sign, a photo is lost with its phone."""

from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.http.conftest import new_id
from tests.http.visiting import SEPTEMBER


async def test_a_school_that_refuses_to_sign_and_a_photo_that_is_lost(field: Field) -> None:
    visiting = field.visiting
    lead, colleague = await visiting.inspectors(2)
    school = await visiting.school()
    visit = await visiting.plan(school, lead, colleague)
    await visiting.score_and_sign(visit, colleague)
    lost = {"id": new_id(), "item": "1.1.1", "taken_at": SEPTEMBER.isoformat(), "sha256": None}
    assert (await visiting.post(f"/api/visits/{visit}/evidence", lost, colleague)).status == 200
    await visiting.score(visit, lead, *visiting.everything())
    phone = await field.new_phone(lead)
    await phone.take_along(visit)
    await phone.sign(visit)
    page = phone.page
    await page.get_by_role("button", name="刷新合议结果").tap()
    await page.get_by_role("button", name="校方拒签").tap()
    record = page.get_by_role("button", name="记录拒签")
    await page.get_by_label("拒签的原因").fill("校方对 1.1.1 有异议")
    await record.tap()
    await expect(page.get_by_text("校方拒签：校方对 1.1.1 有异议")).to_be_visible()

    close = page.get_by_role("button", name="结束本次评估")
    await close.tap()
    await phone.agree()
    await expect(page.get_by_text("还没有收到的照片（1）")).to_be_visible()
    write_off = page.get_by_role("button", name="注销", exact=True)
    await expect(write_off).to_be_disabled()
    await page.get_by_label("找不回来的原因（必填）").fill("手机掉进水里")
    await write_off.tap()
    await phone.agree()
    await expect(page.get_by_text("还没有收到的照片")).to_be_hidden()
    await close.tap()
    await phone.agree()
    await expect(page.get_by_text("✓ 本次评估已结束")).to_be_visible()

    outcome = (await visiting.get(f"/api/visits/{visit}/reconciliation")).json
    assert outcome["countersignature"]["refused"] is True
    assert outcome["countersignature"]["reason"] == "校方对 1.1.1 有异议"
    (photo,) = (await visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert photo["written_off"] == "手机掉进水里"
    assert phone.errors == []
