"""Photos that have just arrived, straight in the database, for tests of what becomes of them afterwards."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from backend.deps import Deps
from backend.gateways.photos import sniff
from backend.services import photo_checks
from backend.store import blobs, gridfs
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.mongo import Session, transact
from tests.http.conftest import new_id


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Stores what arrives, and checks it."""

    deps: Deps

    async def blob(self, school_id: str, data: bytes) -> str:
        """The id of the school's blob with this content, which is new or was there."""
        digest = sha256(data).hexdigest()
        known = await blobs.find_content(self.deps.db, school_id, digest)
        if known is not None:
            await transact(self.deps.db, lambda session: blobs.look_again(self.deps.db, session, known["_id"]))
            return str(known["_id"])
        content_type = sniff(data[:4096], len(data), pdf_allowed=True)
        blob = blobs.new_blob(new_id(), school_id, digest, len(data), content_type, self.deps.clock())
        chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
        await gridfs.insert_chunks(self.deps.db, ORIGINALS, blob["_id"], 0, chunks)

        async def work(transaction: Session) -> None:
            await blobs.insert(self.deps.db, transaction, blob)

        await transact(self.deps.db, work)
        return str(blob["_id"])

    async def evidence(
        self, school: Any, item: str, data: bytes, *, kind: str = "photo", said: dict[str, Any] | None = None
    ) -> str:
        """Evidence of a school that is attached to the item; its id."""
        record_id, now = new_id(), self.deps.clock()
        record = {
            "_id": record_id,
            "schema": 2,
            "submission_id": school.submission_id,
            "school_id": school.id,
            "sha256": sha256(data).hexdigest(),
            "kind": kind,
            "name": "照片.jpg",
            "size": len(data),
            "item": item,
            "added_at": now,
            "added_by": new_id(),
            "submitted_at": None,
            "removed_at": None,
            "removed_by": None,
            "blob_id": await self.blob(school.id, data),
            "stored_at": now,
            "upload": {"taken_at": None, "location": None, "device": None} | (said or {}),
        }
        await self.deps.db.evidence.insert_one(record)
        attached = {f"items.{item.replace('.', '_')}.evidence": record_id}
        await self.deps.db.submissions.update_one({"_id": school.submission_id}, {"$push": attached})
        return record_id

    async def visit_photo(
        self, school: Any, visit_id: str, inspector_id: str, item: str, data: bytes, taken_at: datetime
    ) -> str:
        """A photo that an inspector took; its id."""
        record_id = new_id()
        record = {
            "_id": record_id,
            "schema": 2,
            "visit_id": visit_id,
            "school_id": school.id,
            "inspector_id": inspector_id,
            "item": item,
            "taken_at": taken_at,
            "received_at": self.deps.clock(),
            "sha256": sha256(data).hexdigest(),
            "blob_id": await self.blob(school.id, data),
            "stored_at": self.deps.clock(),
            "upload": {"taken_at": taken_at, "location": None, "device": None},
        }
        await self.deps.db.visit_photos.insert_one(record)
        return record_id

    async def check_all(self) -> int:
        """Checks everything that waits; how many that was."""
        count = 0
        while await photo_checks.check_next(self.deps):
            count += 1
        return count

    async def blob_of(self, record_id: str) -> Any:
        """The blob of a record, as stored."""
        return await self.deps.db.blobs.find_one({"_id": (await self.record(record_id))["blob_id"]})

    async def record(self, record_id: str) -> Any:
        """A record of either kind, as stored."""
        found = await self.deps.db.evidence.find_one({"_id": record_id})
        return found or await self.deps.db.visit_photos.find_one({"_id": record_id})

    async def flags(self, record_id: str) -> list[str]:
        """The kinds of a record's flags."""
        return [flag["kind"] for flag in (await self.record(record_id))["flags"]]
