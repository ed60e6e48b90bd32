"""The year up to the end of August, at the console: the cycle, who takes part, reviews, the list that is handed in."""

import io
import re
from typing import Any

from openpyxl import load_workbook
from playwright.async_api import FilePayload, expect

from tests.browser.console.desk import Desk
from tests.browser.console.october import row
from tests.browser.console.test_tables import names
from tests.browser.console.year import PASSWORD, Year
from tests.documents import opened, rows
from tests.http.arriving import Arrivals
from tests.http.test_imports import AWARDS, PEOPLE, SCHOOLS, XLSX, workbook

CITY, DISTRICT = ("周处长", "13800000001"), ("王科长", "13800000002")
# By name: who is reached by WeChat.
INSPECTORS = {"孙专家": "13900000031", "吴专家": "13900000032"}
BEST, MENDED, BELOW, LEFT = "海陵区城东小学", "海陵区凤凰小学", "海陵区朱庄小学", "海陵区京泰路小学"
CONTACTS = {
    BEST: ("甲老师", "13900000001"),
    MENDED: ("乙老师", "13900000002"),
    BELOW: ("丙老师", "13900000003"),
    LEFT: ("丁老师", "13900000004"),
}
RECOMMENDED = (MENDED, BEST, BELOW)


async def opens_the_cycle(city: Desk) -> None:
    """Sets a password, and opens the cycle that is configured."""
    page = city.page
    await page.get_by_role("button", name=re.compile(CITY[0])).click()
    await page.get_by_role("menuitem", name="设置密码").click()
    await page.get_by_label("新密码（至少 10 位）").fill(PASSWORD)
    await page.get_by_label("再输一遍新密码").fill(PASSWORD)
    await page.get_by_role("button", name="保存").click()
    await city.says("密码已保存")
    await page.get_by_role("link", name="周期与日程").click()
    await page.get_by_role("article", name="2022年泰州市智慧校园创建").get_by_role("button", name="开启…").click()
    await page.get_by_role("button", name="开启", exact=True).click()
    await city.says("已开启")


async def imports_who_takes_part(city: Desk) -> None:
    """Schools with their contacts (at first with an error), people, past awards."""
    page = city.page
    schools = [["海陵区", name, "小学", *contact] for name, contact in CONTACTS.items()]
    people: list[list[Any]] = [[name, phone, "市级评估专家", None, None] for name, phone in INSPECTORS.items()]
    people.append([*DISTRICT, "市（区）教育局", "海陵区", None])
    await city.go("/imports")
    await gives(city, workbook(SCHOOLS, *schools[:-1], ["海陵县", *schools[-1][1:]]))
    await expect(page.get_by_role("alert")).to_contain_text("（A5）：不认识“海陵县”")
    await expect(row(city, LEFT)).to_contain_text("要改")
    await expect(page.get_by_role("button", name="导入", exact=True)).to_be_disabled()
    for kind, titles, lines in (
        ("schools", SCHOOLS, schools),
        ("people", PEOPLE, people),
        ("past-awards", AWARDS, [["海陵区", BEST, "2020", "合格型"]]),
    ):
        await city.go(f"/imports?kind={kind}")
        await gives(city, workbook(titles, *lines))
        await expect(page.get_by_role("status")).to_contain_text(f"共 {len(lines)} 行")
        await page.get_by_role("button", name="导入", exact=True).click()
        await city.says("已导入")


async def gives(city: Desk, book: bytes) -> None:
    """Chooses a workbook."""
    file: FilePayload = {"name": "表.xlsx", "mimeType": XLSX, "buffer": book}
    await city.page.locator("input[type=file]").set_input_files(file)


async def invites(year: Year, city: Desk) -> None:
    """Prints invitations for all contacts and inspectors, who type the codes in WeChat."""
    page = city.page
    for role, invited in (("inspector", [*INSPECTORS]), ("school", [name for name, _ in CONTACTS.values()])):
        await city.go(f"/people?role={role}")
        for name in invited:
            await row(city, name).get_by_role("checkbox").press("Space")
        await page.get_by_role("button", name=f"为选中的 {len(invited)} 人生成邀请函").click()
        await page.get_by_role("button", name="生成", exact=True).click()
        for name in invited:
            card = page.get_by_role("article", name=f"{name}的邀请函")
            await expect(card.get_by_role("img", name=f"{name}的小程序码")).to_be_visible()
            await year.bind(openid(name), await card.locator(".code").inner_text())
    await city.go("/invitations")
    await expect(row(city, "已使用")).to_have_count(len(INSPECTORS) + len(CONTACTS))


def openid(name: str) -> str:
    """The WeChat user of a person."""
    return f"o-{name.encode().hex()}"


