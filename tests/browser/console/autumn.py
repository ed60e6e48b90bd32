"""September and October at the city's desk: visits to plan and to watch, discrepancies to settle."""

import dataclasses
from dataclasses import dataclass

from playwright.async_api import Locator

from tests.browser.console.desk import Desk, Scheme
from tests.browser.field import Field
from tests.http.conftest import SignedIn
from tests.http.visiting import PNG, Visiting


@dataclass(slots=True)
class Autumn:
    """The service in September, and the desks that were opened."""

    field: Field
    desks: list[Desk] = dataclasses.field(default_factory=list)

    async def desk(self, path: str, who: SignedIn | None = None, scheme: Scheme = "light") -> Desk:
        """A desk of the city officer, or of whoever, on a page."""
        service = self.field.service
        desk = Desk(self.field.browser, f"http://127.0.0.1:{service.port}", who or self.field.visiting.city)
        self.desks.append(desk)
        await desk.start(scheme)
        await desk.go(path)
        return desk


def half_day(desk: Desk, name: str) -> Locator:
    """Half a day on the calendar, like 9月5日 周一上午."""
    return desk.page.get_by_role("region", name=name, exact=True)


def chip(desk: Desk, school: str) -> Locator:
    """A visit on the calendar."""
    return desk.page.locator("[data-visit]").filter(has=desk.page.locator("strong", has_text=school))


async def close_visit(visiting: Visiting, visit: str, lead: SignedIn) -> None:
    """The school countersigns, the lead closes."""
    signed = {"name": "陈校长", "role": "校长", "signature": PNG}
    answer = await visiting.service.put(f"/api/visits/{visit}/countersignature", signed, lead.token)
    assert answer.status == 200, answer.body
    answer = await visiting.post(f"/api/visits/{visit}/close", None, lead)
    assert answer.status == 200, answer.body
