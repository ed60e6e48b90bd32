"""Pictures on the phone: many of them, large ones, marked ones, and the school's own without a network."""

from playwright.async_api import expect

from tests.browser.conftest import Field
from tests.browser.test_faults import INDICATOR, prepare
from tests.browser.test_screenshots import picture
from tests.http.arriving import Arrivals
from tests.photos import encoded
from tests.photos import picture as scene

# Photos as the app keeps them, each another picture.
MANY = """async ([person, visit, count]) => {
  const open = indexedDB.open(`zhiping-${person}`)
  const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result) })
  const canvas = new OffscreenCanvas(480, 360)
  const pen = canvas.getContext('2d')
  for (let number = 0; number < count; number++) {
    pen.fillStyle = `hsl(${number}, 70%, 50%)`
    pen.fillRect(0, 0, 480, 360)
    const preview = await canvas.convertToBlob({ type: 'image/jpeg' })
    const photo = { id: crypto.randomUUID(), visit, item: number % 2 ? '1.1.1' : '1.1.2', sha256: 'f'.repeat(64),
      preview, takenAt: new Date(number * 1000).toISOString(), bytes: null, annotates: null, state: 'stored',
      announced: true, refusal: null }
    const writing = db.transaction('photos', 'readwrite')
    writing.objectStore('photos').put(photo)
    await new Promise((resolve) => { writing.oncomplete = resolve })
  }
  db.close()
}"""
LOADED = "() => [...document.querySelectorAll('.photo img')].filter((each) => each.naturalWidth > 0).length"


async def test_of_two_hundred_photos_only_those_in_sight_are_decoded(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.page.evaluate(MANY, [phone.who.person.id, visit, 200])
    await phone.go(f"/m/visits/{visit}/score/photos")
    await expect(phone.page.locator(".photo")).to_have_count(200)
    await phone.page.wait_for_function(f"() => ({LOADED})() > 0")
    await phone.page.wait_for_timeout(500)
    assert await phone.page.evaluate(LOADED) <= 120
    last = phone.page.locator(".photo img").last
    await last.scroll_into_view_if_needed()
    await expect(last).to_have_js_property("naturalWidth", 480)
    # The viewer holds a few of them, not all.
    await last.tap()
    await expect(phone.page.get_by_text("100 / 100")).to_be_visible()
    assert await phone.page.locator(".van-image-preview img").count() <= 5


async def test_a_photo_is_enlarged_marked_and_taken_back(field: Field) -> None:
    phone, visit = await prepare(field)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await phone.offline()
    await phone.photograph("1.1.1", [("one.jpg", picture("1.1.1"))])
    photos = phone.item("1.1.1").locator(".photo")
    await photos.first.tap()
    await phone.page.get_by_role("button", name="标注", exact=True).tap()
    await phone.draw()
    await phone.page.get_by_role("button", name="另存为标注照片").tap()
    await expect(photos).to_have_count(2)
    (original, marked) = sorted(await phone.stored("photos"), key=lambda each: each["takenAt"])
    assert (original["annotates"], marked["annotates"]) == (None, original["id"])
    assert original["sha256"] != marked["sha256"]
    # One that the service has not heard of yet can be taken back.
    await photos.last.tap()
    await phone.page.get_by_role("button", name="删除", exact=True).tap()
    await phone.agree()
    await expect(photos).to_have_count(1)
    await phone.offline(False)
    await phone.synced()
    (stored,) = (await field.visiting.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert stored["sha256"] == original["sha256"]
    await photos.first.tap()
    await expect(phone.page.get_by_role("button", name="关闭")).to_be_visible()
    await expect(phone.page.get_by_role("button", name="删除", exact=True)).to_be_hidden()


async def test_the_schools_photos_that_were_seen_are_there_without_a_network(field: Field) -> None:
    visiting = field.visiting
    (who,) = await visiting.inspectors(1)
    school = await visiting.school()
    visit = await visiting.plan(school, who)
    arrivals = Arrivals(field.service.deps)
    for item in ("1.1.1", "1.1.2"):
        await arrivals.evidence(school, item, encoded(scene(1)))
    await arrivals.check_all()
    phone = await field.new_phone(who)
    await phone.take_along(visit)
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    for item in ("1.1.1", "1.1.2"):
        await phone.give(item, "1")
    await phone.synced()

    async def look(item: str) -> None:
        await phone.item(item).get_by_role("button", name="学校自评").tap()

    await look("1.1.1")
    await expect(phone.item("1.1.1").locator(".photos img")).to_have_count(1)
    await phone.offline()
    await phone.kill()
    await phone.go(f"/m/visits/{visit}/score/{INDICATOR}")
    await look("1.1.1")
    shown = phone.item("1.1.1").locator(".photos img")
    await shown.scroll_into_view_if_needed()
    await expect(shown).to_have_js_property("naturalWidth", 320)
    await expect(phone.item("1.1.1")).to_contain_text("没有网络：这里是看过的缩略图")
    await look("1.1.2")
    await expect(phone.item("1.1.2")).to_contain_text("没有网络：学校的 2 份材料联网后再看")
