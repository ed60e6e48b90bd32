"""The official forms from the phone to paper and back: downloaded, verified by their codes, stamped, attached."""

import asyncio
import hashlib
import re
from pathlib import Path

from docx.document import Document as Docx
from playwright.async_api import FilePayload, Page, expect

from tests.browser.school import others
from tests.browser.school.conftest import Evening
from tests.browser.school.phone import SchoolPhone
from tests.documents import foot, opened, rows
from tests.http.submitted import change

SCAN = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


async def test_forms_are_printed_verified_and_attached(evening: Evening) -> None:
    school = await evening.world.register("泰州市海陵区实验小学")
    await evening.world.fill_in(school, **{"/items/1.1.1/points": 1.5, "/items/3.2.1/points": 0.5})
    others.done(await evening.service.post(f"{school.path}/submit", None, school.contact.token))
    phone = await evening.new_phone(school.contact)

    # The page has the sums that 附件3 prints.
    await phone.go("/s/assessment")
    await expect(phone.page.locator("[data-indicator]")).to_have_count(23)
    shown = await phone.page.locator("[data-indicator] .sum").all_inner_texts()
    groups = await phone.page.locator("section h2 span:last-child").all_inner_texts()
    await phone.go("/s/print")
    application, assessment = await download(phone, "附件2 申报表"), await download(phone, "附件3 自评表")
    lines = [(line[0], line[3], line[2]) for line in rows(assessment.tables[1])[1:-1]]
    assert shown == [f"{own} / {points}" for _, own, points in lines]
    printed = {group: [line for line in lines if line[0] == group] for group, _, _ in lines}
    assert groups == [
        f"{sum(float(each[1]) for each in its):g} / {sum(int(each[2]) for each in its)}" for its in printed.values()
    ]
    assert rows(assessment.tables[1])[-1][0] == f"自评总得分：{sum(float(own) for _, own, _ in lines):g}分"

    # Stamped and attached, after submitting; the district reads it.
    scan: FilePayload = {"name": "盖章.pdf", "mimeType": "application/pdf", "buffer": SCAN}
    await phone.page.get_by_label("盖章扫描件 相册或 PDF").set_input_files(scan)
    await expect(phone.page.get_by_label("盖章扫描件 材料")).to_contain_text("已上传", timeout=20_000)
    await phone.saved()
    [evidence_id] = (await evening.world.read(school, evening.world.officer))["scans"]
    path = f"{school.path}/evidence/{evidence_id}"
    record = others.done(await evening.service.get(path, evening.world.officer.token))
    assert (record["kind"], record["sha256"]) == ("scan", hashlib.sha256(SCAN).hexdigest())

    # Anybody verifies what is on paper, as long as it is what is on the service.
    stranger = await phone.browser.new_page()
    for document, name in ((application, "附件2"), (assessment, "附件3")):
        code = code_of(document)
        await stranger.goto(f"{phone.url}/verify#{code}")
        await says(stranger, "有效", name, school.name)
        stored = await evening.service.deps.db.documents.find_one({"_id": code.replace("-", "")})
        assert stored is not None
        content = hashlib.sha256(stored["content"].encode()).hexdigest()
        await expect(stranger.locator("#hash")).to_have_text(content)
    assert "13800000001" not in await stranger.inner_text("body")
    await evening.world.post(school, "return", {"reason": "请核对人数"})
    version = (await evening.world.read(school))["versions"]["/application/teachers"]
    others.done(await evening.world.save(school, change("/application/teachers", 61, version)))
    await stranger.get_by_label("验证码").fill(code_of(application).lower())
    await stranger.get_by_role("button", name="核验").click()
    await says(stranger, "已失效", "附件2", school.name)
    await stranger.get_by_label("验证码").fill("ACEF-3479-HJKM")
    await stranger.get_by_role("button", name="核验").click()
    await expect(stranger.get_by_role("status")).to_contain_text("验证码")
    await expect(stranger.locator("#found")).to_be_hidden()
    await stranger.close()
    assert phone.errors == []


async def download(phone: SchoolPhone, label: str) -> Docx:
    """Saves a form by its button."""
    async with phone.page.expect_download() as saving:
        await phone.page.get_by_role("button", name=f"下载{label}").tap()
    saved = await saving.value
    assert saved.suggested_filename.endswith(".docx")
    return opened(await asyncio.to_thread(Path(await saved.path()).read_bytes))


def code_of(document: Docx) -> str:
    """The verification code in the foot."""
    found = re.search(r"验证码：([0-9A-Z-]+)", foot(document))
    assert found
    return found[1]


async def says(page: Page, state: str, *words: str) -> None:
    """Waits for what the verification page says of a document."""
    await expect(page.locator("#state")).to_have_text(state)
    for word in words:
        await expect(page.locator("#found")).to_contain_text(word)
