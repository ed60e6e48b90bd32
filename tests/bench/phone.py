"""The app on a phone: what it downloads, how soon a tap is durable, how soon it starts without a network, and how long
a day's work takes to get to the server.

The service, a proxy and Debian's Chromium at phone size, all on this machine.
"""

import asyncio
import io
import secrets
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import async_playwright, expect

from backend.logs import configure_logs
from backend.store import embedded
from backend.store.indexes import ensure_indexes
from backend.store.mongo import connect
from inspection.rules.points import as_number
from tests.bench.figures import RUNS, Figure, measured
from tests.browser.field import FLAGS, Field, built_pages, chromium, in_the_field, running_browser
from tests.browser.phone import SIZE, Phone
from tests.browser.proxy import Line
from tests.http.conftest import Clock, signing_in

ROOT = Path(__file__).parents[2]
SLOWER = 4
TAPS = 60
# An offline day, and the network that it meets in the evening: bytes a second, and seconds there and back.
PHOTOS, PHOTO_BYTES = 40, 1_500_000
RATE, ROUND_TRIP = 5_000_000 / 8, 0.15

# When a tap began, and when what it chose shows as chosen, which it does once it is on the disk.
_WATCH = """() => {
  window.taps = []
  let began = 0
  addEventListener('pointerdown', (event) => { began = event.timeStamp }, true)
  new MutationObserver((changes) => {
    if (began && changes.some(({ target }) => target.getAttribute('aria-pressed') === 'true')) {
      window.taps.push(performance.now() - began)
      began = 0
    }
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['aria-pressed'] })
}"""
# When the first button for points can be tapped, from the beginning of the navigation.
_USABLE = """() => new Promise((resolve) => {
  const look = () => {
    const button = document.querySelector('[role=group] button:not(:disabled)')
    if (button) resolve(performance.now())
    else requestAnimationFrame(look)
  }
  look()
})"""


