"""What the school attached to an item, for an inspector: once they have scored the item, and not before."""

from backend.deps import Deps
from backend.errors import Conflict, NotFound
from backend.models.files import InspectorsEvidence, ItemEvidence
from backend.models.people import Actor
from backend.services import files
from backend.services.files import evidence_record
from backend.services.submissions import cycle_of_visit
from backend.services.visit_access import not_found, visible
from backend.store import evidence, score_sheets, submissions
from backend.store.submissions import item_key


async def read(deps: Deps, actor: Actor, visit_id: str, item: str) -> ItemEvidence:
    """The school's evidence on an item that the actor has scored.

    Raises `NotFound` for a visit that is not the actor's and an unknown item, `Conflict` while the item is unscored:
    inspectors are blind to the self-assessment until then.
    """
    visit = await visible(deps, actor, visit_id)
    cycle = await cycle_of_visit(deps, visit)
    if item not in cycle.rubric.items:
        raise NotFound(f"细则中没有编号为“{item}”的指标，请检查")
    sheet = await score_sheets.of_inspector(deps.db, visit_id, actor.person_id)
    if sheet is None or not sheet["member"]:
        raise not_found()
    if item_key(item) not in sheet["first"]:
        raise Conflict(f"请先给 {item} 打分，打分之后才能查看学校的佐证", code="unscored")
    submission = await submissions.find(deps.db, visit["submission_id"])
    attached = (submission["items"].get(item_key(item), {}).get("evidence") or []) if submission else []
    found = await evidence.find_many(deps.db, attached)
    shown = await files.views(deps, actor, [evidence_record(each) for each in found.values()])
    return ItemEvidence(
        item=item,
        evidence=[
            InspectorsEvidence(id=each["_id"], kind=each["kind"], name=each["name"], file=shown.get(each["_id"]))
            for evidence_id in attached
            if (each := found.get(evidence_id)) is not None
        ],
    )
