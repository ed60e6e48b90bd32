"""What is written over an inspector's photo: school, item, time, inspector."""

from zoneinfo import ZoneInfo

from backend.deps import Deps
from backend.gateways.watermark import Mark
from backend.services.photo_flags import Owner
from backend.store import people
from backend.store.photo_records import PhotoRecord

_SHANGHAI = ZoneInfo("Asia/Shanghai")


async def mark_of(deps: Deps, record: PhotoRecord, owner: Owner) -> Mark:
    """The mark of a photo that was taken on a visit; the time is when the phone says that it was taken."""
    if owner.visit is None:
        raise LookupError(f"photo {record.id} was not taken on a visit")
    # Not from the team: whoever took it may have left it since.
    inspector = await people.find(deps.db, record.document["inspector_id"])
    taken_at = record.document["taken_at"].astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M")
    name = inspector.name if inspector else ""
    return Mark((owner.visit["school_name"], record.document["item"], taken_at, name))
