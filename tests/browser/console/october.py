"""October at a city officer's desk: schools whose visits are closed; how tables are read and fields filled."""

from playwright.async_api import Locator

from tests.browser.console.conftest import Office
from tests.browser.console.desk import Desk
from tests.http.conftest import Clock
from tests.http.scored import OCTOBER, City


async def october(office: Office, clock: Clock) -> City:
    """The city in October, with schools whose visits are closed."""
    clock.set(OCTOBER)
    world = office.world
    officer = await world.sign_in("city", name="周处长")
    city = City(world.service, world.sign_in, world.rubric, officer)
    await city.school("甲小学", applied="excellent", lost=2050)
    await city.school("乙小学", district="xinghua", unmet=[("1.1.5", "demonstration")])
    await city.school("丙小学", unmet=[("1.1.1", "basic")])
    return city


def row(desk: Desk, text: str) -> Locator:
    """The row of the table that begins with it."""
    return desk.page.locator(".el-table__row").filter(has_text=text)


async def choose(desk: Desk, field: Locator, option: str) -> None:
    """Chooses the option of a select, by keys as far as it opens."""
    await field.focus()
    await field.press("Enter")
    await desk.page.get_by_role("option", name=option).first.click()
