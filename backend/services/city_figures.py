"""The city's figures: the sums of what each scored school adds, in memory for as long as no school's has changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    attained, awarded), `days` and `minutes` say how long each visit was open."""

    totals: list[int] = field(default_factory=list)
    grades: Counter[tuple[str, str | None, str | None]] = field(default_factory=Counter)
    undecided: int = 0
    indicators: dict[str, IndicatorGap] = field(default_factory=dict)
    days: list[int] = field(default_factory=list)
    minutes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CityFigures:
    """The sums of all schools: by district, and what is known of each inspector with the number of their visits."""

    districts: Mapping[str, ScopeFigures]
    inspectors: Mapping[str, tuple[int, Comparison]]


async def read(deps: Deps, cycle: OpenCycle) -> CityFigures:
    """The sums as they stand. They are added up in a thread, and only where something has changed."""

    async def stand() -> tuple[str, int, int]:
        count, stamps = await figures.stand(deps.db, cycle.id)
        if count < await figures.counted_submissions(deps.db, cycle.id) and await _complete(deps, cycle):
            count, stamps = await figures.stand(deps.db, cycle.id)
        return cycle.id, count, stamps

    async def make() -> CityFigures:
        return await deps.threads.run(lambda: _add_up(figures.all_now(deps.db, cycle.id)))

    sums: CityFigures = await deps.figures.at(stand, make)
    return sums


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


def _add_up(documents: list[dict[str, Any]]) -> CityFigures:
    scopes: dict[str, ScopeFigures] = {}
    gaps: dict[tuple[str, str], list[list[int]]] = {}
    compared: dict[str, list[list[int]]] = {}
    for each in documents:
        district = each["district"]
        scope = scopes.setdefault(district, ScopeFigures())
        if each["total"] is None:
            scope.undecided += 1
        else:
            scope.totals.append(each["total"])
            scope.grades[each["applied"], each["attained"], each["awarded"]] += 1
        scope.days.append(each["days"])
        scope.minutes.append(each["minutes"])
        for key, gap in each["indicators"].items():
            gaps.setdefault((district, key), []).append(gap)
        for inspector in each["inspectors"]:
            compared.setdefault(inspector["id"], []).append(inspector["counts"])
    for (district, key), parts in gaps.items():
        scopes[district].indicators[item_code(key)] = gaps_together(parts)
    return CityFigures(scopes, {each: (len(parts), together(parts)) for each, parts in compared.items()})
