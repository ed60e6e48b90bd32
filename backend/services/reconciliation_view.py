"""The reconciliation as the lead and the city see it: each sheet's values, what is agreed, where people must decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models.closing import (
    AgreedClause,
    AgreedItem,
    CountersignatureView,
    Difference,
    Reconciliation,
    RulingView,
    SheetOwner,
    SheetScore,
    plain_detail,
)
from backend.models.discrepancies import Values
from backend.models.people import Actor, Role
from backend.models.visits import VisitState
from backend.services.outcomes import grade_fields, grade_view
from backend.services.visit_access import visible
from backend.services.visit_case import VisitCase, load, require_lead, require_signed
from backend.services.visit_needs import missing_for_closing
from backend.store.submissions import item_key
from inspection.rules import reconciliation
from inspection.rules.outcome import Outcome, assess


async def read(deps: Deps, actor: Actor, visit_id: str) -> Reconciliation:
    """The merge of the signed sheets: for the lead once the whole team has signed, for the city at any time.

    Raises `Forbidden` for the others of the team, `Conflict` that names who has not signed.
    """
    visit = await visible(deps, actor, visit_id)
    if actor.role is not Role.CITY:
        require_lead(visit, actor)
    found = await load(deps, None, visit)
    if actor.role is not Role.CITY:
        require_signed(found)
    outcome = assess(found.case)
    missing = await missing_for_closing(deps, None, found, outcome) if visit["state"] == VisitState.OPEN else {}
    reasons = [plain_detail(each) for problems in missing.values() for each in problems]
    return _view(found, outcome, reasons, for_city=actor.role is Role.CITY)


def _view(found: VisitCase, outcome: Outcome, missing: Sequence[Any], *, for_city: bool) -> Reconciliation:
    visit, rules = found.visit, found.cycle.cycle.rules
    grade = grade_fields(found.case.applied, outcome.decision) if outcome.decision else None
    return Reconciliation(
        visit_id=visit["_id"],
        state=VisitState(visit["state"]),
        signed=[SheetOwner(inspector_id=each["inspector_id"], name=each["name"]) for each in found.signed],
        unsigned=[SheetOwner(inspector_id=each["inspector_id"], name=each["name"]) for each in found.unsigned],
        items=[_item(found, code, agreed) for code, agreed in outcome.items.items()],
        total=sum(agreed.points or 0 for agreed in outcome.items.values()),
        undecided=[code for code, agreed in outcome.items.items() if not agreed.settled],
        differences=[
            Difference(
                item=row.item, kind=row.kind, delta=row.delta, severity=row.severity, changes_grade=row.changes_grade
            )
            for row in outcome.discrepancies
            # What photos are asked about is for officers: the team took some of them.
            if for_city or row.kind != "evidence_suspect"
        ],
        decision=grade_view(rules, grade) if grade else None,
        rulings=[ruling_view(each) for each in visit["rulings"]],
        countersignature=countersignature_view(visit),
        missing=list(missing),
    )


def _item(found: VisitCase, code: str, agreed: reconciliation.AgreedItem) -> AgreedItem:
    own = found.case.self_assessment
    claims = own.clauses.get(code, {})
    return AgreedItem(
        item=code,
        agreed_points=agreed.points,
        rule=agreed.rule,
        clauses=[
            AgreedClause(name=name, verdict=verdict, source=agreed.sources[name])
            for name, verdict in agreed.clauses.items()
        ],
        sheets=[_score(sheet, item_key(code)) for sheet in found.signed],
        self_assessment=Values(
            points=own.points.get(code), clauses={name: claims.get(name) for name in agreed.clauses}
        ),
    )


def _score(sheet: Mapping[str, Any], key: str) -> SheetScore:
    points, first = sheet["points"].get(key), sheet["first"].get(key)
    return SheetScore(
        inspector_id=sheet["inspector_id"],
        points=points,
        first_points=first if first != points else None,
        clauses=sheet["clauses"].get(key, {}),
        note=sheet["note"].get(key),
    )


def ruling_view(ruling: Mapping[str, Any]) -> RulingView:
    """How an answer shows a ruling."""
    return RulingView(
        id=ruling["id"],
        item=ruling["item"],
        rank=ruling["rank"],
        points=ruling["points"],
        clauses=ruling["clauses"],
        reason=ruling["reason"],
        name=ruling["by"]["name"],
        at=ruling["at"],
    )


def countersignature_view(visit: Mapping[str, Any]) -> CountersignatureView | None:
    """How an answer shows the countersignature; its picture is read on its own."""
    signed = visit["countersignature"]
    if signed is None:
        return None
    return CountersignatureView(
        refused=signed["refused"], name=signed["name"], role=signed["role"], reason=signed["reason"], at=signed["at"]
    )
