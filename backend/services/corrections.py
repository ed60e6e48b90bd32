"""Correcting a published result. Nothing published is edited: a correction is a further version, with its reason.

The grade is a pure function of its inputs, and so is a corrected one. In one transaction the city officer rules on the
items that were wrong, which stand in the visit like all rulings; the rules decide anew, which makes a further version
of the decision; and a further publication takes the latest over whole, but for the one school. The submission stays
published; the decision and publication before stay as they were.
"""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, NotFound
from backend.models.people import Actor
from backend.models.publications import Correct, PublicationView
from backend.services import publishing, results
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, current
from backend.services.decisions import make
from backend.services.publication_lists import find, publication_view
from backend.services.publications import freeze, fresh_entries
from backend.services.revisions import rule
from backend.services.submissions import visible
from backend.services.workflow import refusal
from backend.store import discrepancies, publications
from backend.store import publishing as marks
from backend.store.mongo import Session, transact
from inspection.rules.problems import Problem
from inspection.rules.workflow import NEEDS, State


async def correct(deps: Deps, actor: Actor, publication_id: str, body: Correct) -> PublicationView:
    """Rules otherwise on a published school, and publishes the result anew; the school and its district are told.

    Raises `NotFound` for a publication or a school that is not in it; `Conflict` where there is a newer publication, or
    the actor reviewed the school; `Invalid` for what can't be ruled.
    """
    before = await find(deps, publication_id)

    async def work(transaction: Session) -> PublicationView:
        cycle = await current(deps, transaction)
        held = await publishing.hold(deps, transaction, cycle)
        if held["latest"] != publication_id:
            raise Conflict("已有更新的公布版本，请在最新版本上更正", code="version_conflict")
        submission = await visible(deps, actor, body.submission_id, transaction)
        entries = await publications.entries_of(deps.db, publication_id, transaction)
        others = [entry for entry in entries if entry["submission_id"] != body.submission_id]
        if len(others) == len(entries):
            raise NotFound("公布的结果里没有这所学校，请检查")
        await _decide_anew(deps, transaction, actor, cycle, submission, body)
        [entry] = await fresh_entries(deps, transaction, cycle, [submission])
        publication = await freeze(
            deps,
            transaction,
            cycle,
            actor,
            held,
            [*others, {**entry, "moved": True, "told": True}],
            kind="correction",
            title=before["title"],
            reason=body.reason,
        )
        publication = await _complete(deps, transaction, actor, publication, body)
        await results.tell(deps, transaction, cycle, publication, [entry])
        return publication_view(publication)

    return await transact(deps.db, work)


async def _decide_anew(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    body: Correct,
) -> None:
    """Rules on the items, and makes a further version of the decision; who reviewed the school may not."""
    if actor.person_id in submission["review"]["reviewers"]:
        raise refusal(State.PUBLISHED, [Problem("", "second_person", NEEDS["second_person"])])
    for number, each in enumerate(body.rulings):
        change = (each.item, each.points, each.clauses, body.reason)
        await rule(deps, transaction, actor, cycle, submission, *change, path=f"/rulings/{number}")
    await discrepancies.leave_queue(deps.db, transaction, [body.submission_id])
    await make(deps, transaction, cycle, actor, submission, correction=body.reason)


async def _complete(
    deps: Deps, transaction: Session, actor: Actor, publication: Mapping[str, Any], body: Correct
) -> dict[str, Any]:
    now, publication_id = deps.clock(), publication["_id"]
    await publications.complete(deps.db, transaction, publication_id, now)
    latest = {"latest": publication_id, "count": publication["version"]}
    await marks.change(deps.db, transaction, publication["cycle"], latest)
    after = {"submission_id": body.submission_id, "sha256": publication["sha256"]}
    await audit(
        deps,
        transaction,
        actor,
        "publication.corrected",
        "publication",
        publication_id,
        after=after,
        reason=body.reason,
    )
    return {**publication, "state": "published", "published_at": now}
