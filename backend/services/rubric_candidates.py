"""A changed rubric, before anybody takes it: what differs, and which schools' outcomes would be others."""

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from backend.config_files import ConfigError, parse_rubric_file
from backend.deps import Deps
from backend.errors import Detail, Invalid, NotFound
from backend.models.people import Actor
from backend.models.rubric_changes import (
    Candidate,
    Candidates,
    ChangedOutcome,
    ChangedOutcomes,
    IndicatorDifference,
    IndicatorSide,
    ItemDifference,
    ItemSide,
    OutcomeSide,
    OutcomesQuery,
)
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, clause_view, current
from backend.services.outcomes import statement
from backend.services.reconciliation import cases
from backend.services.snapshots import district_name
from backend.store import rubric_changes
from backend.store.mongo import Session, transact
from inspection.rules.case import Case
from inspection.rules.outcome import Outcome, assess
from inspection.rules.rubric import Indicator, Item, Rubric
from inspection.rules.rubric_changes import ItemChange, indicator_changes, item_changes, under
from inspection.rules.workflow import State

# Of these the outcome would be computed anew. What is published is pinned to its rubric.
AFFECTED = (State.SCORED, State.DECIDED)
# So many schools are looked at in one request: about half a second.
SCHOOLS_EACH = 100


async def upload(deps: Deps, actor: Actor, source: bytes) -> Candidate:
    """Keeps a rubric file to be looked at. Raises `Invalid` with everything wrong in it, and `Conflict` without a
    cycle."""
    cycle = await current(deps)
    rubric = await deps.threads.run(lambda: _parsed(cycle, source))
    candidate = {
        "_id": rubric.sha256,
        "schema": rubric_changes.SCHEMA,
        "cycle": cycle.id,
        "name": rubric.name,
        "source": source,
        "at": deps.clock(),
        "by": {"person_id": actor.person_id, "name": actor.name},
    }
    await rubric_changes.put(deps.db, candidate)
    return await _view(deps, cycle, candidate, rubric)


def _parsed(cycle: OpenCycle, source: bytes) -> Rubric:
    try:
        return parse_rubric_file(source, Path(f"{cycle.rubric.name}.yaml"))
    except ConfigError as error:
        details = [Detail("", each.code, each.message) for each in error.problems]
        raise Invalid(f"细则文件有 {len(details)} 处要改，请逐条改正后重新上传", details=details) from error


async def listed(deps: Deps, actor: Actor) -> Candidates:
    """The candidates that were neither taken nor left. Raises `Conflict` without a cycle."""
    cycle = await current(deps)
    found = await rubric_changes.of_cycle(deps.db, cycle.id)
    return Candidates(candidates=[await _view(deps, cycle, each, await _rubric(deps, cycle, each)) for each in found])


async def read(deps: Deps, actor: Actor, sha256: str) -> Candidate:
    """A candidate, compared with the cycle's rubric as it is now. Raises `NotFound`."""
    cycle = await current(deps)
    candidate = await find(deps, sha256)
    return await _view(deps, cycle, candidate, await _rubric(deps, cycle, candidate))


async def leave(deps: Deps, actor: Actor, sha256: str) -> None:
    """Forgets a candidate; nothing has come of it. Raises `NotFound`."""

    async def work(transaction: Session) -> None:
        if not await rubric_changes.remove(deps.db, transaction, sha256):
            raise _not_there()
        await audit(deps, transaction, actor, "rubric.left", "rubric", sha256)

    await transact(deps.db, work)


async def outcomes(deps: Deps, actor: Actor, sha256: str, query: OutcomesQuery) -> ChangedOutcomes:
    """The schools among the next hundred whose outcome would be another one by the candidate.

    It is worked out in a thread, from the signed sheets and rulings as they are. Raises `NotFound`.
    """
    cycle = await current(deps)
    rubric = await _rubric(deps, cycle, await find(deps, sha256))
    found: list[tuple[Mapping[str, Any], Case]] = []
    async with aclosing(cases(deps, cycle, AFFECTED, after=query.cursor or "")) as every:
        async for submission, _, case in every:
            found.append((submission, case))
            if len(found) == SCHOOLS_EACH:
                break
    compared = await deps.threads.run(lambda: [_compared(case, rubric) for _, case in found])
    return ChangedOutcomes(
        items=[
            _changed(deps, cycle, submission, case, rubric, before, after)
            for (submission, case), (before, after) in zip(found, compared, strict=True)
            if _differ(before, after)
        ],
        checked=len(found),
        next_cursor=found[-1][0]["_id"] if len(found) == SCHOOLS_EACH else None,
    )


