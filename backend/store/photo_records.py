"""The records that use a blob, of both kinds: a school's evidence and an inspector's photo; and their integrity flags.

Once it has been looked at, a record carries `flags: [{kind, …}]` (see `services.photo_flags`), `flagged` (whether there
are any) and `looked_at`; a visit's photo also `renditions` of its own, with its mark on them, in the form of a blob's.
`interrupted` counts what came up while nobody had looked at it yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from backend.store.mongo import Collection, Database, Document, Session

Kind = Literal["evidence", "visit_photo"]


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A record of either kind, as stored."""

    kind: Kind
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.document["_id"])

    @property
    def is_photo(self) -> bool:
        """Whether it is a photo, and no file or stamped scan."""
        return self.kind == "visit_photo" or self.document["kind"] == "photo"


async def of_blobs(db: Database, blob_ids: Iterable[str], session: Session | None = None) -> list[PhotoRecord]:
    """The records that use one of the blobs, without evidence that was removed."""
    wanted = {"blob_id": {"$in": list(blob_ids)}}
    evidence: list[Document] = await db.evidence.find(wanted, session=session).to_list(None)
    photos: list[Document] = await db.visit_photos.find(wanted, session=session).to_list(None)
    used = [PhotoRecord("evidence", each) for each in evidence if each["removed_at"] is None]
    return used + [PhotoRecord("visit_photo", each) for each in photos]


async def find(db: Database, kind: Kind, record_id: str, session: Session | None = None) -> PhotoRecord | None:
    """The record with this id, removed or not."""
    found = await _collection(db, kind).find_one({"_id": record_id}, session=session)
    return PhotoRecord(kind, found) if found else None


async def find_many(
    db: Database, kind: Kind, record_ids: Iterable[str], session: Session | None = None
) -> dict[str, PhotoRecord]:
    """Those of the records that there are and that were not removed, by id."""
    found = _collection(db, kind).find({"_id": {"$in": list(record_ids)}}, session=session)
    records: list[Document] = await found.to_list(None)
    return {each["_id"]: PhotoRecord(kind, each) for each in records if each.get("removed_at") is None}


async def set_looked_at(
    db: Database,
    session: Session,
    record: PhotoRecord,
    flags: Sequence[Mapping[str, Any]],
    now: datetime,
    renditions: Mapping[str, Any] | None = None,
) -> None:
    """Notes what the look at a record has shown."""
    fields: dict[str, Any] = {"flags": list(flags), "flagged": bool(flags), "looked_at": now}
    if renditions is not None:
        fields["renditions"] = dict(renditions)
    await _collection(db, record.kind).update_one({"_id": record.id}, {"$set": fields}, session=session)


async def interrupt_look(db: Database, session: Session, record: PhotoRecord) -> None:
    """Makes this transaction and one that notes a look at the record (`set_looked_at`) exclude each other: of two at
    once the later one runs again, and sees what the other has written."""
    await _collection(db, record.kind).update_one({"_id": record.id}, {"$inc": {"interrupted": 1}}, session=session)


async def flagged_evidence(
    db: Database, submission_ids: Sequence[str], session: Session | None = None
) -> dict[str, set[str]]:
    """The ids of the evidence that carries a flag, by submission."""
    found = db.evidence.find(
        {"submission_id": {"$in": list(submission_ids)}, "flagged": True}, {"submission_id": 1}, session=session
    )
    result: dict[str, set[str]] = {}
    async for each in found:
        result.setdefault(each["submission_id"], set()).add(each["_id"])
    return result


async def flagged_items(db: Database, visit_ids: Sequence[str], session: Session | None = None) -> dict[str, set[str]]:
    """The codes of the items of which a photo that carries a flag was taken, by visit."""
    found = db.visit_photos.find(
        {"visit_id": {"$in": list(visit_ids)}, "flagged": True}, {"visit_id": 1, "item": 1}, session=session
    )
    result: dict[str, set[str]] = {}
    async for each in found:
        result.setdefault(each["visit_id"], set()).add(each["item"])
    return result


def _collection(db: Database, kind: Kind) -> Collection:
    return db.evidence if kind == "evidence" else db.visit_photos
