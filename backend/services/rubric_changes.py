"""Taking a changed rubric: the cycle is held to it from then on, and what is published stays with its own.

It goes in steps, since thousands of outcomes are too many for one transaction: the cycle changes first, in one, and
pins what is published; then outcomes are brought in step, some at a time. Whatever interrupts it, sending it again goes
on, and a decision made meanwhile is by the new rubric all the same.
"""

import time

from backend.deps import Deps
from backend.errors import Conflict
from backend.models.people import Actor
from backend.models.rubric_changes import Adopted, Adoption
from backend.services import publishing, rubric_candidates
from backend.services.audit import audit
from backend.services.cases import load_case
from backend.services.cycles import OpenCycle, current
from backend.services.discrepancies import refresh
from backend.services.workflow import faster
from backend.store import rubric_changes, submissions
from backend.store.mongo import Session, transact
from inspection.rules.workflow import State

# A request brings outcomes in step for so long, and says how many remain.
SECONDS = 5.0


async def adopt(deps: Deps, actor: Actor, sha256: str, body: Adoption) -> Adopted:
    """Makes the candidate the cycle's rubric, or goes on where that was interrupted.

    Raises `NotFound`; `Conflict` where the cycle's rubric is another than it was compared with, where a school is
    decided and not published, or a publication is under way.
    """
    cycle = await current(deps)
    if cycle.rubric.sha256 != sha256:
        await transact(deps.db, lambda transaction: _take(deps, transaction, actor, sha256, body))
        deps.cycle_cache.drop()
        cycle = await current(deps)
    return Adopted(sha256=sha256, remaining=await _bring_in_step(deps, cycle))


async def _take(deps: Deps, transaction: Session, actor: Actor, sha256: str, body: Adoption) -> None:
    cycle = await current(deps, transaction)
    await publishing.hold(deps, transaction, cycle)
    candidate = await rubric_candidates.find(deps, sha256, transaction)
    before = cycle.rubric.sha256
    if before != body.present_sha256:
        raise Conflict("本周期的细则刚刚改过，请重新比较后再决定是否采用", code="version_conflict")
    if against := await rubric_candidates.blocked(deps, cycle, transaction):
        raise Conflict("；".join(against), code="decided_schools")
    now = deps.clock()
    if not await rubric_changes.adopt(deps.db, transaction, cycle.id, cycle.version, candidate, now):
        raise faster()
    pinned = await rubric_changes.pin_published(deps.db, transaction, cycle.id, before)
    await rubric_changes.remove(deps.db, transaction, sha256)
    told = {"rubric_sha256": sha256, "published_kept": pinned}
    await audit(
        deps,
        transaction,
        actor,
        "rubric.adopted",
        "cycle",
        cycle.id,
        before={"rubric_sha256": before},
        after=told,
        reason=body.reason,
    )


async def _bring_in_step(deps: Deps, cycle: OpenCycle) -> int:
    """Computes outcomes of the rubric before anew, for some seconds; how many remain."""
    waiting = await rubric_changes.outdated(deps.db, cycle.id, cycle.rubric.sha256)
    until = time.monotonic() + SECONDS
    for done, submission_id in enumerate(waiting):
        if time.monotonic() > until:
            return len(waiting) - done

        async def work(transaction: Session, submission_id: str = submission_id) -> None:
            submission = await submissions.find(deps.db, submission_id, transaction)
            if submission is not None and submission["state"] == State.SCORED.value:
                visit, case = await load_case(deps, transaction, cycle, submission)
                await refresh(deps, transaction, cycle, submission, visit, case)

        await transact(deps.db, work)
    return 0
