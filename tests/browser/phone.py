"""An inspector's phone: a context of the browser at phone size, and what a thumb does on it."""

import json
from collections.abc import Sequence
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    Response,
    ViewportSize,
    expect,
)

from tests.http.conftest import SignedIn

SIZE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 30_000

# All that the app keeps of a table, as plain data.
_READ = """async ([name, table]) => {
  const open = indexedDB.open(name)
  const db = await new Promise((resolve, reject) => {
    open.onsuccess = () => resolve(open.result)
    open.onerror = () => reject(open.error)
  })
  try {
    if (!db.objectStoreNames.contains(table)) return []
    const all = db.transaction(table).objectStore(table).getAll()
    const rows = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result) })
    return rows.map((row) => JSON.parse(JSON.stringify(row)))
  } finally {
    db.close()
  }
}"""


class Phone:
    """`page` shows the app. Everything that the service answered stands in `heard`, as text by address."""

    page: Page
    context: BrowserContext

    def __init__(self, browser: Browser, url: str, who: SignedIn) -> None:
        self.browser, self.url, self.who = browser, url, who
        self.heard: list[tuple[str, str]] = []
        self.errors: list[str] = []

    @property
    def database(self) -> str:
        """The name of the app's database for the person."""
        return f"zhiping-{self.who.person.id}"

    async def start(self) -> None:
        """A new phone on which the person has signed in."""
        self.context = await self.browser.new_context(
            viewport=SIZE,
            device_scale_factor=2,
            has_touch=True,
            is_mobile=True,
            locale="zh-CN",
        )
        self.context.set_default_timeout(PATIENCE)
        token = json.dumps(self.who.token)
        # Once: a session that ends while the app runs must stay ended.
        await self.context.add_init_script(
            f"if (!localStorage.getItem('signed-in')) {{ localStorage.setItem('zhiping.token', {token});"
            " localStorage.setItem('signed-in', 'yes') }"
        )
        await self.new_page()

    async def new_page(self) -> None:
        """A new tab, as after the old one was killed."""
        self.page = await self.context.new_page()
        self.page.on("response", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def _hear(self, response: Response) -> None:
        if "/api/" in response.url:
            try:
                self.heard.append((response.url, await response.text()))
            except Exception as error:  # Cut off, or of a tab that is gone.
                self.heard.append((response.url, f"({type(error).__name__})"))

    async def close(self) -> None:
        """Switches it off."""
        await self.context.close()

    async def go(self, path: str = "/m/") -> None:
        """Opens a page of the app."""
        await self.page.goto(self.url + path, wait_until="domcontentloaded")

    async def kill(self) -> None:
        """The tab is killed, and the app opened anew."""
        await self.page.close()
        await self.new_page()

    async def take_along(self, visit: str) -> None:
        """Opens a visit while there is a network, and waits until it works without: the worker and the pack."""
        await self.go(f"/m/visits/{visit}")
        await expect(self.page.get_by_role("link", name="接着打分")).to_be_visible()
        await self.page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")

    async def offline(self, without: bool = True) -> None:
        """Takes the network away, or gives it back."""
        await self.context.set_offline(without)

    def item(self, code: str) -> Locator:
        """The card of an item."""
        return self.page.locator(f'[id="item-{code}"]')

    async def give(self, code: str, points: str) -> None:
        """Taps points, and waits until they show as given."""
        button = (
            self.item(code)
            .get_by_role("group", name=f"{code} 得分")
            .get_by_role("button", name=f"{points} 分", exact=True)
        )
        await button.tap()
        await expect(button).to_have_attribute("aria-pressed", "true")

    async def answer_clauses(self, code: str) -> None:
        """Taps 达到 on every clause of an item that figures don't decide."""
        for clause in await self.item(code).locator(".clause").all():
            if "按申报数字" not in await clause.inner_text():
                button = clause.get_by_role("button", name="达到", exact=True)
                await button.tap()
                await expect(button).to_have_attribute("aria-pressed", "true")

    async def agree(self) -> None:
        """Says yes to the question that is asked."""
        dialog = self.page.locator(".van-dialog")
        await dialog.locator(".van-dialog__confirm").tap()
        await expect(dialog).to_be_hidden()

    async def sign(self, visit: str) -> None:
        """Signs the sheet."""
        await self.go(f"/m/visits/{visit}/finish")
        await self.page.get_by_role("button", name="签字", exact=True).tap()
        await self.agree()
        await expect(self.page.get_by_text("✓ 已签字")).to_be_visible()

    async def draw(self) -> None:
        """Draws a line on the only canvas."""
        canvas = self.page.locator("canvas")
        await canvas.scroll_into_view_if_needed()
        box = await canvas.bounding_box()
        assert box is not None
        await self.page.mouse.move(box["x"] + 30, box["y"] + 40)
        await self.page.mouse.down()
        await self.page.mouse.move(box["x"] + 160, box["y"] + 70, steps=5)
        await self.page.mouse.up()

    async def score_all(self, visit: str, points: dict[str, str]) -> None:
        """Scores every item on its indicator's page, all clauses met; `points` by item as the buttons show them."""
        indicators: dict[str, list[str]] = {}
        for code in points:
            indicators.setdefault(code.rsplit(".", 1)[0], []).append(code)
        for indicator, codes in indicators.items():
            await self.go(f"/m/visits/{visit}/score/{indicator}")
            for code in codes:
                await self.give(code, points[code])
                await self.answer_clauses(code)

    async def synced(self) -> None:
        """Waits until the banner says that all is on the server."""
        await self.page.locator("header.banner .state").tap()
        await expect(self.page.locator("header.banner")).to_contain_text("已全部同步", timeout=60_000)

    async def stored(self, table: str) -> list[dict[str, Any]]:
        """What the app keeps on the phone."""
        rows: list[dict[str, Any]] = await self.page.evaluate(_READ, [self.database, table])
        return rows

    async def photograph(self, code: str, pictures: Sequence[tuple[str, bytes]]) -> None:
        """Takes pictures for an item, by name and content, and waits until they show."""
        card = self.item(code)
        await card.wait_for()
        before = await card.locator(".photo").count()
        files: list[FilePayload] = [{"name": name, "mimeType": "image/jpeg", "buffer": each} for name, each in pictures]
        await card.locator('input[type="file"][multiple]').set_input_files(files)
        await expect(card.locator(".photo")).to_have_count(before + len(pictures))
