"""Subscription quotas: how many messages of a template a WeChat user has accepted and not yet been sent.

{_id: "openid:template", schema, openid, template_id, count, reports: [{id, source, at, paired}], rejected_at}. One
accept is one message; accepts add up; only a message that WeChat took uses one up.

Each accept is reported twice, in any order, late, again, or only once: by the mini-program (`APP`) and by WeChat's push
(`PUSH`). The rule that tells the same accept from another: a report pairs with the oldest report of the *other* source
for the same user and template that has no partner yet and whose time is within `WINDOW` of its own; a pair counts once.
A report with a known id is the same report again and counts nothing. Where in doubt this counts too few, which costs a
message in WeChat (it stands in the inbox), and never too many for long: WeChat's refusal empties the quota.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from pymongo import ReturnDocument

from backend.store.mongo import Database, Session

SCHEMA = 1
WINDOW = timedelta(minutes=5)
APP, PUSH = "app", "push"

# openid, template id
Key: TypeAlias = tuple[str, str]

# So many reports are remembered, to know them again: more taps than anybody makes within the window.
_KEPT = 50


async def add(db: Database, openid: str, template_id: str, *, report_id: str, source: str, at: datetime) -> int:
    """Counts an accept that `source` (`APP` or `PUSH`) reports for the moment `at`; gives the quota then.

    Once for each `report_id`, and once for the two reports of one accept. One atomic update, so that rivals in all
    processes agree.
    """
    report = {"id": {"$literal": report_id}, "source": source, "at": at}
    known = {"$in": [{"$literal": report_id}, "$reports.id"]}
    new = {**report, "paired": {"$ne": ["$partner", None]}}
    counted = {"$add": ["$count", {"$cond": [{"$eq": ["$partner", None]}, 1, 0]}]}
    change = [
        _with_defaults(openid, template_id),
        {"$set": {"partner": {"$first": _partners(source, at)}}},
        {"$set": {"partner": {"$ifNull": ["$partner.id", None]}}},
        {
            "$set": {
                "count": {"$cond": [known, "$count", counted]},
                "reports": {"$cond": [known, "$reports", {"$slice": [{"$concatArrays": [_paired(), [new]]}, -_KEPT]}]},
            }
        },
        {"$unset": "partner"},
    ]
    document = await db.subscription_quotas.find_one_and_update(
        {"_id": _key(openid, template_id)}, change, upsert=True, return_document=ReturnDocument.AFTER
    )
    return int(document["count"])


async def spend_each(db: Database, session: Session, wanted: Collection[Key]) -> frozenset[Key]:
    """Takes one from each of different quotas, if there is one; gives those. The transaction sees to it that of many at
    once as many get one as there are."""
    by_id = {_key(openid, template_id): (openid, template_id) for openid, template_id in wanted}
    full = {"_id": {"$in": list(by_id)}, "count": {"$gt": 0}}
    ids = [found["_id"] async for found in db.subscription_quotas.find(full, {"_id": 1}, session=session)]
    if ids:
        await db.subscription_quotas.update_many({"_id": {"$in": ids}}, {"$inc": {"count": -1}}, session=session)
    return frozenset(by_id[found] for found in ids)


async def give_back(db: Database, openid: str, template_id: str, session: Session | None = None) -> None:
    """Returns one that `spend_each` took: WeChat did not take the message."""
    key = {"_id": _key(openid, template_id)}
    await db.subscription_quotas.update_one(key, {"$inc": {"count": 1}}, session=session)


async def empty(db: Database, openid: str, template_id: str, session: Session | None = None) -> None:
    """WeChat says that there is nothing left (43101): what was counted is wrong."""
    key = {"_id": _key(openid, template_id)}
    await db.subscription_quotas.update_one(key, {"$set": {"count": 0}}, session=session)


async def reject(db: Database, openid: str, template_id: str, at: datetime) -> None:
    """The user switched the template off at `at`: all that was accepted before is void; a later accept stands."""
    later = {"$gt": [{"$max": "$reports.at"}, at]}
    change = [
        _with_defaults(openid, template_id),
        {"$set": {"count": {"$cond": [later, "$count", 0]}, "rejected_at": {"$max": ["$rejected_at", at]}}},
    ]
    await db.subscription_quotas.update_one({"_id": _key(openid, template_id)}, change, upsert=True)


async def counts(db: Database, openid: str) -> Mapping[str, int]:
    """What is left of each template for the user; templates without a report are not there."""
    found = db.subscription_quotas.find({"openid": openid}, {"template_id": 1, "count": 1})
    return {document["template_id"]: document["count"] async for document in found}


def _key(openid: str, template_id: str) -> str:
    return f"{openid}:{template_id}"


def _with_defaults(openid: str, template_id: str) -> dict[str, Any]:
    """The stage that makes a new document whole; `$literal`, because an id may begin with a dollar sign."""
    return {
        "$set": {
            "schema": SCHEMA,
            "openid": {"$literal": openid},
            "template_id": {"$literal": template_id},
            "count": {"$ifNull": ["$count", 0]},
            "reports": {"$ifNull": ["$reports", []]},
            "rejected_at": {"$ifNull": ["$rejected_at", None]},
        }
    }


def _partners(source: str, at: datetime) -> dict[str, Any]:
    """The reports of the other source near `at` that have no partner yet, oldest first."""
    near = {"$and": [{"$gte": ["$$each.at", at - WINDOW]}, {"$lte": ["$$each.at", at + WINDOW]}]}
    open_ones = {"$and": [{"$ne": ["$$each.source", source]}, {"$not": "$$each.paired"}, near]}
    return {
        "$sortArray": {
            "input": {"$filter": {"input": "$reports", "as": "each", "cond": open_ones}},
            "sortBy": {"at": 1},
        }
    }


def _paired() -> dict[str, Any]:
    """The reports, of which the partner has a partner now."""
    is_partner = {"$eq": ["$$each.id", "$partner"]}
    with_partner = {"$mergeObjects": ["$$each", {"paired": {"$or": ["$$each.paired", is_partner]}}]}
    return {"$map": {"input": "$reports", "as": "each", "in": with_partner}}
