"""Brings a database of any older version up to date: idempotent, resumable, harmless when two run at once.

The database's version stands in the collection `meta`, each document's in its field `schema`. A step changes documents
of the old schema only, so that a killed migration goes on where it stopped. A database without a version is taken for
the oldest. Released steps are not edited any more.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bson import MinKey
from pymongo import UpdateOne

from backend.names import name_key
from backend.store import photo_flags
from backend.store.errors import DatabaseTooNew, MigrationError, RestoreUnfinished
from backend.store.indexes import ensure_indexes, missing_indexes
from backend.store.mongo import Collection, Database, Document
from backend.store.outbox import fresh
from backend.store.photo_records import PhotoRecord

_OLDEST = 1
# Stands in `meta` while a backup is being restored.
RESTORING = "restoring"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What makes a database of `version - 1` one of `version`; `run` gives the number of documents changed."""

    version: int
    run: Callable[[Database], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Report:
    """What a migration did: the version before and after, documents changed, indexes built."""

    before: int
    after: int
    documents: int
    indexes: list[str]


async def migrate(db: Database) -> Report:
    """Runs the missing steps, then builds the missing indexes.

    Raises `DatabaseTooNew`, and `MigrationError` with what to put right; it may be run again any time. No service of an
    older version may run meanwhile: it would go on writing documents of the old schema.
    """
    await _refuse_half(db)
    return await bring_up(db)


async def bring_up(db: Database) -> Report:
    """The same for a database that is being restored."""
    before = await version(db)
    _refuse_newer(before)
    documents = 0
    for step in STEPS:
        if step.version > before:
            documents += await step.run(db)
            await _reached(db, step.version)
    return Report(before, VERSION, documents, await ensure_indexes(db))


async def readiness(db: Database) -> list[str]:
    """Why the service must not start on this database, in Chinese; empty if it may."""
    await _refuse_half(db)
    found = await version(db)
    if found > VERSION:
        return [str(DatabaseTooNew(found, VERSION))]
    reasons = []
    if found < VERSION:
        reasons.append(f"数据库的版本是 {found}，本程序需要 {VERSION}。请执行 python -m backend migrate。")
    if missing := await missing_indexes(db):
        reasons.append(f"数据库缺少索引：{'、'.join(missing)}。请执行 python -m backend migrate。")
    return reasons


async def version(db: Database) -> int:
    """The version that the database has reached; the oldest where nothing is noted, as in a new one."""
    meta = await db["meta"].find_one({"_id": "database"})
    return int(meta["version"]) if meta else _OLDEST


async def update_each(db: Database, collection: str, *, schema: int, change: Callable[[Document], Document]) -> int:
    """Gives every document of the collection below `schema` the fields of `change`, and this schema.

    Raises `MigrationError` that names the document where `change` fails (KeyError, TypeError, ValueError).
    """
    changed, last = 0, MinKey()
    while batch := await _batch(db[collection], last, schema):
        updates = [_update(collection, document, schema, change) for document in batch]
        changed += (await db[collection].bulk_write(updates, ordered=False)).modified_count
        last = batch[-1]["_id"]
    return changed


async def _batch(collection: Collection, last: object, schema: int) -> list[Document]:
    """The next documents below `schema`, in the order of their ids."""
    older = collection.find({"_id": {"$gt": last}, "schema": {"$lt": schema}})
    return await older.sort("_id").limit(_BATCH).to_list(None)


def _update(collection: str, document: Document, schema: int, change: Callable[[Document], Document]) -> UpdateOne:
    try:
        fields = change(document)
    except (KeyError, TypeError, ValueError) as error:
        raise MigrationError(
            f"{collection} 里 _id 为 {document['_id']} 的记录不能升级（{error!r}）。"
            "请改正这条记录，再执行 python -m backend migrate。"
        ) from error
    # The old schema stands in the filter: a rival may have taken the document further by now.
    return UpdateOne({"_id": document["_id"], "schema": document["schema"]}, {"$set": {**fields, "schema": schema}})


async def _refuse_half(db: Database) -> None:
    if await db["meta"].find_one({"_id": RESTORING}):
        raise RestoreUnfinished(db.name)


def _refuse_newer(found: int) -> None:
    if found > VERSION:
        raise DatabaseTooNew(found, VERSION)


async def _reached(db: Database, reached: int) -> None:
    """Notes the version. `$max`: a slower migration that runs beside must not take it back."""
    await db["meta"].update_one({"_id": "database"}, {"$max": {"version": reached}, "$set": {"schema": 1}}, upsert=True)


async def _school_name_keys(db: Database) -> int:
    """Version 2: schools carry the name as it is compared, full-width and half-width alike, without white space."""
    return await update_each(db, "schools", schema=2, change=lambda school: {"name_key": name_key(school["name"])})


async def _wechat_users(db: Database) -> int:
    """Version 3: people carry the WeChat user that is bound to them, at first none."""
    return await update_each(db, "people", schema=2, change=lambda person: {"wechat": None})


async def _deliveries(db: Database) -> int:
    """Version 4: the outbox carries what the worker notes. Nothing was delivered before, so all of it waits."""

    def change(message: Document) -> Document:
        return {"occasion": None, "order": 0, **fresh(message["due_at"])}

    return await update_each(db, "outbox", schema=2, change=change)


async def _stored_evidence(db: Database) -> int:
    """Version 5: records of evidence say what is stored of them, and photos of visits which school they are of."""
    nothing: Document = {"blob_id": None, "stored_at": None, "upload": None}
    schools = {visit["_id"]: visit["school_id"] async for visit in db.visits.find({}, {"school_id": 1})}
    changed = await update_each(db, "evidence", schema=2, change=lambda record: nothing)
    return changed + await update_each(
        db, "visit_photos", schema=2, change=lambda photo: {**nothing, "school_id": schools[photo["visit_id"]]}
    )


async def _attempts(db: Database) -> int:
    """Version 6: the outbox knows every id that WeChat gave a message, and the attempts whose id nobody knows."""

    def change(message: Document) -> Document:
        target, since = message["target"], message.get("sending_since") or message["due_at"]
        unknown = target is not None and (message["state"] == "sending" or message["resend"])
        attempt = unknown and {"openid": target["openid"], "template_id": target["template_id"], "since": since}
        known = message.get("message_id")
        return {"message_ids": [known] if known else [], "unsettled": [attempt] if attempt else []}

    return await update_each(db, "outbox", schema=3, change=change)


async def _photos_to_look_into(db: Database) -> int:
    """Version 7: photos that carry a flag stand in a list of their own."""
    added = 0
    for kind in ("evidence", "visit_photo"):
        collection = db.evidence if kind == "evidence" else db.visit_photos
        async for document in collection.find({"flagged": True}):
            if document.get("removed_at") is None:
                record = PhotoRecord("evidence" if kind == "evidence" else "visit_photo", document)
                added += await _look_into(db, record)
    return added


async def _look_into(db: Database, record: PhotoRecord) -> int:
    submission_id = record.document.get("submission_id")
    if submission_id is None:
        visit = await db.visits.find_one({"_id": record.document["visit_id"]}, {"submission_id": 1})
        submission_id = visit and visit["submission_id"]
    submission = await db.submissions.find_one({"_id": submission_id}, {"cycle": 1, "school_id": 1, "district": 1})
    if submission is None:
        raise MigrationError(f"照片 {record.id} 没有所属的申报材料，请用 python -m backend fsck 检查。")
    row = photo_flags.row(record, submission, record.document["flags"], record.document["looked_at"])
    result = await db.photo_flags.update_one({"_id": record.id}, {"$setOnInsert": row}, upsert=True)
    return int(result.upserted_id is not None)


async def _self_points(db: Database) -> int:
    """Version 8: the sum of a school's own points stands in its submission."""
    items = {"$objectToArray": {"$ifNull": ["$items", {}]}}
    total = {"$sum": {"$map": {"input": items, "in": "$$this.v.points"}}}
    change: list[Document] = [{"$set": {"self_points": total, "schema": 2}}]
    return int((await db.submissions.update_many({"schema": 1}, change)).modified_count)


STEPS: tuple[Step, ...] = (
    Step(2, _school_name_keys),
    Step(3, _wechat_users),
    Step(4, _deliveries),
    Step(5, _stored_evidence),
    Step(6, _attempts),
    Step(7, _photos_to_look_into),
    Step(8, _self_points),
)
VERSION = STEPS[-1].version
