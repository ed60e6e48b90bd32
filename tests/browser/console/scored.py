"""An office in October: schools whose visits are closed."""

from tests.browser.console.conftest import Office
from tests.http.scored import City


async def scored(office: Office) -> City:
    """Schools of two districts with every grade; inspectors who part on an item."""
    world = office.world
    city = City(world.service, world.sign_in, world.rubric, world.city)
    full = city.rubric.points
    await city.school("海陵区莲花小学", past=["qualified"])
    await city.school("海陵区沿河小学", lost=full - 8500, own={"1.1.2": 100, "2.1.1": 200}, agreed={"1.1.2": 0})
    await city.school("海陵区渔行小学", unmet=[("1.1.1", "basic")])
    await city.school("兴化市楚水小学", district="xinghua", lost=full - 7400, own={"4.1.1": 200}, agreed={"4.1.1": 0})
    return city
