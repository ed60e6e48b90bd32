"""The indexes, as data. `python -m backend migrate` builds them; a start refuses where one is missing."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure

from backend.store.errors import MigrationError
from backend.store.mongo import Collection, Database

_NAMESPACE_EXISTS = 48


@dataclass(frozen=True, slots=True)
class Index:
    """An ascending index. `only` limits it to some documents; `expires_after` counts seconds from the time in its key.

    A changed definition keeps its name: `ensure_indexes` drops the old one.
    """

    collection: str
    name: str
    keys: tuple[str, ...]
    unique: bool = False
    only: Mapping[str, Any] | None = None
    expires_after: int | None = None

    def definition(self) -> dict[str, Any]:
        """The options of MongoDB's createIndexes, and of what listIndexes says about it, without the keys."""
        chosen = {
            "unique": self.unique or None,
            "partialFilterExpression": self.only,
            "expireAfterSeconds": self.expires_after,
        }
        return {option: value for option, value in chosen.items() if value is not None}

    def model(self) -> IndexModel:
        """The index as PyMongo wants it."""
        return IndexModel([(key, ASCENDING) for key in self.keys], name=self.name, **self.definition())


# Grouped by collection.
INDEXES: tuple[Index, ...] = (
    Index("audit_events", "at", ("at", "_id")),
    # What stands behind the sort keys is only there to be filtered by.
    Index("audit_events", "event", ("event", "at", "_id", "actor.person_id", "object.id")),
    Index("audit_events", "object", ("object.id", "at", "_id", "actor.person_id", "event")),
    Index("audit_events", "person", ("actor.person_id", "at", "_id", "event", "object.id")),
    # Of somebody with hundreds of thousands of events, those of a kind may be few: a walk over all took a second.
    Index("audit_events", "person_event", ("actor.person_id", "event", "at", "_id", "object.id")),
    Index("binding_tickets", "expires", ("expires_at",), expires_after=0),
    Index("blobs", "content", ("school_id", "sha256"), unique=True),
    Index("blobs", "sha256", ("sha256",)),
    Index("blobs", "due", ("check.lease_until",), only={"check.state": "pending"}),
    Index("decisions", "cycle", ("cycle", "submission_id", "version")),
    Index("decisions", "district", ("cycle", "district", "submission_id", "version")),
    Index("decisions", "version", ("submission_id", "version"), unique=True),
    Index("discrepancies", "queue", ("cycle", "live", "rank", "_id", "district", "kind", "severity", "state")),
    Index("discrepancies", "submission", ("submission_id", "current", "item")),
    Index("discrepancy_answers", "submission", ("submission_id", "state")),
    Index("documents", "content", ("kind", "subject", "sha256"), unique=True),
    # With removed_at as a key, pages after the first would be sorted in memory: null is two ranges to MongoDB.
    Index("evidence", "submission", ("submission_id", "added_at", "_id"), only={"removed_at": None}),
    Index("evidence", "blob", ("blob_id",)),
    Index("evidence", "media_check", ("media_check.trace_id",), only={"media_check.trace_id": {"$exists": True}}),
    Index("evidence", "flagged", ("submission_id",), only={"flagged": True}),
    # Whole sums of the cycle's stamps come from it alone; a part of a district is a range of it.
    Index("figures", "stamps", ("cycle", "district", "_id", "stamp")),
    Index("inbox", "person", ("person_id", "at", "_id")),
    Index("inbox", "unread", ("person_id", "unread")),
    Index("invitations", "code", ("code_hash",), unique=True),
    # What became of an invitation can be seen for a month after it ended.
    Index("invitations", "expires", ("expires_at",), expires_after=30 * 24 * 3600),
    Index("invitations", "made", ("made_at", "_id", "used_at", "revoked_at", "expires_at", "holding.role")),
    Index(
        "invitations", "person", ("person_id", "made_at", "_id", "used_at", "revoked_at", "expires_at", "holding.role")
    ),
    Index("live_tickets", "expires", ("expires_at",), expires_after=0),
    Index("objections", "notice", ("notice_id", "recorded_at", "_id")),
    Index("objections", "state", ("cycle", "state")),
    Index("originals.chunks", "file", ("files_id", "n"), unique=True),
    Index("outcomes", "discrepancies", ("cycle", "discrepancies", "_id", "awarded")),
    Index("outcomes", "rubric", ("cycle", "rubric", "_id")),
    Index("outcomes", "total", ("cycle", "total", "_id", "awarded")),
    Index("outbox", "created", ("created_at", "_id")),
    Index("outbox", "dedupe_key", ("dedupe_key",), unique=True),
    Index("outbox", "due", ("due_at",), only={"live": True}),
    # What stands behind the sort keys is only there to be filtered by.
    Index("outbox", "event", ("event", "created_at", "_id", "state")),
    # Never two at a time to one person, whatever else goes wrong.
    Index("outbox", "held", ("person_id",), unique=True, only={"held": True}),
    Index("outbox", "message_id", ("message_ids",), only={"message_ids": {"$gt": ""}}),
    Index("outbox", "occasion", ("occasion", "state"), only={"occasion": {"$gt": ""}}),
    Index("outbox", "person", ("person_id", "created_at", "order"), only={"live": True}),
    Index("outbox", "recipient", ("person_id", "created_at", "_id", "state", "event")),
    Index("outbox", "state", ("state", "created_at", "_id")),
    Index("outbox", "unsettled", ("unsettled.openid",), only={"unsettled.openid": {"$gt": ""}}),
    # What stands behind the sort keys is only there to be filtered by.
    Index("people", "district", ("holdings.district", "name", "_id", "wechat.bound_at")),
    Index("people", "name", ("name", "_id", "wechat.bound_at")),
    Index("people", "phone", ("phone",), unique=True),
    Index("people", "role", ("holdings.role", "name", "_id", "wechat.bound_at")),
    Index("people", "school", ("holdings.school_id", "name", "_id", "wechat.bound_at")),
    Index("people", "school_district", ("school_districts", "name", "_id", "wechat.bound_at")),
    Index("people", "wechat", ("wechat.openid",), unique=True, only={"wechat.openid": {"$exists": True}}),
    Index("perceptual", "keys", ("keys",)),
    Index("photo_flags", "rank", ("cycle", "rank", "_id", "district", "kinds")),
    Index("photo_flags", "queue", ("cycle", "state", "rank", "_id", "district", "kinds")),
    Index("public_notices", "end", ("cycle", "ends_at")),
    Index("public_notices", "opened", ("cycle", "opened_at", "_id")),
    Index("publication_entries", "district", ("publication_id", "district", "position")),
    Index("publication_entries", "moved", ("publication_id", "moved", "position")),
    Index("publication_entries", "position", ("publication_id", "position"), unique=True),
    Index("publication_entries", "school", ("publication_id", "school_id", "position")),
    Index("publication_entries", "told", ("publication_id", "told", "position")),
    Index("publications", "version", ("cycle", "version"), unique=True),
    Index("publications", "state", ("cycle", "state", "version")),
    Index("publishing", "preparing", ("preparing",)),
    Index("rubric_candidates", "cycle", ("cycle", "at", "_id")),
    Index("rubric_candidates", "expires", ("at",), expires_after=30 * 24 * 3600),
    Index("renditions.chunks", "file", ("files_id", "n"), unique=True),
    Index("schools", "district_name", ("district", "name_key"), unique=True),
    Index("schools", "name", ("name_key", "_id")),
    Index("schools", "versions", ("version",)),
    Index("score_sheets", "signed", ("visit_id",), only={"state": "signed"}),
    Index("score_sheets", "visit_inspector", ("visit_id", "inspector_id"), unique=True),
    Index("sessions", "expires", ("expires_at",), expires_after=0),
    Index("sessions", "person", ("person_id", "_id")),
    Index("sessions", "token", ("token_hash",), unique=True),
    Index("sign_in_attempts", "until", ("until",), expires_after=0),
    Index("sign_in_links", "expires", ("expires_at",), expires_after=0),
    Index("sign_in_links", "person", ("person_id",)),
    Index("submissions", "applied", ("cycle", "district", "state", "application.applied", "_id", "school.name")),
    Index("submissions", "cycle_school", ("cycle", "school_id"), unique=True),
    Index("submissions", "district", ("cycle", "district", "school.name", "_id", "state")),
    Index("submissions", "district_state", ("cycle", "district", "state", "school.name", "_id")),
    Index("submissions", "name", ("cycle", "school.name", "_id")),
    Index("submissions", "self_points", ("cycle", "district", "state", "self_points", "_id", "school.name")),
    Index("submissions", "submitted", ("cycle", "district", "state", "submitted_at", "_id", "school.name")),
    Index("submissions", "state", ("cycle", "state", "school.name", "_id")),
    Index("submissions", "state_id", ("cycle", "state", "_id")),
    Index("subscription_quotas", "openid", ("openid",)),
    Index("uploads", "expires", ("expires_at",)),
    Index("visit_photos", "blob", ("blob_id",)),
    Index("visit_photos", "flagged", ("visit_id",), only={"flagged": True}),
    Index("visit_photos", "unstored", ("visit_id",), only={"blob_id": None}),
    Index("visit_photos", "visit", ("visit_id", "taken_at", "_id")),
    # Cancelled visits are in no list, and a submission may have any number of them.
    Index("visits", "date", ("cycle", "date", "_id"), only={"live": True}),
    Index("visits", "district", ("cycle", "district", "date", "_id"), only={"live": True}),
    Index("visits", "district_state", ("cycle", "district", "state", "date", "_id"), only={"live": True}),
    Index("visits", "inspector", ("cycle", "team.inspector_id", "date", "_id"), only={"live": True}),
    Index("visits", "overdue", ("cycle", "state", "date", "district")),
    Index("visits", "school", ("cycle", "school_id", "date", "_id"), only={"live": True}),
    Index("visits", "state", ("cycle", "state", "date", "_id"), only={"live": True}),
    Index("visits", "submission", ("submission_id",), unique=True, only={"live": True}),
    Index("wechat_pushes", "expires", ("expires_at",), expires_after=0),
)

