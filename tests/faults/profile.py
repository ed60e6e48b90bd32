"""MongoDB's profiler: records every operation on a database, and says which of them no index served."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from backend.store.mongo import Database

_BYTES = 128 * 1024 * 1024
# So many documents more than twice those returned may be looked at.
_SPARE = 20
_COUNTS = ("nreturned", "nMatched", "nModified", "ndeleted")


@asynccontextmanager
async def profiled(db: Database) -> AsyncIterator[None]:
    """Records all operations on the database for as long as the block lasts; `complaints` reads them."""
    await db.create_collection("system.profile", capped=True, size=_BYTES)
    await db.command("profile", 2)
    try:
        yield
    finally:
        await db.command("profile", 0)


async def complaints(db: Database) -> tuple[int, dict[str, int]]:
    """How many operations were recorded, and what is wrong with which kinds of them, with how often that was."""
    count, found = 0, dict[str, int]()
    async for each in db["system.profile"].find({"ns": {"$not": {"$regex": r"\.system\."}}}):
        count += 1
        if wrong := complaint(each):
            found[wrong] = found.get(wrong, 0) + 1
    return count, found


def complaint(operation: Mapping[str, Any]) -> str | None:
    """What is wrong with an operation as the profiler (or the log of slow queries) tells it."""
    plan = str(operation.get("planSummary", ""))
    examined = operation.get("docsExamined", 0)
    returned = max(operation.get(name, 0) for name in _COUNTS)
    wrong = []
    if "COLLSCAN" in plan:
        wrong.append("collection scan")
    if operation.get("hasSortStage"):
        wrong.append("in-memory sort")
    if examined > 2 * returned + _SPARE:
        wrong.append("examines many times what it returns")
    return f"{', '.join(wrong)}: {operation['ns']} {plan} {_shape(operation.get('command', {}))}" if wrong else None


def _shape(command: Mapping[str, Any]) -> str:
    """The command without its values: the same for all operations of a kind."""
    parts = {name: command[name] for name in ("filter", "query", "q", "sort", "pipeline", "hint") if name in command}
    return str(_without_values(parts))


def _without_values(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_values(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return (
            [_without_values(inner) for inner in value[:1]]
            if value and not isinstance(value[0], Mapping)
            else [_without_values(inner) for inner in value]
        )
    return 0
