"""A suggested plan of visits: what the rules make of the schools that wait, the inspectors, and the days."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from backend.deps import Deps
from backend.errors import Detail, Invalid
from backend.models.people import Actor
from backend.models.visits import Half, LeftOut, MemberView, SuggestedVisit, Suggestion, SuggestionBody
from backend.services.cycles import OpenCycle, current
from backend.services.list_state import list_handed_in
from backend.services.visit_checks import visit_days
from backend.store import visits
from backend.store.people import Person
from inspection.rules.plan import HalfDay, PlanInspector, PlannedVisit, PlanSchool, suggest
from inspection.rules.workflow import SHANGHAI


async def make(deps: Deps, actor: Actor, body: SuggestionBody) -> Suggestion:
    """Suggests visits to the endorsed schools without one, whose district has handed its list in. Nothing is saved.

    Raises `Invalid` for days outside the cycle's visits and for people who are no inspectors.
    """
    cycle = await current(deps)
    everyone = {person.id: person for person in await visits.all_inspectors(deps.db)}
    days = _days(deps, cycle, body.days)
    _check(cycle, body, everyone)
    planned = await visits.teams_and_times(deps.db, cycle.id)
    schools = await _waiting(deps, cycle, {visit["submission_id"] for visit in planned})
    load = Counter(member["inspector_id"] for visit in planned for member in visit["team"])
    chosen = [everyone[each] for each in body.inspectors or sorted(everyone)]
    # A large city's plan takes longer than the event loop can be kept waiting.
    plan = await deps.threads.run(
        lambda: suggest(
            [PlanSchool(each["school_id"], each["district"]) for each in schools.values()],
            [PlanInspector(each.id, frozenset(each.ties), load[each.id]) for each in chosen],
            [day.isoformat() for day in days],
            body.team_size,
            _taken(planned),
        )
    )
    return Suggestion(
        visits=[_view(visit, schools[visit.school], everyone) for visit in plan.visits],
        left_out=[
            LeftOut(
                submission_id=schools[each]["_id"],
                school_name=schools[each]["school"]["name"],
                district=schools[each]["district"],
            )
            for each in plan.left_out
        ],
    )


def _check(cycle: OpenCycle, body: SuggestionBody, everyone: Mapping[str, Person]) -> None:
    first, last = visit_days(cycle)
    message = f"日期应在终评期间：{first.isoformat()} 至 {last.isoformat()}"
    details = [
        Detail(f"/days/{number}", "out_of_range", message)
        for number, day in enumerate(body.days or ())
        if not first <= day <= last
    ]
    chosen = body.inspectors or []
    details += [
        Detail(f"/inspectors/{number}", "not_an_inspector", "没有这位市级评估专家，或者重复了，请检查")
        for number, each in enumerate(chosen)
        if each not in everyone or each in chosen[:number]
    ]
    if details:
        raise Invalid("编排的条件有误，请逐条改正", details=details)


def _days(deps: Deps, cycle: OpenCycle, wanted: Sequence[date] | None) -> Sequence[date]:
    """The days to plan on: those asked for, or all working days of the cycle's visits from today on."""
    if wanted is not None:
        return wanted
    first, last = visit_days(cycle)
    first = max(first, deps.clock().astimezone(SHANGHAI).date())
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.isoweekday() <= 5]


async def _waiting(deps: Deps, cycle: OpenCycle, visited: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The endorsed submissions without a visit, by school, of the districts whose list is handed in."""
    submissions = [each for each in await visits.waiting(deps.db, cycle.id) if each["_id"] not in visited]
    districts = sorted({each["district"] for each in submissions})
    ready = {each for each in districts if await list_handed_in(deps, None, cycle.id, each)}
    return {each["school_id"]: each for each in submissions if each["district"] in ready}


def _taken(planned: Iterable[Mapping[str, Any]]) -> list[tuple[str, HalfDay]]:
    return [
        (member["inspector_id"], HalfDay(visit["date"], visit["half"])) for visit in planned for member in visit["team"]
    ]


def _view(visit: PlannedVisit, submission: Mapping[str, Any], everyone: Mapping[str, Person]) -> SuggestedVisit:
    return SuggestedVisit(
        submission_id=submission["_id"],
        school_name=submission["school"]["name"],
        district=submission["district"],
        date=date.fromisoformat(visit.when.day),
        half=Half(visit.when.half),
        team=[
            MemberView(inspector_id=each, name=everyone[each].name, lead=position == 0)
            for position, each in enumerate(visit.team)
        ],
    )