# Collections without an index of their own. They are made together with the indexes: MongoDB would make each with its
# first document, for which a full disk has no room, and then tries again and again while everybody waits.
PLAIN = (
    "countersignatures",
    "cycles",
    "delivery_pauses",
    "delivery_turns",
    "district_reviewers",
    "jobs",
    "originals.files",
    "recommendation_list_snapshots",
    "recommendation_lists",
    "renditions.files",
    "rubrics",
    "visit_slots",
    "wechat_tokens",
)


async def ensure_indexes(db: Database, indexes: Iterable[Index] = INDEXES) -> list[str]:
    """Builds what is missing or defined otherwise; gives the names of those, as "collection.name".

    Raises `MigrationError` where documents break a unique index.
    """
    built: list[str] = []
    collections = _by_collection(indexes)
    differences = await asyncio.gather(*(_differences(db[name], wanted) for name, wanted in collections))
    for (name, _), (missing, outdated) in zip(collections, differences, strict=True):
        for index in outdated:
            await _drop(db[name], index)
        if missing:
            await _build(db[name], missing)
        built += [f"{name}.{index.name}" for index in missing]
    there = await db.list_collection_names()
    await asyncio.gather(*(_make(db, name) for name in PLAIN if name not in there))
    return built


async def _make(db: Database, name: str) -> None:
    try:
        await db.create_collection(name, check_exists=False)
    except OperationFailure as error:
        # Another process was faster.
        if error.code != _NAMESPACE_EXISTS:
            raise


