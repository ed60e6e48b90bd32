"""The demonstration's two courses: one cycle from nothing to publication, and a city with schools at every state."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import Progress

from backend.demonstration import forms, visits
from backend.demonstration.api import AT_ONCE
from backend.demonstration.registration import City, Entrant, add_officers, open_cycle, register, register_all
from backend.demonstration.schools import demo_schools

# How long a school of the demonstration may answer; the course waits for it to end.
ANSWER_SECONDS = 3
Work = Callable[[City, Entrant], Awaitable[None]]


async def each(progress: Progress, title: str, city: City, entrants: Sequence[Entrant], work: Work) -> None:
    """Does the work for all of these schools, a few at a time, on one line of the progress bar."""
    task = progress.add_task(title, total=len(entrants))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(entrant: Entrant) -> None:
        async with gate:
            await work(city, entrant)
        progress.advance(task)

    await asyncio.gather(*(one(entrant) for entrant in entrants))


async def begin(city: City, progress: Progress, name: str) -> None:
    """Opens the cycle and registers everybody."""
    task = progress.add_task("开启周期、登记学校和人员", total=3)
    await open_cycle(city, datetime.now(UTC), name)
    progress.advance(task)
    await add_officers(city)
    progress.advance(task)
    await register_all(city)
    progress.advance(task)


async def one_school(city: City, progress: Progress, name: str) -> Entrant:
    """The main job on one school: its self-assessment, three inspectors, the merge, and the explained grade."""
    task = progress.add_task("自评、推荐、现场评估、认定", total=6)
    await open_cycle(city, datetime.now(UTC), name)
    await add_officers(city)
    progress.advance(task)
    entrant = await register(city, next(school for school in demo_schools() if school.standard == "excellent"))
    city.entrants = [entrant]
    await forms.fill_in(city, entrant)
    await forms.submit(city, entrant)
    progress.advance(task)
    await forms.endorse(city, entrant)
    await forms.hand_in(city, entrant.school.district)
    progress.advance(task)
    await visits.plan(city, [entrant], datetime.now(UTC))
    progress.advance(task)
    await visits.inspect(city, entrant)
    progress.advance(task)
    body = {"submission_ids": [entrant.submission_id]}
    await city.api.call("POST", "/api/decisions", city.officer.token, body)
    progress.advance(task)
    return entrant


async def whole_cycle(city: City, progress: Progress, name: str) -> None:
    """One cycle from nothing to publication."""
    await begin(city, progress, name)
    entrants = city.entrants
    await each(progress, "学校填报", city, entrants, _fill_in)
    await each(progress, "学校提交", city, entrants, forms.submit)
    await each(progress, "市（区）初评", city, entrants, forms.endorse)
    for district in city.districts:
        await forms.hand_in(city, district)
    await visits.plan(city, entrants, datetime.now(UTC))
    await each(progress, "现场评估", city, entrants, visits.inspect)
    await answers(city, entrants)
    await decide(city, entrants, progress)
    await publish(city, entrants, progress)


async def _fill_in(city: City, entrant: Entrant) -> None:
    await forms.fill_in(city, entrant)


async def answers(city: City, entrants: Sequence[Entrant]) -> None:
    """Every fifth school may answer its discrepancies; the city upholds what was agreed, ends the time and waits."""
    asked = [entrant.submission_id for entrant in list(entrants)[::5]]
    opened = await _open_windows(city, asked, timedelta(hours=1))
    for entrant in entrants:
        if entrant.submission_id in opened:
            await _answer(city, entrant)
    # However slow the machine is, nobody's time is over before they have answered.
    soon = timedelta(seconds=ANSWER_SECONDS)
    await _open_windows(city, opened, soon)
    await asyncio.sleep(soon.total_seconds() + 0.1)


async def _open_windows(city: City, submission_ids: Sequence[str], last: timedelta) -> list[str]:
    """Opens windows that last so long from now, or moves their ends there; gives those that have one."""
    closes = (datetime.now(UTC) + last).isoformat()
    body = {"submission_ids": submission_ids, "closes": closes}
    opened = await city.api.call("POST", "/api/answer-windows", city.officer.token, body)
    return list(opened["opened"])


async def _answer(city: City, entrant: Entrant) -> None:
    path = f"/api/submissions/{entrant.submission_id}"
    rows = (await city.api.call("GET", f"{path}/discrepancies", entrant.contact.token))["items"]
    if not rows:
        return
    item = rows[0]["item"]
    text = {"text": "我校已补充相关佐证材料，恳请专家组复核。"}
    await city.api.call("PUT", f"{path}/answers/{item}", entrant.contact.token, text)
    settled = {"result": "upheld", "reason": "补充材料不足以改变现场评估的结论"}
    await city.api.call("POST", f"{path}/answers/{item}/settle", city.officer.token, settled)


async def decide(city: City, entrants: Sequence[Entrant], progress: Progress) -> None:
    """The city officer confirms the proposed grades together."""
    task = progress.add_task("认定等级", total=len(entrants))
    body = {"submission_ids": [entrant.submission_id for entrant in entrants], "opinion": "同意专家组意见。"}
    done = await city.api.call("POST", "/api/decisions", city.officer.token, body)
    if done["refused"]:
        raise RuntimeError(f"这些学校没有认定：{done['refused']}")
    progress.update(task, completed=len(done["decided"]))


async def publish(city: City, entrants: Sequence[Entrant], progress: Progress) -> Any:
    """The city officer publishes what is decided."""
    task = progress.add_task("公布结果", total=len(entrants))
    published = await city.api.call("POST", "/api/publications", city.officer.token, {})
    for entrant in entrants:
        entrant.state = "published"
    progress.update(task, completed=len(entrants))
    return published
