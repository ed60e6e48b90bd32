"""The first operations of a visit start it; afterwards they write nothing but their own score sheet."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.people import Actor
from backend.services.cycles import current
from backend.services.list_state import list_handed_in
from backend.services.visit_access import member_of, role_in
from backend.services.workflow import faster, transition
from backend.store import score_sheets, submissions, visits
from backend.store.mongo import Session, transact
from inspection.rules.points import as_number
from inspection.rules.problems import Problem


async def start(deps: Deps, actor: Actor, visit_id: str) -> None:
    """Starts the visit, if nobody has yet, with one of its team acting.

    Every sheet gets a copy of the self-assessment, which shows item by item what has been scored: the hot path then
    reads nothing else. Raises `Conflict` with the reasons why it may not start.
    """
    cycle = await current(deps)

    async def work(transaction: Session) -> None:
        visit = await visits.find(deps.db, visit_id, transaction)
        if visit is None or member_of(visit, actor) is None:
            raise NotFound("没有这次现场评估，请检查")
        if visit["state"] != "planned":
            return
        submission = await submissions.find(deps.db, visit["submission_id"], transaction)
        if submission is None:
            raise NotFound("没有这次现场评估，请检查")
        missing: dict[str, Sequence[Problem]] = {}
        if not await list_handed_in(deps, transaction, cycle.id, visit["district"]):
            missing["list_handed_in"] = ()
        await transition(deps, transaction, cycle, actor, role_in(visit, actor), submission, "start_visit", missing)
        opened = {"$set": {"state": "open", "opened_at": deps.clock()}}
        if not await visits.change(deps.db, transaction, visit, opened):
            raise faster()
        await score_sheets.open_all(deps.db, transaction, visit_id, own_answers(submission))

    await transact(deps.db, work)


def own_answers(submission: Mapping[str, Any]) -> dict[str, Any]:
    """The school's answers by item as sheets hold them: points as numbers, claims, note, how much evidence."""
    return {
        key: {
            "points": None if item.get("points") is None else as_number(item["points"]),
            "clauses": {name: met for name, met in (item.get("clauses") or {}).items() if met is not None},
            "note": item.get("note"),
            "evidence": len(item.get("evidence") or ()),
        }
        for key, item in submission["items"].items()
    }
