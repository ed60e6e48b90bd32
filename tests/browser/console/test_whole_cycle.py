"""A whole year by the console alone, from an empty database to a corrected publication; schools and inspectors come
through the API. What can go wrong at each page is tested beside this; here each hands on to the next."""

import argparse
import asyncio
import io
import zipfile
from collections.abc import AsyncIterator

import pytest
from openpyxl import load_workbook
from playwright.async_api import Browser, expect

from backend.commands import sign_in_link
from backend.documents.archive import verify
from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.console.august import (
    BELOW,
    BEST,
    CITY,
    CONTACTS,
    DISTRICT,
    INSPECTORS,
    MENDED,
    RECOMMENDED,
    hands_in,
    imports_who_takes_part,
    invites,
    makes_a_link,
    openid,
    opens_the_cycle,
    reviews,
    schools_submit,
)
from tests.browser.console.autumn import chip, close_visit, half_day
from tests.browser.console.conftest import with_wechat
from tests.browser.console.desk import Desk, content
from tests.browser.console.october import choose, row
from tests.browser.console.year import PASSWORD, Year, ok
from tests.documents import opened, rows
from tests.http.conftest import Clock, SignIn


@pytest.fixture
async def year(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Year]:
    async with with_wechat(database, clock, built) as (service, stub):
        found = Year(service, stub, signed_in, browser)
        yield found
        for desk in found.desks:
            await desk.close()


async def test_from_an_empty_database_to_a_corrected_publication(year: Year) -> None:
    # What the command line gives an operator: the first officer's link.
    first = argparse.Namespace(phone=CITY[1], name=CITY[0], role="city", school_id=None, district=None)
    city = await year.desk((await sign_in_link.make(year.service.deps, first)).url)
    await opens_the_cycle(city)
    await imports_who_takes_part(city)
    await invites(year, city)
    district = await year.desk(await makes_a_link(city, DISTRICT[0]))
    await schools_submit(year)
    await reviews(year, district)
    await hands_in(year, district)
    year.go_on("2022-09-05T10:00:00+08:00")
    await signs_in_again(city)
    await plans(year, city)
    await inspectors_score(year, city)
    await settles(year, city)
    year.go_on("2022-09-11T10:00:00+08:00")
    await decides(city)
    await announces(city)
    year.go_on("2022-09-14T10:00:00+08:00")
    await publishes(year, city)
    await corrects(year, city)
    await archives(year, city)


async def signs_in_again(city: Desk) -> None:
    await city.go("/plan")
    await city.page.get_by_label("手机号").fill(CITY[1])
    await city.page.get_by_label("密码").fill(PASSWORD)
    await city.page.get_by_role("button", name="登录").click()


async def plans(year: Year, city: Desk) -> None:
    """Takes a suggestion, moves one visit with the mouse, saves all."""
    page = city.page
    await expect(page.get_by_text("待安排 3 所")).to_be_visible()
    await page.get_by_role("button", name="建议方案…").click()
    await page.get_by_label("每组人数").fill("2")
    await page.get_by_role("button", name="生成草稿").click()
    await chip(city, BEST).drag_to(half_day(city, "9月14日 周三下午"))
    await expect(half_day(city, "9月14日 周三下午")).to_contain_text(BEST)
    await page.get_by_role("button", name="全部保存").click()
    await city.says("已保存 3 次评估")


async def inspectors_score(year: Year, city: Desk) -> None:
    """They differ on one item, where the lead rules; one school loses a point, another a ★ clause."""
    page = city.page
    visits = {each["school"]["name"]: each for each in (await year.read(city, "/api/visits"))["items"]}
    team = [await year.enter(openid(name)) for name in INSPECTORS]
    assert visits[BEST]["date"] == "2022-09-14"
    await city.go("/visits")
    await expect(page.get_by_role("row").filter(has_text="已安排")).to_have_count(3)
    for name, visit in visits.items():
        [lead_id] = [each["inspector_id"] for each in visit["team"] if each["lead"]]
        [lead] = [each for each in team if each.person.id == lead_id]
        visiting = year.visiting(lead)
        for who in team:
            lost = {MENDED: {"i1_1_4": 0}, BEST: {} if who is lead else {"i1_1_2": 0}, BELOW: {}}[name]
            await visiting.score(
                visit["id"],
                who,
                *[
                    (code, what, value and not (name == BELOW and (code, what) == ("1.1.1", "clauses/basic")))
                    for code, what, value in visiting.everything(**lost)
                    if what != "points"
                ],
                *[each for each in visiting.everything(**lost) if each[1] == "points"],
            )
            ok(await visiting.sign(visit["id"], who))
        if name == BEST:
            ruling = {"item": "1.1.2", "points": 1, "reason": "现场复核材料齐全"}
            ok(await visiting.post(f"/api/visits/{visit['id']}/rulings", ruling, lead))
        await close_visit(visiting, visit["id"], lead)
    await expect(page.get_by_role("row").filter(has_text="已结束")).to_have_count(3)


