"""September and October at the city's desk: visits to plan and to watch, discrepancies to settle."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta

from playwright.async_api import Locator

from tests.browser.console.desk import Desk
from tests.browser.field import Field
from tests.http.arriving import Arrivals
from tests.http.conftest import SignedIn
from tests.http.visiting import PNG, SEPTEMBER, School, Visiting
from tests.photos import photo


@dataclass(slots=True)
class Autumn:
    """The service in September, and the desks that were opened."""

    field: Field
    desks: list[Desk] = dataclasses.field(default_factory=list)

    async def desk(self, path: str, who: SignedIn | None = None) -> Desk:
        """A desk of the city officer, or of whoever, on a page."""
        service = self.field.service
        desk = Desk(self.field.browser, f"http://127.0.0.1:{service.port}", who or self.field.visiting.city)
        self.desks.append(desk)
        await desk.start()
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


async def closed(autumn: Autumn, name: str, **points: int) -> School:
    """A school whose visit is closed, with photos of 1.1.1 and what the district and an inspector say of it."""
    visiting = autumn.field.visiting
    arrivals = Arrivals(autumn.field.service.deps)
    school = await visiting.school(name)
    await arrivals.evidence(school, "1.1.1", photo(1, size=(640, 480)))
    review = {"review.items.1_1_1": {"remark": "拓扑图不清", "points": 100}}
    await visiting.db.submissions.update_one({"_id": school.submission_id}, {"$set": review})
    one, two = await visiting.inspectors(2)
    visit = await visiting.plan(school, one, two)
    for who in (one, two):
        await visiting.score(visit, who, ("1.1.1", "note", "机房无设备"))
        await visiting.score_and_sign(visit, who, **points)
    taken_at = SEPTEMBER - timedelta(minutes=20)
    await arrivals.visit_photo(school, visit, one.person.id, "1.1.1", photo(2, size=(640, 480)), taken_at)
    await arrivals.check_all()
    await close_visit(visiting, visit, one)
    return school


async def answered(autumn: Autumn, school: School, item: str, text: str) -> SignedIn:
    """The school has answered."""
    visiting = autumn.field.visiting
    contact = await visiting.sign_in("school", school_id=school.id)
    path = f"/api/submissions/{school.submission_id}/answers/{item}"
    answer = await visiting.service.put(path, {"text": text}, contact.token)
    assert answer.status == 200, answer.body
    return contact


async def september(autumn: Autumn) -> School:
    """Visits in every state, schools that wait or can't be visited yet; the school that has answered."""
    visiting = autumn.field.visiting
    school = await closed(autumn, "海陵区城东小学", i1_1_1=0, i1_1_2=0)
    window = await visiting.post(
        f"/api/submissions/{school.submission_id}/answer-window", {"closes": "2022-09-30T17:00:00+08:00"}
    )
    assert window.status == 200, window.body
    await answered(autumn, school, "1.1.1", "设备当日送修，附送修单")
    one, two, three = await visiting.inspectors(3)
    await visiting.db.people.update_one({"_id": three.person.id}, {"$set": {"ties": [school.id]}})
    open_visit = await visiting.plan(await visiting.school("海陵区凤凰小学"), one, two, half="afternoon")
    await visiting.score(open_visit, one, *[each for each in visiting.everything() if each[0] < "3"])
    for name, district, day in (
        ("兴化市楚水小学", "xinghua", "2022-09-06"),
        ("兴化市实验小学", "xinghua", "2022-09-07"),
        ("靖江市外国语学校", "jingjiang", "2022-09-14"),
    ):
        await visiting.plan(await visiting.school(name, district=district), two, three, date=day)
    for name in ("海陵区莲花小学", "海陵区朱庄小学", "海陵区大冯小学"):
        await visiting.school(name)
    await visiting.school("泰兴市襟江小学", district="taixing", handed_in=False)
    return school
