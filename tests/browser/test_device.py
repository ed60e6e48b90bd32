"""What a phone or its browser lacks is said where one looks first, with what to do; the rest works."""

from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Field
from tests.browser.field import ELSEWHERE
from tests.browser.phone import Phone
from tests.browser.test_faults import INDICATOR
from tests.browser.test_screenshots import picture

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
WECHAT = f"{IPHONE} MicroMessenger/8.0.50"
# A browser that calls itself so, and knows no service workers.
BROWSER = """Object.defineProperty(navigator, 'userAgent', { get: () => '%s' })
delete Navigator.prototype.serviceWorker"""
# What is loaded later is there now, the last of it too.
LOADED = "() => performance.getEntriesByType('resource').some((each) => each.name.includes('/Annotate-'))"
# 5 MB are left of the phone, and the browser promises nothing.
FULL = """navigator.storage.estimate = async () => ({ usage: 995e6, quota: 1000e6 })
let kept = false
navigator.storage.persisted = async () => kept
navigator.storage.persist = async () => { kept = window.generous === true; return kept }"""


async def prepare(field: Field, script: str = "", host: str = "127.0.0.1") -> tuple[Phone, str]:
    """A phone of such a kind, with a visit's page open."""
    (who,) = await field.visiting.inspectors(1)
    visit = await field.visiting.plan(await field.visiting.school(), who)
    phone = await field.new_phone(who, host)
    await phone.context.add_init_script(script)
    await phone.go(f"/m/visits/{visit}")
    await expect(phone.page.get_by_role("link", name="接着打分")).to_be_visible()
    return phone, visit


async def test_over_plain_http_it_works_online_and_says_what_is_missing(field: Field) -> None:
    phone, visit = await prepare(field, host=ELSEWHERE)
    assert await phone.page.evaluate("() => isSecureContext") is False
    await phone.go()
    await expect(phone.page.get_by_role("alert")).to_contain_text("当前是 http 连接：可以在线打分，但不能离线启动")
    await expect(phone.page.get_by_text("页面开着时可离线使用")).to_be_visible()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.give("1.1.1", "1")
    await expect(phone.item("1.1.1")).to_contain_text("比您高 1")
    await phone.synced()
    (mark,) = (await field.visiting.sheet(visit, phone.who))["fields"]
    assert (mark["item"], mark["value"]) == ("1.1.1", 1)
    files = phone.item("1.1.1").locator('input[type="file"][multiple]')
    await files.set_input_files([FilePayload(name="one.jpg", mimeType="image/jpeg", buffer=picture("1.1.1"))])
    await expect(phone.item("1.1.1")).to_contain_text("当前是 http 连接，不能保存照片。请改用 https 地址打开。")
    assert phone.errors == []


async def test_an_iphone_without_service_workers_works_offline_and_names_the_home_screen(field: Field) -> None:
    phone, visit = await prepare(field, BROWSER % IPHONE)
    page = phone.page
    await phone.go()
    await expect(page.get_by_text("这个浏览器没有网络时打不开本页。出发前请保持页面打开")).to_be_visible()
    await page.get_by_role("link", name="添加到主屏幕").tap()
    await expect(page.get_by_text("点“分享”按钮，选“添加到主屏幕”。主屏幕上的应用有自己的存储")).to_be_visible()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.item("1.1.1").wait_for()
    await page.wait_for_function(LOADED)
    await phone.offline()
    await phone.give("1.1.1", "1")
    await phone.photograph("1.1.1", [("one.jpg", picture("1.1.1"))])
    await phone.item("1.1.1").locator(".photo").tap()
    await page.get_by_role("button", name="标注", exact=True).tap()
    await expect(page.get_by_role("button", name="箭头")).to_be_visible()
    await page.get_by_role("button", name="取消").tap()
    await page.get_by_role("button", name="关闭").tap()
    # As long as the page is open one gets about: home says what becomes of work that stays here.
    await page.get_by_role("link", name="明细 2").tap()
    await page.get_by_role("link", name="全部评估").tap()
    await expect(page.get_by_role("alert")).to_contain_text("七天不打开，可能清掉网页内容：还有 2 项没有同步")
    await phone.offline(False)
    await phone.synced()
    await expect(page.get_by_role("alert")).to_be_hidden()
    (photo,) = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert photo["sha256"] is not None


async def test_wechat_on_an_iphone_leads_into_the_browser(field: Field) -> None:
    phone, _ = await prepare(field, BROWSER % WECHAT)
    await phone.go("/m/phone")
    await expect(phone.page.get_by_text("点右上角“…”，选“在浏览器打开”，再添加到主屏幕")).to_be_visible()


async def test_a_phone_that_is_full_and_promises_nothing_says_so(field: Field) -> None:
    phone, visit = await prepare(field, FULL)
    page = phone.page
    await phone.take_along(visit)
    await phone.go()
    await expect(page.get_by_role("alert")).to_contain_text("手机剩余空间不多。请先同步照片")
    await phone.offline()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.give("1.1.1", "1")
    await phone.go()
    await expect(page.get_by_text("空间紧张时，浏览器可能清理还没同步的内容。")).to_be_visible()
    await page.evaluate("() => { window.generous = true }")
    await page.get_by_role("button", name="允许长期保留").tap()
    await expect(page.get_by_text("空间紧张时")).to_be_hidden()
    await phone.go("/m/phone")
    await expect(page.get_by_text("可用 0.01 GB")).to_be_visible()
