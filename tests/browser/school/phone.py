"""A contact's phone, and what a thumb does on the school's pages."""

import asyncio
from collections.abc import Sequence

from playwright.async_api import FilePayload, Locator, expect

from tests.browser.phone import PATIENCE, Phone


class SchoolPhone(Phone):
    """`page` shows the school's pages."""

    @property
    def database(self) -> str:
        """The name of the pages' database for the contact."""
        return f"zhiping-school-{self.who.person.id}-{self.who.person.holdings[0].school_id}"

    async def go(self, path: str = "/s/") -> None:
        """Opens a page."""
        await super().go(path)

    async def saved(self) -> None:
        """Waits until the banner says that all is on the service."""
        await self.page.locator("header.banner .state").tap()
        # Asked of the database first: on a busy machine the banner has not heard yet of what was typed just now.
        async with asyncio.timeout(60):
            while any(each["refusal"] is None for each in await self.stored("changes")):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        await expect(self.page.locator("header.banner")).to_contain_text("已全部保存", timeout=60_000)

    def field(self, label: str) -> Locator:
        """The input of this label."""
        return self.page.get_by_label(label, exact=True)

    async def type_into(self, label: str, text: str) -> None:
        """Types, and leaves the field."""
        await self.field(label).fill(text)
        await self.field(label).blur()

    async def give(self, code: str, points: str) -> None:
        """Taps points, and waits until they show as given."""
        group = self.item(code).get_by_role("group", name=f"{code} 自评得分")
        button = group.get_by_role("button", name=f"{points} 分", exact=True)
        await button.tap()
        await expect(button).to_have_attribute("aria-pressed", "true")

    async def claim_all(self, code: str, claim: str = "达到") -> None:
        """Taps the same claim on every clause of an item."""
        for clause in await self.item(code).locator(".claim").all():
            button = clause.get_by_role("button", name=claim, exact=True)
            await button.tap()
            await expect(button).to_have_attribute("aria-pressed", "true")

    async def attach(self, code: str, files: Sequence[tuple[str, str, bytes]]) -> None:
        """Chooses files (name, type, content) for an item from the album, and waits until they show."""
        card = self.item(code)
        before = await card.locator(".files li").count()
        chosen: list[FilePayload] = [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
        await card.get_by_label(f"{code} 相册或 PDF").set_input_files(chosen)
        await expect(card.locator(".files li")).to_have_count(before + len(files), timeout=PATIENCE)
