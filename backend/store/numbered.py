"""Numbered pages, for tables: which documents a page has, the index alone says; only those of the page are read.

How many there are in all is counted as far as a person would turn the pages: a million entries are counted for nobody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING

from backend.models.tables import MOST_COUNTED
from backend.store.mongo import Collection, Document


@dataclass(frozen=True, slots=True)
class Order:
    """What documents are sorted by (together unique), and the index that has them so behind the filter's fields.

    Without an index MongoDB chooses: a filter of several branches takes several of them.
    """

    keys: tuple[str, ...]
    index: str | None
    descending: bool = False

    @classmethod
    def of(cls, orders: Mapping[str, tuple[tuple[str, ...], str]], sort: str) -> "Order":
        """The order that a query names: `name`, or `-name` for the other way round."""
        return cls(*orders[sort.removeprefix("-")], descending=sort.startswith("-"))


async def numbered(
    collection: Collection,
    filter: Mapping[str, Any],  # noqa: A002 - MongoDB calls it so
    order: Order,
    skip: int,
    limit: int,
    projection: Mapping[str, Any] | None = None,
) -> tuple[list[Document], int]:
    """The documents of a page, and how many there are in all; more than `MOST_COUNTED` says one more than that."""
    hinted: dict[str, Any] = {} if order.index is None else {"hint": order.index}
    direction = DESCENDING if order.descending else ASCENDING
    found = collection.find(filter, {"_id": 1}, sort=[(key, direction) for key in order.keys], **hinted)
    ids, total = await asyncio.gather(
        found.skip(skip).limit(limit).to_list(None),
        collection.count_documents(filter, limit=MOST_COUNTED + 1, **hinted),
    )
    return await of_ids(collection, [each["_id"] for each in ids], projection), total


async def ids_of(collection: Collection, filter: Mapping[str, Any], order: Order) -> list[str]:  # noqa: A002
    """The ids of all documents, in the order."""
    direction = DESCENDING if order.descending else ASCENDING
    found = collection.find(filter, {"_id": 1}, sort=[(key, direction) for key in order.keys], hint=order.index)
    return [each["_id"] for each in await found.to_list(None)]


async def of_ids(
    collection: Collection, ids: Sequence[str], projection: Mapping[str, Any] | None = None
) -> list[Document]:
    """The documents in the order of their ids; what has gone meanwhile is left out."""
    rows = {each["_id"]: each async for each in collection.find({"_id": {"$in": list(ids)}}, projection)}
    return [rows[each] for each in ids if each in rows]
