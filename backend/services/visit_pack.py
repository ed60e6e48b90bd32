"""The visit pack: what a phone needs to work offline. Nothing of what the school says of itself but its figures."""

from typing import Any

from backend.deps import Deps
from backend.models.applications import StageView
from backend.models.cycles import GradeView
from backend.models.people import Actor
from backend.models.score_sheets import Pack, PackRubric, PackRules, PackSchool
from backend.services.submissions import cycle_of_visit
from backend.services.visit_access import not_found, visible
from backend.services.visit_lists import view
from backend.store import score_sheets, visits
from inspection.rules.ruleset import Rules
from inspection.rules.scoring import assigned_items


async def read(deps: Deps, actor: Actor, visit_id: str) -> Pack:
    """The pack of a visit, for its team. Reading it doesn't start the visit."""
    visit = await visible(deps, actor, visit_id)
    sheet = await score_sheets.of_inspector(deps.db, visit_id, actor.person_id)
    # Not even read: of a document that is not in memory nothing can slip into an answer.
    application = await visits.declared_figures(deps.db, visit["submission_id"])
    if sheet is None or application is None:
        raise not_found()
    cycle = await cycle_of_visit(deps, visit)
    return Pack(
        server_now=deps.clock(),
        visit=view(actor, visit, sheet),
        rubric=PackRubric(name=cycle.rubric.name, sha256=cycle.rubric.sha256),
        rules=_rules(cycle.cycle.rules),
        school=_school(visit, application),
        assigned=list(assigned_items(cycle.rubric, sheet["assigned"])),
        sheet_state=sheet["state"],
        sheet_version=sheet["version"],
    )


def _rules(rules: Rules) -> PackRules:
    return PackRules(
        score_step=rules.score_step,
        spread_tolerance=rules.spread_tolerance,
        discrepancy_share=rules.discrepancy_share,
        evidence_required=rules.evidence_required,
        grades=[
            GradeView(grade=grade.name, title=grade.title, min_total=grade.min_total, clauses=list(grade.requirements))
            for grade in rules.grades
        ],
    )


def _school(visit: dict[str, Any], application: dict[str, Any]) -> PackSchool:
    return PackSchool(
        id=visit["school_id"],
        name=visit["school_name"],
        stages=[
            StageView(
                stage=stage,
                classes=application["stages"].get(stage, {}).get("classes"),
                students=application["stages"].get(stage, {}).get("students"),
                student_devices=application["stages"].get(stage, {}).get("student_devices"),
            )
            for stage in visit["stages"]
        ],
        teachers=application["teachers"],
        teacher_computers=application["teacher_computers"],
    )
