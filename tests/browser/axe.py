"""axe-core on a page as it stands, in the dark and in the light."""

from pathlib import Path
from typing import Literal

from playwright.async_api import Page

_AXE = Path(__file__).resolve().parents[2] / "inspection/web/node_modules/axe-core/axe.min.js"
# Targets of 44 px are measured beside it; axe's own rule asks for 24.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# All of them that colours decide: the rest is the same in the other scheme.
_COLOURS = ["color-contrast", "link-in-text-block"]
_RUN = """(runOnly) => axe.run(document, { runOnly }).then((found) => found.violations.map((each) => [
  each.impact, `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 300)).join(' | ')}`]))"""

_NEXT_FRAMES = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
)

Scheme = Literal["light", "dark"]
# What is looked at next is light, as it was opened.
SCHEMES: tuple[Scheme, ...] = ("dark", "light")
SERIOUS = ("serious", "critical")
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def violations(page: Page, impacts: tuple[str, ...] = ("minor", "moderate", *SERIOUS)) -> list[str]:
    """What axe finds, of these impacts; and whether the page is wider than the screen."""
    found = list[str]()
    # Not as a script tag: the pages' policy runs nothing but their own.
    await page.evaluate(_AXE.read_text())
    for scheme, rules in zip(SCHEMES, (_COLOURS, _RULES), strict=True):
        await page.emulate_media(color_scheme=scheme)
        # Colours change with the next frame, or fade from there.
        await page.evaluate(_NEXT_FRAMES)
        await page.wait_for_function("() => document.getAnimations().length === 0")
        if await page.evaluate(WIDE) > 0:
            found.append(f"{scheme}: wider than the screen")
        found += [f"{scheme}: {text}" for impact, text in await page.evaluate(_RUN, rules) if impact in impacts]
    return found
