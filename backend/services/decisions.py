"""The city confirms the grades that the rules propose, and may take a decision back until it is published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.deps import Deps
from backend.errors import AppError
from backend.models.decisions import Decide, Decided, DecisionPointer, DecisionsConfirmed
from backend.models.people import Actor
from backend.services import publishing
from backend.services.answer_windows import not_done
from backend.services.audit import audit
from backend.services.cases import hold_rulings, load_case
from backend.services.cycles import OpenCycle, current
from backend.services.outcomes import outcome_fields, statement
from backend.services.overtaken import overtaken
from backend.services.reconciliation import case_data
from backend.services.submissions import visible
from backend.services.workflow import refusal, transition
from backend.store import answers, decisions, outcomes, visits
from backend.store.mongo import Session, transact
from backend.strict_json import write_json
from inspection.rules.case import Case
from inspection.rules.grading import GradeDecision
from inspection.rules.outcome import assess
from inspection.rules.problems import Problem
from inspection.rules.replay import outcome_to_data
from inspection.rules.workflow import NEEDS, Role, State


async def confirm(deps: Deps, actor: Actor, body: Decide) -> DecisionsConfirmed:
    """Decides each of the submissions as the rules propose, each on its own.

    One alone that may not be decided raises its error: `NotFound`, or `Conflict` with every reason.
    """
    ids = list(dict.fromkeys(body.submission_ids))
    decided, refused = [], []
    for submission_id in ids:
        try:
            decided.append(await _confirm(deps, actor, submission_id, body.opinion, body.seen.get(submission_id)))
        except AppError as error:
            if len(ids) == 1:
                raise
            refused.append(not_done(submission_id, error))
    return DecisionsConfirmed(decided=decided, refused=refused)


async def _confirm(deps: Deps, actor: Actor, submission_id: str, opinion: str | None, seen: int | None) -> Decided:
    # What may change about a cycle that runs, a district's dates, has no part in a decision.
    cycle = await current(deps)

    async def work(transaction: Session) -> Decided:
        submission = await visible(deps, actor, submission_id, transaction)
        if seen is not None:
            proposed = await outcomes.find(deps.db, submission_id, transaction)
            if proposed is None or proposed["version"] != seen:
                visit = await visits.live_of(deps.db, submission_id, transaction)
                raise await overtaken(deps, transaction, submission_id, *([visit["_id"]] if visit else []))
        missing = await _missing(deps, transaction, actor, submission)
        await transition(deps, transaction, cycle, actor, Role.CITY, submission, "decide", missing)
        pointer, grade = await make(deps, transaction, cycle, actor, submission, opinion=opinion)
        return Decided(
            submission_id=submission_id,
            decision=pointer,
            attained=grade.attained,
            awarded=grade.awarded,
            statement=statement(cycle.cycle.rules, grade.attained, grade.awarded),
        )

    return await transact(deps.db, work)


async def _missing(
    deps: Deps, transaction: Session, actor: Actor, submission: Mapping[str, Any]
) -> Mapping[str, Sequence[Problem]]:
    """The needs of a decision that are not there: open answers, and a second pair of eyes."""
    missing: dict[str, list[Problem]] = {}
    items = await answers.unsettled_items(deps.db, transaction, submission["_id"])
    if items:
        message = f"学校对 {'、'.join(sorted(items))} 的答复尚未处理，请先处理"
        missing["answers_settled"] = [Problem("", "answers_settled", message)]
    if answers.is_open(submission.get("answer_window"), deps.clock()):
        message = "学校的答复时间尚未结束，请等到截止，或提前截止时间"
        missing.setdefault("answers_settled", []).append(Problem("", "answers_settled", message))
    if actor.person_id in submission["review"]["reviewers"]:
        missing["second_person"] = []
    return missing


async def make(
    deps: Deps,
    transaction: Session,
    cycle: OpenCycle,
    actor: Actor,
    submission: Mapping[str, Any],
    *,
    opinion: str | None = None,
    correction: str | None = None,
) -> tuple[DecisionPointer, GradeDecision]:
    """Adds a decision on the submission's case as it stands in this transaction, and points to it.

    A correction, which says why, keeps the opinion (市教育局意见) of the decision before.

    Raises `Conflict` where something is undecided. Together with its case and the rules it can be replayed for ever.
    """
    visit, case = await load_case(deps, transaction, cycle, submission)
    outcome = assess(case)
    if outcome.decision is None:
        raise refusal(State(submission["state"]), [Problem("", "all_agreed", NEEDS["all_agreed"])])
    before = await decisions.versions_of(deps.db, submission["_id"], transaction)
    if correction is not None:
        opinion = before[-1]["opinion"]
    pointer = DecisionPointer(id=deps.new_id(), version=len(before) + 1)
    decision = _decision(deps, actor, submission, case, pointer, opinion, correction)
    await decisions.insert(deps.db, transaction, decision)
    stands = outcome_fields(case, outcome) | {"at": deps.clock(), "decision": pointer.model_dump()}
    await outcomes.put(deps.db, transaction, submission, stands)
    await hold_rulings(deps, transaction, visit, pointer.model_dump())
    grade = {"attained": outcome.decision.attained, "awarded": outcome.decision.awarded}
    after = {"submission_id": submission["_id"], "version": pointer.version, "total": outcome.decision.total, **grade}
    await audit(deps, transaction, actor, "decision.made", "decision", pointer.id, after=after, reason=correction)
    return pointer, outcome.decision


def _decision(
    deps: Deps,
    actor: Actor,
    submission: Mapping[str, Any],
    case: Case,
    pointer: DecisionPointer,
    opinion: str | None,
    correction: str | None,
) -> dict[str, Any]:
    case_text, outcome_text = texts_of(case)
    return {
        "_id": pointer.id,
        "schema": decisions.SCHEMA,
        "cycle": submission["cycle"],
        "submission_id": submission["_id"],
        "version": pointer.version,
        "school_id": submission["school_id"],
        "district": submission["district"],
        "case": case_text,
        "outcome": outcome_text,
        "opinion": opinion,
        "decided_by": {"person_id": actor.person_id, "name": actor.name},
        "at": deps.clock(),
        "correction": correction,
    }


def texts_of(case: Case) -> tuple[str, str]:
    """The case as the replay reads it, and the line that it then prints.

    The flags of photos, which the form has no place for, weigh on no grade: they are left out of what is compared.
    """
    outcome = outcome_to_data(assess(replace(case, suspect=frozenset())))
    return write_json(case_data(case)), json.dumps(outcome, ensure_ascii=False)


async def reopen(deps: Deps, actor: Actor, submission_id: str, reason: str) -> None:
    """Takes the decision back, so that the city may rule, answer and decide anew; it stays on record.

    Raises `NotFound`, and `Conflict` where it is not decided or being published just now.
    """

    async def work(transaction: Session) -> None:
        submission = await visible(deps, actor, submission_id, transaction)
        cycle = await current(deps, transaction)
        await publishing.hold(deps, transaction, cycle)
        await transition(deps, transaction, cycle, actor, Role.CITY, submission, "reopen_decision", {}, reason=reason)
        await outcomes.set_decision(deps.db, transaction, submission_id, None)

    await transact(deps.db, work)
