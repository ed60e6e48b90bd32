"""The cycle that runs, pinned to its rubric, with what officers changed of its dates; and how an answer shows it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from backend.deps import Deps
from backend.errors import Conflict, NotFound
from backend.models.cycles import (
    ClauseView,
    CycleDates,
    CycleView,
    DistrictDates,
    FiguresView,
    GradeView,
    GroupView,
    IndicatorView,
    ItemView,
    RubricView,
    TargetView,
)
from backend.models.people import Actor, Role
from backend.store import cycles, schools
from backend.store.cycles import OpenCycle as OpenCycle
from backend.store.mongo import Session
from inspection.rules.cycle import DATES, District
from inspection.rules.rubric import Clause, Item, Rubric

# A cycle's definition changes a few times a year; a request may act on one this old (seconds).
FRESH_FOR = 2.0


async def current(deps: Deps, transaction: Session | None = None) -> OpenCycle:
    """The cycle that runs; within a transaction as it stands there, else at most `FRESH_FOR` seconds old.

    Raises `Conflict` where none has been opened.
    """
    cycle = await find_current(deps, transaction)
    if cycle is None:
        raise Conflict("评估周期尚未开启，请联系市教育局开启后再试", code="no_cycle")
    return cycle


async def find_current(deps: Deps, transaction: Session | None = None) -> OpenCycle | None:
    """Like `current`, but None where no cycle has been opened."""
    cache, clock = deps.cycle_cache, asyncio.get_running_loop().time
    if transaction is not None:
        return await cycles.find(deps.db, deps.settings.cycle, cache, transaction)
    if kept := cache.get(clock(), FRESH_FOR):
        return kept
    async with cache.reading:
        if kept := cache.get(now := clock(), FRESH_FOR):
            return kept
        cycle = await cycles.find(deps.db, deps.settings.cycle, cache)
        if cycle is not None:
            cache.put(now, cycle)
        return cycle


def calendar(cycle: OpenCycle, district: str) -> Mapping[str, datetime]:
    """The dates by name that bound a district's transitions, extensions applied."""
    dates = {name: getattr(cycle.cycle.dates, name) for name in DATES}
    dates["submission_closes"] = cycle.closes.get(district, dates["submission_closes"])
    dates["hand_in"] = cycle.hand_in.get(district, dates["hand_in"])
    return dates


async def read(deps: Deps, actor: Actor) -> CycleView:
    """The cycle, with the dates of the districts that concern the actor. Raises `Conflict` where none is open."""
    return cycle_view(await current(deps), await _districts_of(deps, actor))


async def rubric(deps: Deps, sha256: str | None) -> RubricView:
    """The rubric that the cycle pinned; or the one of this hash, which a published result may have kept.

    Raises `Conflict` where no cycle is open, `NotFound` for a hash of none that was ever in force.
    """
    pinned = (await current(deps)).rubric
    if sha256 is None or sha256 == pinned.sha256:
        return _rubric_view(pinned)
    try:
        return _rubric_view(await cycles.find_rubric(deps.db, sha256, deps.cycle_cache))
    except KeyError:
        raise NotFound("没有这个版本的评估细则，请检查网址") from None


async def _districts_of(deps: Deps, actor: Actor) -> Sequence[District]:
    if actor.role in (Role.CITY, Role.ADMIN):
        return deps.districts
    own = actor.district
    if actor.school_id is not None:
        school = await schools.find(deps.db, actor.school_id)
        own = school["district"] if school else None
    return [district for district in deps.districts if district.id == own]


def cycle_view(opened: OpenCycle, districts: Sequence[District]) -> CycleView:
    """How an answer shows the cycle, with the dates of these districts."""
    cycle = opened.cycle
    return CycleView(
        name=cycle.name,
        title=cycle.title,
        year=cycle.year,
        rubric=opened.rubric.name,
        rubric_sha256=opened.rubric.sha256,
        opened_at=opened.opened_at,
        dates=CycleDates(**{name: getattr(cycle.dates, name) for name in DATES}),
        districts=[district_dates(opened, district) for district in districts],
        grades=[
            GradeView(grade=each.name, title=each.title, min_total=each.min_total, clauses=list(each.requirements))
            for each in cycle.rules.grades
        ],
        targets=[TargetView(year=each.year, grade=each.grade, share=each.share) for each in cycle.targets],
        score_step=cycle.rules.score_step,
        spread_tolerance=cycle.rules.spread_tolerance,
        evidence_required=cycle.rules.evidence_required,
    )


def district_dates(cycle: OpenCycle, district: District) -> DistrictDates:
    """The dates that hold for the district."""
    dates = calendar(cycle, district.id)
    return DistrictDates(
        district=district.id,
        name=district.name,
        submission_closes=dates["submission_closes"],
        hand_in=dates["hand_in"],
    )


@lru_cache(maxsize=4)
def _rubric_view(rubric: Rubric) -> RubricView:
    groups = [
        GroupView(
            code=group.code,
            name=group.name,
            points=group.points,
            indicators=[
                IndicatorView(
                    code=indicator.code,
                    name=indicator.name,
                    points=indicator.points,
                    items=[_item_view(item) for item in indicator.items],
                )
                for indicator in group.indicators
            ],
        )
        for group in rubric.groups
    ]
    return RubricView(
        name=rubric.name,
        title=rubric.title,
        sha256=rubric.sha256,
        points=rubric.points,
        note=rubric.note,
        groups=groups,
    )


def _item_view(item: Item) -> ItemView:
    return ItemView(
        code=item.code,
        points=item.points,
        text=item.text,
        starred=item.starred,
        clauses=[clause_view(clause) for clause in item.clauses],
    )


def clause_view(clause: Clause) -> ClauseView:
    """How an answer shows a clause."""
    figures = clause.figures
    return ClauseView(
        name=clause.name,
        requirement=clause.requirement,
        text=clause.text,
        stages=sorted(clause.stages),
        figures=FiguresView(kind=figures.kind, at_most=dict(figures.at_most)) if figures else None,
    )
