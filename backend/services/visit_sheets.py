"""The score sheets of a visit follow its team: everyone who is in it has one, of the visit's phase."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.deps import Deps
from backend.services.workflow import faster
from backend.store import score_sheets
from backend.store.mongo import Session


def assigned_to(visit: Mapping[str, Any], inspector_id: str) -> list[str] | None:
    """The indicators that the inspector must score; None for all, where nothing is assigned to anybody."""
    assignments: Mapping[str, list[str]] = visit["assignments"]
    return assignments.get(inspector_id, []) if assignments else None


def new_sheets(deps: Deps, visit: Mapping[str, Any], members: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Empty sheets for members of the team."""
    return [
        score_sheets.new_sheet(deps.new_id(), visit, member, assigned_to(visit, member["inspector_id"]))
        for member in members
    ]


async def staff(deps: Deps, transaction: Session, visit: Mapping[str, Any]) -> None:
    """Brings the sheets in step with the team and the assignments of `visit`; no sheet is ever removed."""
    fields = {"inspector_id": 1, "version": 1, "member": 1, "assigned": 1, "own": 1}
    sheets = {
        each["inspector_id"]: each for each in await score_sheets.of_visit(deps.db, visit["_id"], transaction, fields)
    }
    team = {each["inspector_id"]: each for each in visit["team"]}
    for inspector_id, sheet in sheets.items():
        member = inspector_id in team
        assigned = assigned_to(visit, inspector_id) if member else sheet["assigned"]
        if (member, assigned) != (sheet["member"], sheet["assigned"]):
            update = {"$set": {"member": member, "assigned": assigned}}
            if not await score_sheets.change(deps.db, transaction, sheet, update):
                raise faster()
    new = new_sheets(deps, visit, [member for who, member in team.items() if who not in sheets])
    if visit["state"] == "open":
        own = next((sheet["own"] for sheet in sheets.values() if sheet["own"] is not None), None)
        new = [{**sheet, "phase": "open", "own": own} for sheet in new]
    await score_sheets.insert_many(deps.db, transaction, new)
