"""What the targets are computed from: each school's district and past awards, and nothing else of it."""

from collections.abc import AsyncIterator

from backend.store.mongo import Database

_FIELDS = {"district": 1, "past_awards.grade": 1}
_BATCH = 1000


async def past_awards(db: Database, district: str | None) -> AsyncIterator[tuple[str, str, list[str]]]:
    """The id, district and past awards' grades of every registered school, or of a district's."""
    wanted = {} if district is None else {"district": district}
    # By the index that has the districts together.
    schools = db.schools.find(wanted, _FIELDS, hint="district_name").batch_size(_BATCH)
    async for school in schools:
        yield school["_id"], school["district"], [award["grade"] for award in school["past_awards"]]