async def missing_indexes(db: Database, indexes: Iterable[Index] = INDEXES) -> list[str]:
    """The indexes that are missing or defined otherwise, as "collection.name"."""
    collections = _by_collection(indexes)
    differences = await asyncio.gather(*(_differences(db[name], wanted) for name, wanted in collections))
    return [f"{index.collection}.{index.name}" for missing, _ in differences for index in missing]


def _by_collection(indexes: Iterable[Index]) -> list[tuple[str, list[Index]]]:
    return [(name, list(group)) for name, group in groupby(indexes, key=lambda index: index.collection)]


async def _differences(collection: Collection, wanted: list[Index]) -> tuple[list[Index], list[Index]]:
    """The wanted indexes that are missing, and those among them whose name has another definition now."""
    found = await collection.index_information()
    missing = [index for index in wanted if _as_wanted(found.get(index.name)) != _wanted(index)]
    return missing, [index for index in missing if index.name in found]


def _wanted(index: Index) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    return [(key, ASCENDING) for key in index.keys], index.definition()


def _as_wanted(information: Mapping[str, Any] | None) -> tuple[list[tuple[str, int]], dict[str, Any]] | None:
    """What `index_information` says of an index, in the form of `_wanted`."""
    if information is None:
        return None
    options = {option: value for option, value in information.items() if option not in ("key", "v", "ns", "background")}
    return information["key"], options


async def _build(collection: Collection, missing: list[Index]) -> None:
    try:
        await collection.create_indexes([index.model() for index in missing])
    except DuplicateKeyError as error:
        raise MigrationError(
            f"{collection.name} 里有重复的记录，无法建立唯一索引：{(error.details or {}).get('keyValue')}。"
            "请合并或删除重复的记录，再执行 python -m backend migrate。"
        ) from error


async def _drop(collection: Collection, index: Index) -> None:
    try:
        await collection.drop_index(index.name)
    except OperationFailure as error:
        # Another migration was faster.
        if error.code != 27:  # IndexNotFound
            raise