def _compared(case: Case, rubric: Rubric) -> tuple[Outcome, Outcome]:
    return assess(case), assess(under(case, rubric))


def _differ(before: Outcome, after: Outcome) -> bool:
    """Whether the grade or the total is another one; how a grade is explained follows from these and the rubric."""
    return _key(before) != _key(after)


def _key(outcome: Outcome) -> tuple[int, str | None, str | None] | None:
    decision = outcome.decision
    return (decision.total, decision.attained, decision.awarded) if decision else None


def _changed(
    deps: Deps,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    case: Case,
    rubric: Rubric,
    before: Outcome,
    after: Outcome,
) -> ChangedOutcome:
    sides = _side(cycle, before), _side(cycle, after)
    return ChangedOutcome(
        submission_id=submission["_id"],
        school_name=submission["school"]["name"],
        district=submission["district"],
        district_name=district_name(deps, submission["district"]),
        before=sides[0],
        after=sides[1],
        grade_changes=(sides[0].attained, sides[0].awarded) != (sides[1].attained, sides[1].awarded),
        open_items=[code for code, item in after.items.items() if not item.settled],
    )


def _side(cycle: OpenCycle, outcome: Outcome) -> OutcomeSide:
    decision = outcome.decision
    if decision is None:
        return OutcomeSide(total=None, attained=None, awarded=None, statement=None)
    return OutcomeSide(
        total=decision.total,
        attained=decision.attained,
        awarded=decision.awarded,
        statement=statement(cycle.cycle.rules, decision.attained, decision.awarded),
    )


async def find(deps: Deps, sha256: str, transaction: Session | None = None) -> Mapping[str, Any]:
    """The candidate as stored. Raises `NotFound`."""
    candidate = await rubric_changes.find(deps.db, sha256, transaction)
    if candidate is None:
        raise _not_there()
    return candidate


def _not_there() -> NotFound:
    return NotFound("没有这份待比较的细则，可能已被采用或放弃，请重新上传")


async def _rubric(deps: Deps, cycle: OpenCycle, candidate: Mapping[str, Any]) -> Rubric:
    known = deps.cycle_cache.rubrics
    sha256: str = candidate["_id"]
    if sha256 not in known:
        known[sha256] = await deps.threads.run(lambda: _parsed(cycle, candidate["source"]))
    return known[sha256]


async def blocked(deps: Deps, cycle: OpenCycle, transaction: Session | None = None) -> list[str]:
    """Why no rubric can be taken just now."""
    decided = await rubric_changes.count(deps.db, cycle.id, State.DECIDED, transaction)
    return [f"有 {decided} 所学校已认定而未公布，请先公布，或撤回认定"] if decided else []


async def _view(deps: Deps, cycle: OpenCycle, candidate: Mapping[str, Any], rubric: Rubric) -> Candidate:
    counts = {state: await rubric_changes.count(deps.db, cycle.id, state) for state in (*AFFECTED, State.PUBLISHED)}
    return Candidate(
        sha256=rubric.sha256,
        present_sha256=cycle.rubric.sha256,
        present=rubric.sha256 == cycle.rubric.sha256,
        name=rubric.name,
        title=rubric.title,
        points=rubric.points,
        present_points=cycle.rubric.points,
        note_changed=rubric.note != cycle.rubric.note,
        uploaded_at=candidate["at"],
        uploaded_by=candidate["by"]["name"],
        items=[_item(each) for each in item_changes(cycle.rubric, rubric)],
        indicators=[
            IndicatorDifference(code=each.code, before=_indicator(each.before), after=_indicator(each.after))
            for each in indicator_changes(cycle.rubric, rubric)
        ],
        schools=sum(counts[state] for state in AFFECTED),
        published=counts[State.PUBLISHED],
        blocked=await blocked(deps, cycle),
    )


def _item(change: ItemChange) -> ItemDifference:
    return ItemDifference(
        code=change.code,
        kind="added" if change.before is None else "removed" if change.after is None else "changed",
        parts=list(change.parts),
        before=_item_side(change.before),
        after=_item_side(change.after),
    )


def _item_side(item: Item | None) -> ItemSide | None:
    if item is None:
        return None
    return ItemSide(points=item.points, text=item.text, clauses=[clause_view(each) for each in item.clauses])


def _indicator(indicator: Indicator | None) -> IndicatorSide | None:
    return None if indicator is None else IndicatorSide(name=indicator.name, points=indicator.points)