def figures() -> list[Figure]:
    """KB of JavaScript and CSS, gzipped; ms at p95; s; and the time of a sync beside that which its photos need."""
    subprocess.run([ROOT / ".ci/web.sh", "build"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return [
        measured("phone entry, JavaScript and CSS, gzipped", _kilobytes, "KB", 250, floor=False),
        *asyncio.run(_in_browser()),
    ]


def _kilobytes() -> float:
    assets = (ROOT / "inspection/web/dist/phone/assets").iterdir()
    return sum(file.stat().st_size for file in assets if file.name.endswith((".js.gz", ".css.gz"))) / 1000


async def _in_browser() -> list[Figure]:
    async with _field() as field:
        taps, slow = await _taps(field)
        starts = await _cold_starts(field)
        day = await _offline_day(field)
    return [
        Figure("a tap until it is durable and shown, p95", tuple(taps), "ms", 100),
        Figure(f"the same at {SLOWER}× CPU slowdown, p95", tuple(slow), "ms"),
        Figure(f"cold start offline to a usable visit, {SLOWER}× CPU slowdown", tuple(starts), "s", 2.5),
        # One run: it takes two minutes.
        Figure("an offline day's sync, beside the time that its photos' bytes need", (day,), "×", 1.15),
    ]


@asynccontextmanager
async def _field() -> AsyncIterator[Field]:
    configure_logs("error", "console")
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        try:
            db, clock = connect(server.uri, "phone"), Clock()
            await ensure_indexes(db)
            # The clock here stands in another year.
            await db.client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
            async with (
                running_browser() as browser,
                in_the_field(db, clock, signing_in(db, clock), browser, built_pages()) as field,
            ):
                yield field
        finally:
            server.kill()


async def _visit(field: Field, name: str) -> tuple[Phone, str]:
    (who,) = await field.visiting.inspectors(1)
    visit = await field.visiting.plan(await field.visiting.school(name), who)
    phone = await field.new_phone(who)
    await phone.take_along(visit)
    return phone, visit


async def _taps(field: Field) -> tuple[list[float], list[float]]:
    """ms at p95, at full speed and slowed down; on the longest page, all 82 items, while each tap is synced."""
    phone, visit = await _visit(field, "点击小学")
    await phone.go(f"/m/visits/{visit}/score/mine")
    await expect(phone.page.locator("article")).to_have_count(82)
    session = await phone.context.new_cdp_session(phone.page)
    await phone.page.evaluate(_WATCH)
    found = []
    for slower in (1, SLOWER):
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await _tap_p95(field, phone, "0")
        found.append([await _tap_p95(field, phone, ("0.5", "0")[run % 2]) for run in range(RUNS)])
    return found[0], found[1]


async def _tap_p95(field: Field, phone: Phone, points: str) -> float:
    await phone.page.evaluate("() => { window.taps.length = 0 }")
    for code in list(field.visiting.rubric.items)[:TAPS]:
        await phone.give(code, points)
    taps: list[float] = sorted(await phone.page.evaluate("() => window.taps"))
    assert len(taps) == TAPS, len(taps)
    return taps[int(0.95 * len(taps))]


async def _cold_starts(field: Field) -> list[float]:
    """s; the browser is started anew each time, as after the phone was."""
    (who,) = await field.visiting.inspectors(1)
    visit = await field.visiting.plan(await field.visiting.school("冷启动小学"), who)
    address = f"http://127.0.0.1:{field.proxy.port}"
    starts = []
    with tempfile.TemporaryDirectory(prefix="zhiping-phone-") as folder:
        async with async_playwright() as playwright:
            profile: dict[str, Any] = {"executable_path": chromium(), "args": FLAGS, "viewport": SIZE}
            known = await playwright.chromium.launch_persistent_context(folder, **profile)
            await known.add_init_script(f"localStorage.setItem('zhiping.token', '{who.token}')")
            page = known.pages[0]
            await page.goto(f"{address}/m/visits/{visit}")
            await page.get_by_role("link", name="接着打分").wait_for()
            await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
            await known.close()
            for _ in range(RUNS):
                context = await playwright.chromium.launch_persistent_context(folder, **profile)
                await context.set_offline(True)
                page = await context.new_page()
                session = await context.new_cdp_session(page)
                await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
                await page.goto(f"{address}/m/visits/{visit}/score/1.1", wait_until="commit")
                starts.append(float(await page.evaluate(_USABLE)) / 1000)
                await context.close()
    return starts


async def _offline_day(field: Field) -> float:
    """The time until all is on the server, as a multiple of that which the photos alone need at the network's rate."""
    phone, visit = await _visit(field, "离线小学")
    await phone.offline()
    points = {code: str(as_number(item.points)) for code, item in field.visiting.rubric.items.items()}
    await phone.score_all(visit, points)
    picture = _photo()
    for number, code in enumerate(list(points)[:PHOTOS]):
        await phone.go(f"/m/visits/{visit}/score/{code.rpartition('.')[0]}")
        unlike = picture + secrets.token_bytes(PHOTO_BYTES - len(picture))
        await phone.photograph(code, [(f"{number}.jpg", unlike)])
    field.proxy.lines = (Line(RATE, ROUND_TRIP / 2), Line(RATE, ROUND_TRIP / 2))
    begun = time.perf_counter()
    await phone.offline(False)
    await expect(phone.page.locator("header.banner")).to_contain_text("已全部同步", timeout=300_000)
    taken = time.perf_counter() - begun
    field.proxy.lines = None
    stored = await field.visiting.db.visit_photos.count_documents({"visit_id": visit, "blob_id": {"$ne": None}})
    assert stored == PHOTOS
    return taken / (PHOTOS * PHOTO_BYTES / RATE)


def _photo() -> bytes:
    """A JPEG of a bit less than the size of the day's photos; what comes behind its end makes each another one."""
    noise = Image.effect_noise((1700, 1275), 80).convert("RGB")
    kept = io.BytesIO()
    noise.save(kept, "JPEG", quality=85)
    assert kept.tell() < PHOTO_BYTES, kept.tell()
    return kept.getvalue()
