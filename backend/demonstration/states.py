"""A city full of life: schools at every state and grade, as they stand together in the middle of September."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from rich.progress import Progress

from backend.demonstration import forms, visits
from backend.demonstration.cycle import answers, begin, decide, each, publish
from backend.demonstration.registration import City, Entrant

# These districts have handed in; the others are still at it.
HANDED_IN = ("hailing", "gaogang", "jiangyan", "xinghua")
CLOSED_EARLY = "taixing"
# How far each school gets, in turn: of those that are handed in, and of the others.
THERE = ("published", "published", "decided", "published", "scored", "published", "visiting", "published", "endorsed")
ELSEWHERE = ("endorsed", "submitted", "draft", "returned", "endorsed", "submitted", "draft", "declined", "withdrawn")
ORDER = ("draft", "submitted", "endorsed", "visiting", "scored", "decided", "published")


def goals(city: City) -> Mapping[str, str]:
    """The state that each school is to reach, by its submission."""
    found = {}
    for number, entrant in enumerate(city.entrants):
        turn = THERE if entrant.school.district in HANDED_IN else ELSEWHERE
        found[entrant.submission_id] = turn[number % len(turn)]
    return found


async def fill(city: City, progress: Progress, name: str) -> None:
    """Opens the cycle, registers everybody, and brings every school to its state."""
    await begin(city, progress, name)
    goal = goals(city)

    def those(wanted: Callable[[str], bool]) -> list[Entrant]:
        return [entrant for entrant in city.entrants if wanted(goal[entrant.submission_id])]

    def at_least(state: str) -> list[Entrant]:
        return those(lambda each: each in ORDER and ORDER.index(each) >= ORDER.index(state))

    async def fill_in(city: City, entrant: Entrant) -> None:
        await forms.fill_in(city, entrant, 0.4 if goal[entrant.submission_id] == "draft" else 1.0)

    async def review(city: City, entrant: Entrant) -> None:
        await _review(city, entrant, goal[entrant.submission_id])

    await each(progress, "学校填报", city, city.entrants, fill_in)
    await each(progress, "学校提交", city, those(lambda each: each != "draft"), forms.submit)
    await _close_early(city)
    await each(progress, "市（区）初评", city, those(lambda each: each not in ("draft", "submitted")), review)
    for district in HANDED_IN:
        await forms.hand_in(city, district)
    # What is done lies behind us, what is under way is today, on whatever day of the week, and the rest is to come.
    now = datetime.now(UTC)
    coming = [entrant for entrant in those(lambda each: each == "endorsed") if entrant.school.district in HANDED_IN]
    await visits.plan(city, at_least("scored"), now, visits.working_days(now, last=0))
    await visits.plan(city, coming, now, visits.working_days(now, first=1), shared=True)
    await visits.plan(city, those(lambda each: each == "visiting"), now, [visits.today(now)], shared=True)
    await each(progress, "现场评估", city, at_least("scored"), visits.inspect)
    await each(progress, "现场评估进行中", city, those(lambda each: each == "visiting"), _half_way)
    await answers(city, at_least("scored"))
    await decide(city, at_least("published"), progress)
    await publish(city, at_least("published"), progress)
    await decide(city, those(lambda each: each == "decided"), progress)


async def _close_early(city: City) -> None:
    """One district closed its submissions before the others: what is still a draft there is late."""
    body = {"closes": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
    path = f"/api/cycle/districts/{CLOSED_EARLY}/closing"
    await city.api.call("PUT", path, city.districts[CLOSED_EARLY].token, body)


async def _review(city: City, entrant: Entrant, goal: str) -> None:
    officer = city.districts[entrant.school.district].token
    if goal == "returned":
        body = {"reason": "自评依据不足，请逐项补充说明", "remarks": {"1.1.1": "缺少无线网络覆盖的照片"}}
        await forms.step(city, entrant, officer, "return", body)
    elif goal == "declined":
        await forms.step(city, entrant, officer, "decline", {"reason": "基础环境尚未达到基本要求，建议明年再申报"})
    elif goal == "withdrawn":
        await forms.step(city, entrant, entrant.contact.token, "withdraw", {"reason": "校区正在改造，今年不再申报"})
    else:
        await forms.endorse(city, entrant)


async def _half_way(city: City, entrant: Entrant) -> None:
    _, team = await visits.team_of(city, entrant)
    for number, inspector in enumerate(team):
        await visits.score(city, entrant, inspector, (1.0, 0.6, 0.3)[number % 3])
