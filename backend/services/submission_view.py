"""How answers show a submission: in a list, and whole with its sums, conflicts, what is missing, what can be done."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models import people
from backend.models.applications import ApplicationView, ContactView, StageView
from backend.models.people import Actor
from backend.models.submissions import (
    ActionView,
    ContentCheckView,
    DetailView,
    ItemAnswer,
    SchoolOfSubmission,
    StepView,
    SubmissionSummary,
    SubmissionView,
    Sums,
)
from backend.services.acting import roles_of
from backend.services.completeness import attachments, missing_parts
from backend.services.cycles import OpenCycle, calendar
from backend.services.draft_merge import value_at
from backend.services.drafts import view_of
from backend.services.form_fields import field_names
from backend.services.list_state import list_handed_in
from backend.services.submissions import self_answers
from backend.store import evidence
from backend.store.submissions import item_code
from inspection.rules.problems import Problem
from inspection.rules.rubric import Rubric
from inspection.rules.submission import sums
from inspection.rules.workflow import ROLE_NAMES, STATE_NAMES, Role, State, actions, step

# What this part of the service offers; the others have their own pages.
OFFERED = ("submit", "attach_scans", "return", "endorse", "decline", "undo_decline", "withdraw")
BEING_FILLED_IN = (State.DRAFT, State.RETURNED)


def summary(submission: Mapping[str, Any]) -> SubmissionSummary:
    """A submission as a list shows it (see `store.submissions.SUMMARY`)."""
    return SubmissionSummary(
        id=submission["_id"],
        cycle=submission["cycle"],
        school=school_view(submission),
        district=submission["district"],
        state=State(submission["state"]),
        state_name=STATE_NAMES[State(submission["state"])],
        version=submission["version"],
        applied=submission["application"]["applied"],
        self_points=submission["self_points"],
        answered=submission["answered"],
        submitted_at=submission["submitted_at"],
    )


def school_view(submission: Mapping[str, Any]) -> SchoolOfSubmission:
    """Which school it is of."""
    school = submission["school"]
    return SchoolOfSubmission(id=submission["school_id"], name=school["name"], stages=school["stages"])


async def whole(deps: Deps, actor: Actor, cycle: OpenCycle, submission: Mapping[str, Any]) -> SubmissionView:
    """All of it, as the actor may see it."""
    state = State(submission["state"])
    parts: Mapping[str, Sequence[Problem]] = {}
    if state in BEING_FILLED_IN:
        parts = missing_parts(cycle, submission, await evidence.unstored(deps.db, None, attachments(submission)))
    return SubmissionView(
        id=submission["_id"],
        cycle=submission["cycle"],
        rubric_sha256=cycle.rubric.sha256,
        school=school_view(submission),
        district=submission["district"],
        state=state,
        state_name=STATE_NAMES[state],
        version=submission["version"],
        application=application_view(cycle, submission),
        items={item_code(key): _item(item) for key, item in submission["items"].items()},
        indicator_notes={item_code(key): note for key, note in submission["indicator_notes"].items()},
        scans=submission.get("scans") or [],
        created_at=submission["created_at"],
        submitted_at=submission["submitted_at"],
        sums=sums_view(cycle.rubric, self_answers(submission).points),
        missing=[detail(problem) for problems in parts.values() for problem in problems],
        actions=await _actions(deps, actor, cycle, submission, parts),
        history=[step_view(each, actor) for each in submission["history"]],
        content_check=_content_check(actor, submission),
        **_versions(cycle, submission),
    )


def _content_check(actor: Actor, submission: Mapping[str, Any]) -> ContentCheckView | None:
    """What WeChat's check of the texts left for an officer to look at."""
    mark = submission.get("content_check")
    return None if mark is None or actor.role is people.Role.SCHOOL else ContentCheckView(**mark)


