"""axe-core on every page, light and dark: no violation."""

from pathlib import Path
from typing import Literal

import pytest

from tests.browser.conftest import Field

AXE = Path(__file__).resolve().parents[2] / "inspection/web/node_modules/axe-core/axe.min.js"
# Targets of 44 px are measured below; axe's own rule asks for 24.
RUN = """() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  .then((found) => found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' | ')}`))"""
SMALL = """() => [...document.querySelectorAll('button, a, input, textarea')]
  .filter((each) => { const box = each.getBoundingClientRect()
    return !each.classList.contains('hidden-label') && box.width > 0 && (box.width < 43.5 || box.height < 43.5) })
  .map((each) => each.outerHTML.slice(0, 120))"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible(field: Field, scheme: Literal["light", "dark"]) -> None:
    visiting = field.visiting
    team = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), *team)
    await visiting.score(visit, team[0], *[each for each in visiting.everything() if each[0] != "1.1.2"])
    phone = await field.new_phone(team[0])
    await phone.page.emulate_media(color_scheme=scheme)
    await phone.take_along(visit)
    found: list[str] = []
    places = ("score/1.1", "score/1.2", "score/unscored", "score/search", "finish")
    for path in ("/m/", "/m/waiting", "/m/phone", f"/m/visits/{visit}", *(f"/m/visits/{visit}/{at}" for at in places)):
        await phone.go(path)
        await phone.page.locator("header.banner").get_by_text("已全部同步").wait_for()
        # Not as a script tag: the pages' policy runs nothing but their own.
        await phone.page.evaluate(AXE.read_text())
        problems = await phone.page.evaluate(RUN) + [f"small: {each}" for each in await phone.page.evaluate(SMALL)]
        if await phone.page.evaluate(WIDE) > 0:
            problems.append("wider than the screen")
        found += [f"{path.replace(visit, '…')} {problem}" for problem in problems]
    assert "\n".join(found) == ""
