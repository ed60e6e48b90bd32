"""Pages neither miss nor repeat, read little more than they give, and take no cursor that they did not make."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.errors import Invalid
from backend.models.base import Model
from backend.models.paging import Page, page_of
from backend.store.mongo import Database, Document
from backend.store.paging import page

START = datetime(2022, 8, 1, tzinfo=UTC)


@pytest.fixture
async def filled(database: Database) -> Database:
    """300 documents, of which many are of the same moment, in three kinds."""
    await database.things.create_index([("of.kind", 1), ("at", 1), ("_id", 1)])
    await database.things.create_index([("at", 1), ("_id", 1)])
    documents = [
        {
            "_id": f"{number * 7 % 300:03}",
            "at": START + timedelta(milliseconds=number // 25),
            "of": {"kind": number % 3},
        }
        for number in range(300)
    ]
    await database.things.insert_many(documents)
    return database


async def all_pages(
    db: Database, wanted: Mapping[str, Any], keys: Sequence[str], limit: int, **more: Any
) -> list[Document]:
    found: list[Document] = []
    cursor = None
    while True:
        documents, cursor = await page(db.things, wanted, keys, limit, cursor, **more)
        assert len(documents) == limit or cursor is None
        found += documents
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 7, 100, 150, 300, 301])
@pytest.mark.parametrize("descending", [False, True])
async def test_every_document_once_and_in_order(filled: Database, limit: int, descending: bool) -> None:
    found = await all_pages(filled, {}, ("at", "_id"), limit, descending=descending)
    keys = [(document["at"], document["_id"]) for document in found]
    assert len(keys) == 300
    assert keys == sorted(set(keys), reverse=descending)


async def test_a_filter_and_a_projection(filled: Database) -> None:
    found = await all_pages(filled, {"of.kind": 1}, ("at", "_id"), 9, projection={"at": 1})
    assert len({document["_id"] for document in found}) == 100
    assert set(found[0]) == {"_id", "at"}


async def test_a_filter_on_a_sort_key(filled: Database) -> None:
    wanted = {"at": {"$gte": START + timedelta(milliseconds=3)}}
    assert len(await all_pages(filled, wanted, ("at", "_id"), 10)) == 225


async def test_a_dotted_key(filled: Database) -> None:
    found = await all_pages(filled, {}, ("of.kind", "at", "_id"), 20)
    keys = [(document["of"]["kind"], document["at"], document["_id"]) for document in found]
    assert keys == sorted(set(keys))
    assert len(keys) == 300


async def test_what_comes_in_between_is_not_repeated(filled: Database) -> None:
    first, cursor = await page(filled.things, {}, ("at", "_id"), 10, None)
    await filled.things.delete_many({"_id": {"$in": [document["_id"] for document in first]}})
    await filled.things.insert_one({"_id": "000x", "at": START - timedelta(days=1), "of": {"kind": 0}})
    second, _ = await page(filled.things, {}, ("at", "_id"), 300, cursor)
    assert len(second) == 290


async def test_pages_read_little_and_sort_nothing(filled: Database) -> None:
    await filled.command("profile", 2)
    try:
        await all_pages(filled, {}, ("at", "_id"), 20, descending=True)
        await all_pages(filled, {"of.kind": 2}, ("at", "_id"), 20)
    finally:
        await filled.command("profile", 0)
    lines = await filled["system.profile"].find({"op": "query", "ns": "tests.things"}).to_list(None)
    await filled["system.profile"].drop()
    assert len(lines) == 20
    for line in lines:
        assert "COLLSCAN" not in line["planSummary"]
        assert not line.get("hasSortStage")
        assert line["docsExamined"] <= 2 * line["nreturned"] + 20


def forged(data: Any) -> str:
    return urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        forged({}),
        forged([]),
        forged(["at,_id"]),
        forged(["at,_id", {"ms": 1}]),
        forged(["_id,at", "a", {"ms": 1}]),
        forged(["at,_id", {"ms": 1}, {"$gt": ""}]),
        forged(["at,_id", {"$gt": ""}, "a"]),
        forged(["at,_id", {"ms": -1}, "a"]),
        forged(["at,_id", {"ms": 10**15}, "a"]),
        forged(["at,_id", {"ms": True}, "a"]),
        forged(["at,_id", {"ms": 1.5}, "a"]),
        forged(["at,_id", None, "a"]),
        forged(["at,_id", {"ms": 1}, ["a"]]),
        forged(["at,_id", {"ms": 1}, 10**30]),
        urlsafe_b64encode(b'["at,_id",{"ms":1},"\\ud800"]').decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
        "A" * 2000,
    ],
)
async def test_a_forged_cursor_is_refused(filled: Database, cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        await page(filled.things, {}, ("at", "_id"), 10, cursor)
    assert [detail.path for detail in caught.value.details] == ["/query/cursor"]


def test_pages_have_names_of_their_own() -> None:
    class ThingView(Model):
        name: str

    model = page_of(ThingView)
    assert model is Page[ThingView]
    assert model.__name__ == "ThingViewPage"
    assert model(items=[ThingView(name="a")], next_cursor=None).model_dump() == {
        "items": [{"name": "a"}],
        "next_cursor": None,
    }
