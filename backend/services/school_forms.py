"""附件2 and 附件3 of a school, to be printed and stamped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.deps import Deps
from backend.documents.contents import ApplicationForm, GroupLines, IndicatorLine, Opinion, SelfAssessmentForm
from backend.models.attachments import Attachment
from backend.models.documents import DocumentKind
from backend.models.people import Actor
from backend.services.documents import Printed, render
from backend.services.snapshots import district_name
from backend.services.submission_view import application_view, grade_title
from backend.services.submissions import cycle_of, self_answers, visible
from backend.store import decisions, submissions
from backend.store.submissions import item_key
from inspection.rules.points import as_number
from inspection.rules.rubric import Rubric
from inspection.rules.submission import sums
from inspection.rules.workflow import SHANGHAI, State

# In these states the form is not, or no longer, submitted.
_NOT_SUBMITTED = (State.DRAFT, State.RETURNED, State.WITHDRAWN)
# In these the district's last opinion still holds.
_RECOMMENDED = (State.ENDORSED, State.VISITING, State.SCORED, State.DECIDED, State.PUBLISHED)


async def application_form(deps: Deps, actor: Actor, submission_id: str) -> Attachment:
    """附件2 as docx. Raises `NotFound` where the actor may not see the submission."""
    printed = await print_application_form(deps, await visible(deps, actor, submission_id))
    content = await render(deps, actor, printed)
    return Attachment(f"附件2-申报表-{printed.school}.docx", content)


async def self_assessment_form(deps: Deps, actor: Actor, submission_id: str) -> Attachment:
    """附件3 as docx. Raises `NotFound` where the actor may not see the submission."""
    printed = await print_self_assessment_form(deps, await visible(deps, actor, submission_id))
    content = await render(deps, actor, printed)
    return Attachment(f"附件3-自评表-{printed.school}.docx", content)


async def print_application_form(deps: Deps, submission: Mapping[str, Any]) -> Printed:
    """What 附件2 of the submission (as stored) prints now."""
    cycle = await cycle_of(deps, submission)
    application, school = application_view(cycle, submission), submission["school"]["name"]
    form = ApplicationForm(
        school=school,
        school_phone=application.school_phone,
        responsible=application.responsible.name,
        responsible_phone=application.responsible.phone,
        classes=application.classes,
        students=application.students,
        teachers=application.teachers,
        grades=tuple(grade.title for grade in cycle.cycle.rules.grades),
        applied=grade_title(cycle, application.applied),
        highlights=application.highlights,
        day=_submitted_on(submission),
        opinions=await _opinions(deps, submission),
    )
    return Printed(
        DocumentKind.APPLICATION_FORM,
        submission["_id"],
        cycle,
        form,
        school,
        district_name(deps, submission["district"]),
    )


async def print_self_assessment_form(deps: Deps, submission: Mapping[str, Any]) -> Printed:
    """What 附件3 of the submission (as stored) prints now."""
    cycle = await cycle_of(deps, submission)
    school, district = submission["school"]["name"], district_name(deps, submission["district"])
    points = self_answers(submission).points
    form = SelfAssessmentForm(
        district=district,
        school=school,
        groups=_groups(cycle.rubric, points, submission["indicator_notes"]),
        total=as_number(sums(cycle.rubric, points)[""]) if points else None,
        day=_submitted_on(submission),
    )
    return Printed(DocumentKind.SELF_ASSESSMENT_FORM, submission["_id"], cycle, form, school, district)


async def print_again(deps: Deps, kind: DocumentKind, submission_id: str) -> Printed | None:
    """What the form would print now; None where its submission is gone."""
    submission = await submissions.find(deps.db, submission_id)
    if submission is None:
        return None
    again = {
        DocumentKind.APPLICATION_FORM: print_application_form,
        DocumentKind.SELF_ASSESSMENT_FORM: print_self_assessment_form,
    }
    return await again[kind](deps, submission)


def _groups(rubric: Rubric, points: Mapping[str, int], notes: Mapping[str, str]) -> tuple[GroupLines, ...]:
    totals = sums(rubric, points)
    return tuple(
        GroupLines(
            group.name,
            as_number(group.points),
            tuple(
                IndicatorLine(
                    indicator.name,
                    as_number(indicator.points),
                    as_number(totals[indicator.code]) if any(item.code in points for item in indicator.items) else None,
                    notes.get(item_key(indicator.code)),
                )
                for indicator in group.indicators
            ),
        )
        for group in rubric.groups
    )


def _submitted_on(submission: Mapping[str, Any]) -> str | None:
    return None if State(submission["state"]) in _NOT_SUBMITTED else day_of(submission["submitted_at"])


def day_of(at: datetime | None) -> str | None:
    """The day in Shanghai, 2022-08-20."""
    return None if at is None else at.astimezone(SHANGHAI).date().isoformat()


async def _opinions(deps: Deps, submission: Mapping[str, Any]) -> dict[str, Opinion]:
    """The district's while it recommends the school; the city's once the result is published, and not before."""
    state, nothing = State(submission["state"]), Opinion(None, None)
    endorsed = [each for each in submission["history"] if each["event"] == "endorsed"]
    made = await decisions.versions_of(deps.db, submission["_id"]) if state is State.PUBLISHED else []
    return {
        "district": Opinion(endorsed[-1]["opinion"], day_of(endorsed[-1]["at"]))
        if endorsed and state in _RECOMMENDED
        else nothing,
        "city": Opinion(made[-1]["opinion"], day_of(made[-1]["at"])) if made else nothing,
    }
