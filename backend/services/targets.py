"""Where the city and its districts stand on the cycle's targets."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from backend.deps import Deps
from backend.models.people import Actor, Role
from backend.models.targets import GradeShare, ScopeTargets, TargetProgress, Targets
from backend.services.cycles import OpenCycle, current
from backend.services.snapshots import district_name
from backend.store import publications, publishing, targets
from inspection.rules.targets import TargetStanding, add_up, held_grade, holding_at_least, standings

Held = Mapping[str | None, int]


async def read(deps: Deps, actor: Actor) -> Targets:
    """The standings of the city and all districts; of its own district for a district's officer."""
    cycle = await current(deps)
    only = actor.district if actor.role is Role.DISTRICT else None
    publication = await publications.find(deps.db, (await publishing.read(deps.db, cycle.id))["latest"])
    held = await _held(deps, cycle, publication["_id"] if publication else None)
    districts = [each.id for each in deps.districts if only is None or each.id == only]
    scopes = [_scope(cycle, each, district_name(deps, each), held.get(each, {})) for each in districts]
    if only is None:
        scopes.insert(0, _scope(cycle, None, "全市", add_up(held.values())))
    version = publication["version"] if publication else None
    return Targets(cycle=cycle.id, publication_version=version, scopes=scopes)


async def _held(deps: Deps, cycle: OpenCycle, publication_id: str | None) -> Mapping[str, Held]:
    """The schools by district and held grade: counted anew only after a school has changed, or a publication."""

    async def stand() -> tuple[str, str | None, int]:
        return cycle.id, publication_id, await targets.stand(deps.db)

    async def make(_: object) -> Mapping[str, Held]:
        awards = await publications.awards(deps.db, publication_id) if publication_id else {}
        held: dict[str, Counter[str | None]] = defaultdict(Counter)
        async for school_id, district, past in targets.past_awards(deps.db):
            held[district][held_grade(cycle.cycle.rules, [*past, awards.get(school_id)])] += 1
        return held

    held: Mapping[str, Held] = await deps.targets.at(stand, make)
    return held


def _scope(cycle: OpenCycle, district: str | None, name: str, held: Held) -> ScopeTargets:
    rules, schools = cycle.cycle.rules, sum(held.values())
    at_least = holding_at_least(rules, held)
    return ScopeTargets(
        district=district,
        name=name,
        schools=schools,
        grades=[
            GradeShare(
                grade=grade.name,
                grade_title=grade.title,
                holding=at_least[grade.name],
                share=round(at_least[grade.name] / schools, 4) if schools else 0,
            )
            for grade in rules.grades
        ],
        targets=[
            _target_view(rules.grade(each.target.grade).title, each)
            for each in standings(rules, cycle.cycle.targets, held)
        ],
    )


def _target_view(title: str, standing: TargetStanding) -> TargetProgress:
    return TargetProgress(
        year=standing.target.year,
        grade=standing.target.grade,
        grade_title=title,
        share=float(standing.target.share),
        holding=standing.holding,
        needed=standing.needed,
        missing=standing.missing,
        reached=standing.reached,
    )