def application_view(cycle: OpenCycle, submission: Mapping[str, Any]) -> ApplicationView:
    """The application (附件2) with the sums that its form prints."""
    application = submission["application"]
    stages = [
        StageView(stage=stage, **{name: given.get(name) for name in ("classes", "students", "student_devices")})
        for stage in submission["school"]["stages"]
        for given in [application["stages"].get(stage, {})]
    ]
    return ApplicationView(
        applied=application["applied"],
        applied_name=grade_title(cycle, application["applied"]),
        school_phone=application["school_phone"],
        responsible=ContactView(**application["responsible"]),
        contact=ContactView(**application["contact"]),
        stages=stages,
        classes=_sum_or_none(stage.classes for stage in stages),
        students=_sum_or_none(stage.students for stage in stages),
        teachers=application["teachers"],
        teacher_computers=application["teacher_computers"],
        highlights=application["highlights"],
    )


def grade_title(cycle: OpenCycle, name: str | None) -> str | None:
    """A grade's Chinese name."""
    return next((grade.title for grade in cycle.cycle.rules.grades if grade.name == name), None)


def _sum_or_none(figures: Iterable[int | None]) -> int | None:
    known = list(figures)
    return None if not known or None in known else sum(each for each in known if each is not None)


def _item(item: Mapping[str, Any]) -> ItemAnswer:
    return ItemAnswer(
        points=item.get("points"),
        clauses=item.get("clauses", {}),
        note=item.get("note"),
        evidence=item.get("evidence", []),
    )


def sums_view(rubric: Rubric, points: Mapping[str, int]) -> Sums:
    """The 23 indicator sums, the 6 of the groups, and the total (附件3)."""
    totals = sums(rubric, points)
    return Sums(
        total=totals[""],
        groups={group.code: totals[group.code] for group in rubric.groups},
        indicators={each.code: totals[each.code] for group in rubric.groups for each in group.indicators},
    )


def _versions(cycle: OpenCycle, submission: Mapping[str, Any]) -> dict[str, Any]:
    names = field_names(cycle.rubric, tuple(submission["school"]["stages"]))
    known = [(names[key], state) for key, state in submission["fields"].items() if key in names]
    return {
        "versions": {field.name: state["version"] for field, state in known},
        "conflicts": [
            view_of(field, value_at(submission, field.path), state) for field, state in known if state["conflicts"]
        ],
    }


async def _actions(
    deps: Deps,
    actor: Actor,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    parts: Mapping[str, Sequence[Problem]],
) -> list[ActionView]:
    """What the actor could do in this state, each once; reasons and opinions are asked for when it is done."""
    state, dates = State(submission["state"]), calendar(cycle, submission["district"])
    handed_in = await list_handed_in(deps, None, cycle.id, submission["district"])
    missing = {**parts, ("list_open" if handed_in else "list_handed_in"): ()}
    views: dict[str, ActionView] = {}
    for role in await roles_of(deps, actor, submission):
        for name in actions(state, role):
            if name in OFFERED and not (name in views and views[name].possible):
                reasons = step(name, state, role, deps.clock(), dates, missing).reasons
                details = [detail(reason) for reason in reasons]
                views[name] = ActionView(name=name, possible=not details, reasons=details)
    return list(views.values())


def detail(problem: Problem) -> DetailView:
    """A problem as an answer shows it."""
    return DetailView(path=problem.path, code=problem.code, message=problem.message)


def step_view(each: Mapping[str, Any], actor: Actor) -> StepView:
    """A step of the history. Schools see which office it was, officers also who."""
    school = actor.role is people.Role.SCHOOL
    return StepView(
        event=each["event"],
        round=each["round"],
        at=each["at"],
        by_role=ROLE_NAMES[Role(each["role"])],
        by_name=None if school and each["role"] != Role.SCHOOL else each["name"],
        reason=each["reason"],
        opinion=each["opinion"],
        remarks={item_code(key): remark for key, remark in each["remarks"].items()},
    )
