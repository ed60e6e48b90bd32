"""Whether a district's recommendation list (附件4) is handed in, as the transitions of submissions ask."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.services import cycles
from backend.services.cycles import OpenCycle
from backend.store import cycles as stored_cycles
from backend.store import recommendation_lists
from backend.store.mongo import Session


async def list_handed_in(deps: Deps, transaction: Session | None, cycle_id: str, district: str) -> bool:
    """Whether the district's list is handed in, and no extension of the city has opened it again since."""
    cycle = await cycles.find_current(deps, transaction)
    if cycle is None or cycle.id != cycle_id:
        cycle = await stored_cycles.find(deps.db, cycle_id, deps.cycle_cache, transaction)
    document = await recommendation_lists.find(deps.db, cycle_id, district, transaction, {"handed_in_at": 1})
    return cycle is not None and is_handed_in(cycle, district, document)


def is_handed_in(cycle: OpenCycle, district: str, document: Mapping[str, Any] | None) -> bool:
    """The same of a list as stored."""
    if document is None or document["handed_in_at"] is None:
        return False
    extended_at = cycle.extended_at.get(district)
    return extended_at is None or extended_at < document["handed_in_at"]
