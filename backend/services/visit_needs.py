"""What a visit still needs before it can be closed, by the needs of the workflow's table."""

from collections.abc import Mapping, Sequence

from backend.deps import Deps
from backend.services.visit_case import VisitCase, unsigned_problems
from backend.store import visit_photos
from backend.store.mongo import Session
from inspection.rules.outcome import Outcome
from inspection.rules.problems import Problem, pointer
from inspection.rules.reconciliation import AgreedItem
from inspection.rules.workflow import NEEDS

_UNDECIDED = {"inspectors_differ": "专家意见不一致", "unscored": "无人打分或判定"}


async def missing_for_closing(
    deps: Deps, transaction: Session | None, found: VisitCase, outcome: Outcome
) -> Mapping[str, Sequence[Problem]]:
    """The needs of `close_visit` that are not there, each with everything it lacks."""
    unstored = await visit_photos.unstored(deps.db, found.visit["_id"], transaction)
    written_off = {each["evidence_id"] for each in found.visit["written_off"]}
    needs = {
        "all_agreed": [*unsigned_problems(found), *_undecided(outcome)],
        "photos_stored": [
            Problem(pointer("evidence", photo["_id"]), "photos_stored", f"{photo['item']} 的一张照片尚未上传")
            for photo in unstored
            if photo["_id"] not in written_off
        ],
        "countersigned": [] if found.visit["countersignature"] else [_problem("countersigned")],
    }
    return {name: problems for name, problems in needs.items() if problems}


def _problem(need: str) -> Problem:
    return Problem("", need, NEEDS[need])


def _undecided(outcome: Outcome) -> list[Problem]:
    return [problem for code, agreed in outcome.items.items() if not agreed.settled for problem in _open(code, agreed)]


def _open(code: str, agreed: AgreedItem) -> list[Problem]:
    problems = []
    if agreed.points is None:
        problems.append(
            Problem(pointer("items", code, "points"), agreed.rule, f"{code} 得分：{_UNDECIDED[agreed.rule]}")
        )
    for name, verdict in agreed.clauses.items():
        if verdict is None:
            source = agreed.sources[name]
            text = f"{code} 是否达到要求：{_UNDECIDED[source]}"
            problems.append(Problem(pointer("items", code, "clauses", name), source, text))
    return problems
