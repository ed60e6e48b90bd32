"""A visit with all that its outcome follows from: the submission, everybody's sheets, the case of the signed ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Forbidden
from backend.models.people import Actor
from backend.services.cycles import OpenCycle
from backend.services.reconciliation import case_of, suspects
from backend.services.submissions import cycle_of
from backend.services.visit_access import not_found, role_in
from backend.store import score_sheets, submissions
from backend.store.mongo import Session
from inspection.rules.case import Case
from inspection.rules.problems import Problem
from inspection.rules.workflow import Role

_OF_SHEET = {"batches": 0, "own": 0}


@dataclass(frozen=True, slots=True)
class VisitCase:
    """A visit, its submission and sheets as stored, and the case that the signed sheets make."""

    cycle: OpenCycle
    visit: Mapping[str, Any]
    submission: Mapping[str, Any]
    sheets: Sequence[Mapping[str, Any]]
    case: Case

    @property
    def signed(self) -> list[Mapping[str, Any]]:
        """The sheets that count, those of members who have left too, in the order of the inspectors' ids."""
        return sorted(
            (each for each in self.sheets if each["state"] == "signed"), key=lambda each: each["inspector_id"]
        )

    @property
    def unsigned(self) -> list[Mapping[str, Any]]:
        """The sheets of the team that are not signed, in the team's order."""
        drafts = {each["inspector_id"]: each for each in self.sheets if each["state"] != "signed"}
        return [drafts[each["inspector_id"]] for each in self.visit["team"] if each["inspector_id"] in drafts]


async def load(
    deps: Deps, transaction: Session | None, visit: Mapping[str, Any], submission: Mapping[str, Any] | None = None
) -> VisitCase:
    """Reads what belongs to the visit; its submission too, unless it is given."""
    submission = submission or await submissions.find(deps.db, visit["submission_id"], transaction)
    if submission is None:
        raise not_found()
    cycle = await cycle_of(deps, submission, transaction)
    sheets = await score_sheets.of_visit(deps.db, visit["_id"], transaction, _OF_SHEET)
    suspect = (await suspects(deps, [(submission, visit)], transaction))[submission["_id"]]
    return VisitCase(cycle, visit, submission, sheets, case_of(cycle, submission, visit, sheets, suspect))


def require_lead(visit: Mapping[str, Any], actor: Actor) -> None:
    """Raises `Forbidden` for the others of the team."""
    if role_in(visit, actor) is not Role.LEAD:
        raise Forbidden("这项操作只能由本次评估的组长进行", code="not_the_lead")


def unsigned_problems(found: VisitCase) -> list[Problem]:
    """Whose signature is missing."""
    return [Problem("", "sheet_unsigned", f"{sheet['name']}的评分表尚未签字") for sheet in found.unsigned]


def require_signed(found: VisitCase) -> None:
    """Raises `Conflict` that names everyone of the team who has not signed yet."""
    problems = unsigned_problems(found)
    if problems:
        details = [Detail(each.path, each.code, each.message) for each in problems]
        names = "、".join(sheet["name"] for sheet in found.unsigned)
        raise Conflict(f"还有评分表未签字：{names}。全组签字后才能合分", code="sheets_unsigned", details=details)
