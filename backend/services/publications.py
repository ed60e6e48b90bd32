"""Publishing all decided submissions of the cycle, in a way that is never half done for those who look.

It goes in steps, each in transactions of its own, since thousands of schools are too many for one:
1. begin: the snapshot is frozen with its hash, and nothing that it holds may be reopened from then on;
2. move: the submissions are published, some at a time;
3. complete: in one write the publication becomes the latest, which is the only one that anybody is shown;
4. tell: the schools are told, some at a time, each once.
An interrupted publication goes on from where it was, with the next POST or the next start of the service (`resume`).
A publication holds all results of the cycle up to then, so that the latest says it all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict
from backend.models.people import Actor, Role
from backend.models.publications import PublicationView, Publish
from backend.services import results
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, current
from backend.services.publication_lists import publication_view
from backend.services.snapshots import canonical, entry_content, freeze_entries
from backend.services.workflow import refusal, transition
from backend.store import cycles, discrepancies, outcomes, public_notices, publications, publishing, submissions
from backend.store.mongo import Document, Session, transact
from inspection.rules import workflow
from inspection.rules.problems import Problem
from inspection.rules.workflow import State, step, until_text

# Submissions moved, and schools told, in one transaction.
BATCH = 25
_MOVED = {"state": 1, "version": 1, "cycle": 1, "district": 1}


async def publish(deps: Deps, actor: Actor, body: Publish) -> PublicationView:
    """Publishes all that is decided, or brings a publication to its end that was interrupted.

    Raises `Conflict` where nothing is decided, a public notice still runs, or an objection waits to be settled.
    """
    publication_id = await transact(deps.db, lambda transaction: _begin(deps, transaction, actor, body))
    await _carry_out(deps, publication_id)
    return publication_view(await _found(deps, publication_id))


async def resume(deps: Deps) -> int:
    """Brings publications to their end that were interrupted, as a start of the service does; how many there were."""
    unfinished = await publishing.interrupted(deps.db)
    for publication_id in unfinished:
        await _carry_out(deps, publication_id)
    return len(unfinished)


async def _begin(deps: Deps, transaction: Session, actor: Actor, body: Publish) -> str:
    cycle = await current(deps, transaction)
    held = await publishing.hold(deps.db, transaction, cycle.id)
    if held["preparing"] is not None:
        return str(held["preparing"])
    if against := await obstacles(deps, transaction, cycle):
        raise refusal(State.DECIDED, against)
    decided = await public_notices.decided(deps.db, transaction, cycle.id)
    if not decided:
        raise Conflict("没有已认定而未公布的学校，请先认定", code="nothing_decided")
    entries = [
        *await publications.entries_of(deps.db, held["latest"], transaction),
        *await fresh_entries(deps, transaction, cycle, decided),
    ]
    title = body.title or default_title(cycle)
    publication = await freeze(deps, transaction, cycle, actor, held, entries, kind="publication", title=title)
    await publishing.change(
        deps.db, transaction, cycle.id, {"preparing": publication["_id"], "count": publication["version"]}
    )
    return str(publication["_id"])


async def obstacles(deps: Deps, transaction: Session | None, cycle: OpenCycle) -> Sequence[Problem]:
    """All that stands against a publication now (公示)."""
    missing: dict[str, Sequence[Problem]] = {}
    end, now = await public_notices.last_end(deps.db, transaction, cycle.id), deps.clock()
    if end is not None and now < end:
        until = until_text(end)
        missing["notice_over"] = [Problem("", "notice_over", f"公示期到{until}才结束，请到时再公布")]
    schools = await public_notices.open_objections(deps.db, transaction, cycle.id)
    if schools:
        message = f"对{'、'.join(dict.fromkeys(schools))}的异议尚未处理，请先处理"
        missing["objections_settled"] = [Problem("", "objections_settled", message)]
    # No date of a district bounds this transition: what holds for one submission holds for all.
    answer = step("publish", State.DECIDED, workflow.Role.CITY, now, {}, missing)
    return answer.reasons


def default_title(cycle: OpenCycle) -> str:
    """What a publication is called where nobody says otherwise."""
    return f"{cycle.cycle.title}评估结果"


async def fresh_entries(
    deps: Deps, transaction: Session | None, cycle: OpenCycle, decided: Sequence[Mapping[str, Any]]
) -> list[Document]:
    """New entries of submissions with a decision, neither moved nor told yet."""
    entries: list[Document] = []
    for start in range(0, len(decided), BATCH):
        batch = decided[start : start + BATCH]
        graded = await outcomes.by_submission(deps.db, [each["_id"] for each in batch], transaction)
        for submission in batch:
            outcome = graded[submission["_id"]]
            content = entry_content(deps, cycle.cycle.rules, submission, outcome)
            entries.append(
                {
                    "submission_id": submission["_id"],
                    "school_id": submission["school_id"],
                    "school": submission["school"]["name"],
                    "district": submission["district"],
                    "awarded": outcome["awarded"],
                    "content": canonical(content),
                    "moved": False,
                    "told": False,
                }
            )
    return entries


async def freeze(
    deps: Deps,
    transaction: Session,
    cycle: OpenCycle,
    actor: Actor,
    held: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    *,
    kind: str,
    title: str,
    reason: str | None = None,
) -> Document:
    """Stores a publication of these entries, in order and with its hashes, as preparing; gives it."""
    publication_id = deps.new_id()
    header = {"cycle": cycle.id, "kind": kind, "reason": reason, "title": title, "version": held["count"] + 1}
    # Thousands of results are some work; others go on meanwhile.
    frozen = await asyncio.to_thread(freeze_entries, deps, cycle.cycle.rules, header, entries)
    publication = {
        "_id": publication_id,
        "schema": publications.SCHEMA,
        **header,
        "state": "preparing",
        "created_at": deps.clock(),
        "by": {**actor.to_audit(), "name": actor.name},
        "published_at": None,
        "sha256": frozen.sha256,
        "public_sha256": frozen.public_sha256,
        "schools": len(frozen.public),
        "public": frozen.public,
    }
    numbered = [_numbered(deps, publication_id, entry, place) for place, entry in enumerate(frozen.entries)]
    await publications.insert(deps.db, transaction, publication, numbered)
    after = {name: publication[name] for name in ("cycle", "version", "kind", "sha256", "schools")}
    await audit(
        deps, transaction, actor, "publication.begun", "publication", publication_id, after=after, reason=reason
    )
    return publication


def _numbered(deps: Deps, publication_id: str, entry: Mapping[str, Any], position: int) -> Document:
    own = {"_id": deps.new_id(), "schema": publications.SCHEMA, "publication_id": publication_id}
    return {**entry, **own, "position": position}


async def _carry_out(deps: Deps, publication_id: str) -> None:
    """Moves, completes and tells. Whoever does it at the same time does no step twice."""
    publication = await _found(deps, publication_id)
    cycle = await cycles.find(deps.db, publication["cycle"], deps.cycle_cache)
    if cycle is None:
        raise LookupError(f"publication {publication_id} is of a cycle that is not open")
    while await transact(deps.db, lambda transaction: _move_some(deps, transaction, cycle, publication)):
        pass
    await transact(deps.db, lambda transaction: _complete(deps, transaction, publication))
    while await transact(deps.db, lambda transaction: _tell_some(deps, transaction, cycle, publication)):
        pass
    await transact(deps.db, lambda transaction: _finish(deps, transaction, publication))


async def _move_some(deps: Deps, transaction: Session, cycle: OpenCycle, publication: Mapping[str, Any]) -> bool:
    entries = await publications.not_yet(deps.db, transaction, publication["_id"], "moved", BATCH)
    for entry in entries:
        submission = await submissions.find(deps.db, entry["submission_id"], transaction, _MOVED)
        if submission is None:
            raise LookupError(f"entry {entry['_id']} has no submission")
        # What the transition needs was there when the publication began.
        await transition(deps, transaction, cycle, _by(publication), workflow.Role.CITY, submission, "publish", {})
    await discrepancies.leave_queue(deps.db, transaction, [entry["submission_id"] for entry in entries])
    await publications.mark(deps.db, transaction, [entry["_id"] for entry in entries], "moved")
    return bool(entries)


def _by(publication: Mapping[str, Any]) -> Actor:
    """Who published: whatever is done later is still done for them."""
    by = publication["by"]
    return Actor(by["person_id"], by["name"], Role(by["role"]), None, None, by["session_id"])


async def _complete(deps: Deps, transaction: Session, publication: Mapping[str, Any]) -> None:
    publication_id, cycle_id, now = publication["_id"], publication["cycle"], deps.clock()
    await publishing.hold(deps.db, transaction, cycle_id)
    if not await publications.complete(deps.db, transaction, publication_id, now):
        return
    await publishing.change(deps.db, transaction, cycle_id, {"latest": publication_id})
    after = {"sha256": publication["sha256"]}
    await audit(
        deps, transaction, _by(publication), "publication.published", "publication", publication_id, after=after
    )


async def _tell_some(deps: Deps, transaction: Session, cycle: OpenCycle, publication: Mapping[str, Any]) -> bool:
    entries = await publications.not_yet(deps.db, transaction, publication["_id"], "told", BATCH)
    await results.tell(deps, transaction, cycle, publication, entries)
    await publications.mark(deps.db, transaction, [entry["_id"] for entry in entries], "told")
    return bool(entries)


async def _finish(deps: Deps, transaction: Session, publication: Mapping[str, Any]) -> None:
    held = await publishing.hold(deps.db, transaction, publication["cycle"])
    if held["preparing"] == publication["_id"]:
        await publishing.change(deps.db, transaction, publication["cycle"], {"preparing": None})


async def _found(deps: Deps, publication_id: str) -> Document:
    publication = await publications.find(deps.db, publication_id)
    if publication is None:
        raise LookupError(f"publication {publication_id} is gone")
    return publication
