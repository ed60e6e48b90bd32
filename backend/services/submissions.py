"""Submissions: drafts for newly registered schools, who may see one, and the rules' reading of what is stored.

For other use cases: `visible(deps, actor, submission_id) -> document` (NotFound where the actor may not know of it),
`school_figures(submission) -> School | None`, `self_answers(submission) -> Answers`, `evidence_counts(submission) ->
{item code: photos and files}`, and `create_missing(deps, transaction, cycle, schools)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.people import Actor, Role
from backend.models.visits import VisitState
from backend.services import cycles
from backend.services.cycles import OpenCycle
from backend.store import cycles as stored_cycles
from backend.store import submissions
from backend.store.mongo import Session
from backend.store.submissions import item_code
from inspection.rules.case import Answers, School, Stage


async def create_missing(
    deps: Deps, transaction: Session, cycle: OpenCycle, schools: Sequence[Mapping[str, Any]]
) -> None:
    """Creates a draft for each of the schools (as stored: `_id`, `district`, `name`, `stages`) that has none."""
    existing = await submissions.schools_with_one(deps.db, transaction, cycle.id, [school["_id"] for school in schools])
    drafts = [
        submissions.new_draft(deps.new_id(), cycle.id, school, deps.clock())
        for school in schools
        if school["_id"] not in existing
    ]
    await submissions.insert_many(deps.db, transaction, drafts)


async def visible(deps: Deps, actor: Actor, submission_id: str, transaction: Session | None = None) -> dict[str, Any]:
    """The submission as stored: the school's own, the district's own, any for the city.

    Raises `NotFound` for all others; inspectors are blind to the self-assessment.
    """
    submission = await submissions.find(deps.db, submission_id, transaction)
    if submission is None or not may_see(actor, submission):
        raise not_found()
    return submission


def may_see(actor: Actor, submission: Mapping[str, Any]) -> bool:
    """Whether the actor may know of the submission, and read it."""
    match actor.role:
        case Role.SCHOOL:
            return bool(submission["school_id"] == actor.school_id)
        case Role.DISTRICT:
            return bool(submission["district"] == actor.district)
        case _:
            return actor.role is Role.CITY


async def cycle_of(deps: Deps, submission: Mapping[str, Any], transaction: Session | None = None) -> OpenCycle:
    """The cycle that the submission belongs to: the one that runs, or an earlier one."""
    cycle = await cycles.find_current(deps, transaction)
    if cycle is None or cycle.id != submission["cycle"]:
        cycle = await stored_cycles.find(deps.db, submission["cycle"], deps.cycle_cache, transaction)
    if cycle is None:
        raise not_found()
    return await pinned(deps, cycle, submission, transaction)


async def cycle_of_visit(deps: Deps, visit: Mapping[str, Any], transaction: Session | None = None) -> OpenCycle:
    """The cycle with the rubric of the visit's submission, of which nothing else is read: inspectors are blind."""
    # Only what is published has a rubric of its own, and its visit was closed before.
    if visit["state"] in (VisitState.PLANNED, VisitState.OPEN):
        return await cycle_of(deps, {"cycle": visit["cycle"]}, transaction)
    submission = await submissions.assessed_by(deps.db, visit["submission_id"], transaction)
    if submission is None:
        raise not_found()
    return await cycle_of(deps, submission, transaction)


async def pinned(
    deps: Deps, cycle: OpenCycle, submission: Mapping[str, Any], transaction: Session | None = None
) -> OpenCycle:
    """The cycle with the rubric of the submission: what is published keeps its own, whatever the cycle's becomes."""
    sha256 = submission.get("rubric_sha256", cycle.rubric.sha256)
    if sha256 == cycle.rubric.sha256:
        return cycle
    return replace(cycle, rubric=await stored_cycles.find_rubric(deps.db, sha256, deps.cycle_cache, transaction))


def not_found() -> NotFound:
    """The answer for a submission that is not there, or not for the actor's eyes."""
    return NotFound("没有这份申报材料，请检查网址")


def declared_stages(submission: Mapping[str, Any]) -> School:
    """The school with its stages and no figures: enough to say which clauses apply."""
    return School(tuple(Stage(stage, 0, 0) for stage in submission["school"]["stages"]), 0, 0)


def school_figures(submission: Mapping[str, Any]) -> School | None:
    """The declared figures (附件2) of all stages that the school has; None while any is missing."""
    application = submission["application"]
    stages = {stage: application["stages"].get(stage, {}) for stage in submission["school"]["stages"]}
    figures = [application["teachers"], application["teacher_computers"]]
    figures += [given.get(name) for given in stages.values() for name in ("students", "student_devices")]
    if not stages or None in figures:
        return None
    return School(
        tuple(Stage(stage, given["students"], given["student_devices"]) for stage, given in stages.items()),
        application["teachers"],
        application["teacher_computers"],
    )


def self_answers(submission: Mapping[str, Any]) -> Answers:
    """What the school answered (附件3): points in hundredths and claims by item; what is not there is unanswered."""
    items = {item_code(key): item for key, item in submission["items"].items()}
    return Answers(
        {code: item["points"] for code, item in items.items() if item.get("points") is not None},
        {code: item["clauses"] for code, item in items.items() if item.get("clauses")},
    )


def evidence_counts(submission: Mapping[str, Any]) -> dict[str, int]:
    """How many photos and files are attached, by item code; items without any are left out."""
    return {item_code(key): len(item["evidence"]) for key, item in submission["items"].items() if item.get("evidence")}
