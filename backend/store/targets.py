"""What the targets are computed from: each school's district and past awards, and nothing else of it."""

from collections.abc import AsyncIterator

from backend.store.mongo import Database

# Schools are never removed, and every change of one counts its version up.
_WRITES = [{"$group": {"_id": None, "sum": {"$sum": "$version"}}}]
_FIELDS = {"district": 1, "past_awards.grade": 1}
_BATCH = 1000


async def stand(db: Database) -> int:
    """A number that grows with every registration and every change of a school; the index alone gives it."""
    found = await db.schools.aggregate(_WRITES, hint="versions").to_list(1)
    return int(found[0]["sum"]) if found else 0


async def past_awards(db: Database) -> AsyncIterator[tuple[str, str, list[str]]]:
    """The id, district and past awards' grades of every registered school."""
    schools = db.schools.find({}, _FIELDS, hint="district_name").batch_size(_BATCH)
    async for school in schools:
        yield school["_id"], school["district"], [award["grade"] for award in school["past_awards"]]