async def makes_a_link(city: Desk, name: str) -> str:
    """The link that lets an officer in for the first time."""
    page = city.page
    await city.go("/people?role=district")
    await page.get_by_role("link", name=name).click()
    await page.get_by_role("button", name="生成链接：市（区）教育局（海陵区）").click()
    await expect(page.get_by_role("img", name=f"{name}的登录二维码")).to_be_visible()
    return await page.get_by_role("region", name="登录链接").locator(".url").inner_text()


async def schools_submit(year: Year) -> None:
    """All fill in everything, through the API."""
    for name, (contact, _) in CONTACTS.items():
        school = await year.school_of(openid(contact))
        await year.submit(school, **({"/application/applied": "demonstration"} if name == BEST else {}))
    await Arrivals(year.service.deps).check_all()


async def reviews(year: Year, district: Desk) -> None:
    """Returns one form, which comes again, recommends three schools, declines one."""
    page = district.page
    await opens_review(district, MENDED)
    await page.get_by_label("1.1.1 意见").fill("缺网络拓扑图")
    await expect(page.get_by_text("初评意见已全部保存")).to_be_visible()
    await page.get_by_role("button", name="退回修改").click()
    await page.get_by_label("总的理由（必填）").fill("佐证不全")
    await page.get_by_role("button", name="退回", exact=True).click()
    await district.says("已退回")
    await year.submit_again(await year.school_of(openid(CONTACTS[MENDED][0])), "已补网络拓扑图")
    for name in RECOMMENDED:
        await opens_review(district, name)
        if name == MENDED:
            await expect(page.locator('[id="item-1.1.1"]')).to_contain_text("已补网络拓扑图")
        await page.get_by_label("市（区）教育局意见").fill("材料属实，同意推荐。")
        await page.get_by_role("button", name="推荐", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="推荐", exact=True).click()
        await district.says("已推荐")
    await opens_review(district, LEFT)
    await page.get_by_role("button", name="不予推荐", exact=True).click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("今年条件尚不具备")
    await page.get_by_role("dialog").get_by_role("button", name="不予推荐", exact=True).click()
    await district.says("已不予推荐")


async def opens_review(district: Desk, school: str) -> None:
    """Opens the review of a school that has submitted."""
    await district.go("/schools?state=submitted")
    await names(district).filter(has_text=school).click()
    await expect(district.page.get_by_role("heading", name=school)).to_be_visible()


async def hands_in(year: Year, district: Desk) -> None:
    """Puts the list in order, hands it in; 附件4 and 附件3 say what is stored."""
    page = district.page
    await page.get_by_role("link", name="推荐名单").click()
    schools = page.locator("tbody tr")
    await expect(schools).to_have_count(len(RECOMMENDED))
    for to, name in enumerate(RECOMMENDED):
        if name not in await schools.nth(to).inner_text():
            await schools.filter(has_text=name).drag_to(schools.nth(to))
    await expect(schools.locator("a")).to_have_text(list(RECOMMENDED))
    await page.get_by_label("联系人", exact=True).fill(DISTRICT[0])
    await page.get_by_label("联系人电话").fill("0523-86880000")
    await expect(page.get_by_text("名单已全部保存")).to_be_visible()
    await page.get_by_role("button", name="上报…").click()
    await page.get_by_role("dialog").get_by_role("button", name="上报", exact=True).click()
    await district.says("推荐名单已上报")
    view = await year.read(district, "/api/recommendation-lists/hailing")
    # The annex asks for the type without 型.
    columns = ("school_name", "contact", "phone", "applied_name", "self_points", "highlights")
    expected = [
        [number, *(each[name].removesuffix("型") if name == "applied_name" else each[name] for name in columns)]
        for number, each in enumerate(view["rows"], 1)
    ]
    assert [each[1] for each in expected] == [*RECOMMENDED]
    book = load_workbook(io.BytesIO(await district.chooses("下载附件4", "Excel"))).worksheets[0]
    assert [[cell.value for cell in line] for line in book.iter_rows(min_row=5, max_row=7)] == expected
    annex = opened(await district.chooses("下载附件4", "Word"))
    assert rows(annex.tables[1])[1:] == [[str(cell) for cell in line] for line in expected]
    await page.get_by_role("link", name=BEST).click()
    form = opened(await district.chooses("下载表格", "附件3 自评表"))
    submission = view["rows"][RECOMMENDED.index(BEST)]["submission_id"]
    sums = (await year.read(district, f"/api/submissions/{submission}"))["sums"]
    lines = rows(form.tables[1])
    assert [line[3] for line in lines[1:-1]] == [str(each) for each in sums["indicators"].values()]
    assert lines[-1] == [f"自评总得分：{sums['total']}分"]
