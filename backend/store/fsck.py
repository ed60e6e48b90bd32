"""What fsck reads: whole collections, in no transaction, while the service may go on."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from backend.store.gridfs import ORIGINALS
from backend.store.mongo import Database, Document

_OF_RECORD = {"blob_id": 1, "sha256": 1, "renditions": 1}


async def records(db: Database, collection: str) -> AsyncIterator[Document]:
    """The records of a collection (`evidence`, `visit_photos`) whose bytes are said to be stored: `_id`, `blob_id`,
    `sha256`, `renditions` (of its own)."""
    async for record in db[collection].find({"blob_id": {"$gt": ""}}, _OF_RECORD):
        yield record


async def blobs(db: Database) -> AsyncIterator[Document]:
    """All blobs, with what they say of their bytes and renditions."""
    async for blob in db.blobs.find({}):
        yield blob


async def ids(db: Database, collection: str) -> set[str]:
    """The ids of a whole collection."""
    return {each["_id"] async for each in db[collection].find({}, {"_id": 1})}


async def ids_with_chunks(db: Database, bucket: str = ORIGINALS) -> set[str]:
    """The ids of the files that there are chunks of; an index alone gives them."""
    distinct: list[Document] = [{"$sort": {"files_id": 1}}, {"$group": {"_id": "$files_id"}}]
    return {each["_id"] async for each in db[bucket]["chunks"].aggregate(distinct)}


async def older(db: Database, bucket: str, file_ids: Iterable[str], than: datetime) -> list[str]:
    """Those of the files that were written before a moment, in their order."""
    found = []
    for file_id in file_ids:
        file = await db[bucket]["files"].find_one({"_id": file_id}, {"uploadDate": 1})
        chunk = None if file else await db[bucket]["chunks"].find_one({"files_id": file_id}, {"_id": 1})
        written = file["uploadDate"] if file else chunk["_id"].generation_time if chunk else than
        if written < than:
            found.append(file_id)
    return found


async def count_blobs(db: Database) -> int:
    """How many there are, roughly."""
    return await db.blobs.estimated_document_count()
