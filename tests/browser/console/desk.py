"""An officer's desk: a browser at 1440 × 900 on which they have signed in, and what one looks for on every page."""

import asyncio
import json

from playwright.async_api import Browser, BrowserContext, Download, Locator, Page, ViewportSize, expect

from tests.browser.axe import SERIOUS, violations
from tests.browser.phone import PATIENCE
from tests.http.conftest import SignedIn

SIZE: ViewportSize = {"width": 1440, "height": 900}


class Desk:
    """`page` shows the console. Errors of the page, and what its policy refused, are collected."""

    page: Page
    context: BrowserContext

    def __init__(self, browser: Browser, url: str, who: SignedIn | None) -> None:
        self.browser, self.url, self.who = browser, url, who
        self.errors: list[str] = []

    async def start(self) -> None:
        """A new browser, on which the person has signed in (nobody: none has)."""
        self.context = await self.browser.new_context(
            viewport=SIZE, locale="zh-CN", timezone_id="Asia/Shanghai", color_scheme="light", accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE)
        if self.who is not None:
            # Once: a session that ends while the console is open must stay ended.
            token = json.dumps(self.who.token)
            await self.context.add_init_script(
                f"if (!localStorage.getItem('signed-in')) {{ localStorage.setItem('zhiping.token', {token});"
                " localStorage.setItem('signed-in', 'yes') }"
            )
        self.page = await self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.errors.append(message.text) if "Content Security Policy" in message.text else None,
        )

    async def close(self) -> None:
        """Ends the browser; nothing may have gone wrong in it."""
        await self.context.close()
        assert self.errors == []

    async def go(self, path: str) -> None:
        """Opens a page of the console."""
        await self.page.goto(f"{self.url}/c{path}")

    async def looks(self, name: str) -> list[str]:
        """What is serious in the light and in the dark, with the name of what is looked at before it."""
        # Until what comes in has come.
        await self.page.wait_for_timeout(400)
        return [f"{name}, {each}" for each in await violations(self.page, SERIOUS)]

    async def saves(self, button: str) -> Download:
        """The file that a button saves."""
        async with self.page.expect_download() as waiting:
            await self.page.get_by_role("button", name=button, exact=True).click()
        return await waiting.value

    async def chooses(self, button: str, file: str, within: Locator | None = None) -> bytes:
        """The content of the file of that name under a button that offers several."""
        await (within or self.page).get_by_role("button", name=button).click()
        async with self.page.expect_download() as waiting:
            await self.page.get_by_role("menuitem", name=file).click()
        return await content(await waiting.value)

    async def says(self, text: str) -> None:
        """Waits for a message that comes and goes."""
        await expect(self.page.locator(".el-message").filter(has_text=text)).to_be_visible()


async def content(download: Download) -> bytes:
    """What is in a file that was saved."""
    return await asyncio.to_thread((await download.path()).read_bytes)
