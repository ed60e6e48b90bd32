"""What evidence of a submission and photos of a visit have in common when their bytes come: the upload is admitted
before a byte is taken, and its record notes them in the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.deps import Deps
from backend.models.uploads import Receipt
from backend.store.mongo import Document

# So long an admission holds: most photos are there by then, and it isn't asked again.
HOLDS = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An upload that nothing stands against: its submission or visit, the record if there is one, when that was."""

    owner: Document
    record: Document | None
    at: datetime


def stored_fields(deps: Deps, said: Mapping[str, Any], blob: Mapping[str, Any]) -> dict[str, Any]:
    """What a record notes of its bytes, and of what was said with them."""
    told = {name: said[name] for name in ("taken_at", "location", "device")}
    return {"sha256": blob["sha256"], "blob_id": blob["_id"], "stored_at": deps.clock(), "upload": told}


def receipt_of(record: Mapping[str, Any], blob: Mapping[str, Any]) -> Receipt:
    """The receipt for the bytes of a record."""
    return Receipt(evidence_id=record["_id"], sha256=record["sha256"], size=blob["size"], stored_at=record["stored_at"])