async def settles(year: Year, city: Desk) -> None:
    """A school is asked about a discrepancy, answers, and is given half of what it claims."""
    page = city.page
    await page.get_by_role("link", name="差异处理").click()
    # What takes a grade away stands first.
    await expect(page.locator("[data-row]").first).to_contain_text(BELOW)
    await page.locator("[data-row]").filter(has_text=MENDED).filter(has_text="1.1.4 自评偏高").click()
    detail = page.get_by_role("article", name="差异详情")
    await detail.get_by_role("button", name="请学校说明…").click()
    await page.get_by_label("截止时间").fill("2022-09-09T17:00")
    await page.get_by_role("button", name="开放说明").click()
    await city.says(f"{MENDED}可以说明了")
    school = await year.school_of(openid(CONTACTS[MENDED][0]))
    said = {"text": "文化墙当日检修"}
    ok(await year.service.put(f"{school.path}/answers/1.1.4", said, school.contact.token))
    await page.reload()
    await expect(detail).to_contain_text(said["text"])
    await page.get_by_text("更正", exact=True).click()
    await choose(city, page.get_by_role("combobox", name="更正后的得分"), "0.5 分")
    await page.get_by_label("理由（学校会看到）").fill("检修单属实")
    await page.get_by_role("button", name="处理", exact=True).click()
    await city.says("已更正")


async def decides(city: Desk) -> None:
    page = city.page
    await city.go("/decisions")
    await expect(row(city, BELOW)).to_contain_text("1.1.1")
    await expect(row(city, MENDED)).to_contain_text("109.5")
    await page.get_by_role("button", name=f"认定{BEST}").click()
    await page.get_by_label("市教育局意见").fill("同意认定")
    await page.get_by_role("button", name="认定", exact=True).click()
    await city.says("已认定 1 所")
    await page.get_by_role("button", name="认定全部待认定的 2 所").click()
    await page.get_by_role("button", name="认定", exact=True).click()
    await city.says("已认定 2 所")


async def announces(city: Desk) -> None:
    page = city.page
    await page.get_by_role("link", name="公示与公布").click()
    await page.get_by_role("button", name="开始公示…").click()
    await page.get_by_label("公示到哪一天结束").fill("2022-09-13")
    await page.get_by_label("公示说明").fill("如有异议，请书面反映")
    await page.get_by_role("button", name="开始公示", exact=True).click()
    await city.says("公示已开始")
    await expect(page.get_by_role("button", name="公布…")).to_be_disabled()


async def publishes(year: Year, city: Desk) -> None:
    page = city.page
    await city.go("/publication")
    await page.get_by_text("看看每一条消息").click()
    for name in RECOMMENDED:
        await expect(row(city, name)).to_contain_text(CONTACTS[name][0])
    await page.get_by_role("button", name="公布…").click()
    await page.get_by_role("button", name="公布", exact=True).click()
    await city.says("已公布第 1 版")
    await lists(year, city, 1, [("示范型", BEST), ("优秀型", MENDED)])
    await city.go("/outbox")
    for name in RECOMMENDED:
        await expect(row(city, "结果公布（学校）").filter(has_text=CONTACTS[name][0])).to_have_count(1)
    contact = await year.enter(openid(CONTACTS[BELOW][0]))
    told = ok(await year.service.get("/api/inbox", contact.token)).json["items"][0]
    assert (told["event"], "未达标" in told["text"]) == ("result.published", True)


async def corrects(year: Year, city: Desk) -> None:
    page = city.page
    await city.go("/publication")
    await page.get_by_role("article", name="第 1 版").get_by_role("button", name="更正…").click()
    dialog = page.get_by_role("dialog", name="更正公布的结果")
    await choose(city, dialog.get_by_role("combobox").first, BELOW)
    await choose(city, dialog.get_by_label("改判 1 的评估内容"), "1.1.1 ")
    await choose(city, dialog.get_by_role("combobox", name="★ 基本要求"), "★ 基本要求：达到")
    await dialog.get_by_label("理由（公开）").fill("复核时漏看了材料")
    await dialog.get_by_role("button", name="公布更正").click()
    await city.says("更正已公布为第 2 版")
    await lists(year, city, 2, [("示范型", BEST), ("优秀型", MENDED), ("优秀型", BELOW)])


async def lists(year: Year, city: Desk, version: int, awarded: list[tuple[str, str]]) -> None:
    """What is published, and its two files, name these schools with their grades, and nobody else."""
    public = ok(await year.service.get("/api/public/publications/latest")).json
    assert (public["version"], sorted((each["grade"], each["school"]) for each in public["schools"])) == (
        version,
        sorted(awarded),
    )
    article = city.page.get_by_role("article", name=f"第 {version} 版")
    book = load_workbook(io.BytesIO(await city.chooses("下载", "公布名单（Excel）", article))).worksheets[0]
    cells = [[str(cell.value) for cell in line] for line in book.rows]
    assert sorted((line[3], line[2]) for line in cells if line[1] == "海陵区") == sorted(awarded)
    text = opened(await city.chooses("下载", "公布名单（Word）", article))
    printed = [line[2] for table in text.tables for line in rows(table)[1:]]
    assert sorted(printed) == sorted(name for _, name in awarded)


async def archives(year: Year, city: Desk) -> None:
    archive = io.BytesIO(await content(await city.saves("下载归档")))
    found = await asyncio.to_thread(verify, archive)
    with zipfile.ZipFile(archive) as files:
        members = files.namelist()
    assert found.files == len(members) - 1
    assert found.about["cycle_title"] == "2022年泰州市智慧校园创建"
    for name in CONTACTS:
        folder = f"schools/hailing/{name}-"
        photos = [each for each in members if each.startswith(folder) and "/photos/" in each]
        assert [each.endswith(".jpg") for each in photos] == [True]
    assert {f"cycle/publications/{version}/公布名单.docx" for version in (1, 2)} <= set(members)
    code = (await year.service.get(f"/api/verify?code={found.about['code']}")).json
    assert code["sha256"] == found.manifest_sha256
