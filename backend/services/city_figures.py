"""The city's figures: the sums of what each scored school adds, in memory for as long as no school's has changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from backend.deps import Deps
from backend.services.cases import load_case
from backend.services.cycles import OpenCycle
from backend.services.figures import note
from backend.store import figures, submissions
from backend.store.figures import COUNTED
from backend.store.mongo import Session, transact
from backend.store.submissions import item_code
from inspection.rules.agreement import Comparison, together
from inspection.rules.distributions import IndicatorGap, gaps_together
from inspection.rules.outcome import assess
from inspection.rules.workflow import State


@dataclass(slots=True)
class ScopeFigures:
    """What the scored schools of a district come to; totals in hundredths. `grades` counts the schools by (applied,
    attained, awarded), `days` and `minutes` say how long each visit was open, `inspectors` has visits and counts."""

    totals: list[int] = field(default_factory=list)
    grades: Counter[tuple[str, str | None, str | None]] = field(default_factory=Counter)
    undecided: int = 0
    indicators: dict[str, IndicatorGap] = field(default_factory=dict)
    days: list[int] = field(default_factory=list)
    minutes: list[int] = field(default_factory=list)
    inspectors: dict[str, tuple[int, Comparison]] = field(default_factory=dict)


# District, part of it, schools, sum of stamps.
Stands = tuple[tuple[str, str, int, int], ...]


@dataclass(slots=True)
class _District:
    """What is kept of a district: the stands of its parts, what each comes to, and all together."""

    at: dict[str, tuple[int, int]] = field(default_factory=dict)
    parts: dict[str, ScopeFigures] = field(default_factory=dict)
    sums: ScopeFigures = field(default_factory=ScopeFigures)


@dataclass(frozen=True, slots=True)
class CityFigures:
    """The sums of the city, and by district."""

    city: ScopeFigures
    districts: Mapping[str, ScopeFigures]


async def stands(deps: Deps, cycle: OpenCycle) -> Stands:
    """What the figures are the figures of: the same, while no school's have changed. Whoever has none gets them."""
    found = await figures.stands(deps.db, cycle.id)
    count = sum(schools for schools, _ in found.values())
    if count < await figures.counted_submissions(deps.db, cycle.id) and await _complete(deps, cycle):
        found = await figures.stands(deps.db, cycle.id)
    return tuple((*place, *stand) for place, stand in sorted(found.items()))


async def read(deps: Deps, cycle: OpenCycle, at: Stands) -> CityFigures:
    """The sums at these stands. Only those parts of districts are added up in which something has changed."""
    known: dict[str, _District] = deps.figures.parts.setdefault(cycle.id, {})
    now: dict[str, dict[str, tuple[int, int]]] = {}
    for district, part, *stand in at:
        now.setdefault(district, {})[part] = (stand[0], stand[1])
    for district, parts in now.items():
        last = known.get(district, _District())
        if last.at != parts:
            known[district] = await deps.threads.run(partial(_of_district, deps, cycle.id, district, last, parts))
    scopes = {district: known[district].sums for district in now}
    return CityFigures(_together(scopes.values()), scopes)


async def _complete(deps: Deps, cycle: OpenCycle) -> int:
    """Notes the schools that were scored by a version of the service that kept no figures; how many there were."""
    missing = await figures.without(deps.db, cycle.id)
    for submission_id in missing:

        async def work(transaction: Session, submission_id: str = submission_id) -> None:
            submission = await submissions.find(deps.db, submission_id, transaction)
            if submission is not None and State(submission["state"]) in COUNTED:
                visit, case = await load_case(deps, transaction, cycle, submission)
                await note(deps, transaction, submission, visit, case, assess(case))

        await transact(deps.db, work)
    return len(missing)


def _of_district(
    deps: Deps, cycle_id: str, district: str, last: _District, at: dict[str, tuple[int, int]]
) -> _District:
    changed = [part for part, stand in at.items() if last.at.get(part) != stand]
    found = figures.of_parts_now(deps.db, cycle_id, district, changed)
    parts = {part: _add_up(found[part]) if part in found else last.parts[part] for part in at}
    return _District(at, parts, _together(parts.values()))


def _add_up(documents: list[dict[str, Any]]) -> ScopeFigures:
    scope = ScopeFigures()
    gaps: dict[str, list[list[int]]] = {}
    compared: dict[str, list[list[int]]] = {}
    for each in documents:
        if each["total"] is None:
            scope.undecided += 1
        else:
            scope.totals.append(each["total"])
            scope.grades[each["applied"], each["attained"], each["awarded"]] += 1
        scope.days.append(each["days"])
        scope.minutes.append(each["minutes"])
        for key, gap in each["indicators"].items():
            gaps.setdefault(key, []).append(gap)
        for inspector in each["inspectors"]:
            compared.setdefault(inspector["id"], []).append(inspector["counts"])
    scope.indicators = {item_code(key): gaps_together(parts) for key, parts in gaps.items()}
    scope.inspectors = {each: (len(parts), together(parts)) for each, parts in compared.items()}
    return scope


def _together(scopes: Iterable[ScopeFigures]) -> ScopeFigures:
    """What parts come to; all of it adds up."""
    whole = ScopeFigures()
    gaps: dict[str, list[IndicatorGap]] = {}
    compared: dict[str, list[tuple[int, Comparison]]] = {}
    for each in scopes:
        whole.totals += each.totals
        whole.grades += each.grades
        whole.undecided += each.undecided
        whole.days += each.days
        whole.minutes += each.minutes
        for code, gap in each.indicators.items():
            gaps.setdefault(code, []).append(gap)
        for inspector, counts in each.inspectors.items():
            compared.setdefault(inspector, []).append(counts)
    whole.indicators = {code: gaps_together(parts) for code, parts in gaps.items()}
    whole.inspectors = {
        inspector: (sum(visits for visits, _ in parts), together([counts for _, counts in parts]))
        for inspector, parts in compared.items()
    }
    return whole
