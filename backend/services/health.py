"""Whether the service can do its work, and how much of it waits."""

import asyncio

from backend.deps import Deps
from backend.errors import Detail, Unavailable
from backend.store import blobs, mongo
from backend.store.migrations import readiness

_PATIENCE = 3.0


async def check_ready(deps: Deps) -> None:
    """Returns if the database answers and is what this version needs; raises `Unavailable` with the reasons."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await mongo.ping(deps.db)
            reasons = await readiness(deps.db)
    except Exception as error:
        if not isinstance(error, TimeoutError) and deps.translate_error(error) is None:
            raise
        reasons = ["数据库没有应答，请检查 MongoDB 是否在运行"]
    if reasons:
        details = [Detail("", "not_ready", reason) for reason in reasons]
        raise Unavailable("服务尚未就绪", code="not_ready", details=details, retry_after=5)


async def queue_lengths(deps: Deps) -> dict[str, int]:
    """How much waits to be done; nothing where the database does not answer, for its absence shows elsewhere."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return {"files_pending": await blobs.count_pending(deps.db)}
    except Exception as error:
        if not isinstance(error, TimeoutError) and deps.translate_error(error) is None:
            raise
        return {}
