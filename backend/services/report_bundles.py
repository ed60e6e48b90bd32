"""The inspection reports of many schools as one zip file, made in processes of their own while it is sent."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from backend.deps import Deps
from backend.documents.archive import ArchiveWriter, safe_name
from backend.documents.contents import Stamp
from backend.documents.making import docx
from backend.errors import NotFound, Unavailable
from backend.gateways.makers import Makers
from backend.models.attachments import Stream
from backend.models.documents import DocumentKind
from backend.models.people import Actor
from backend.services import inspection_reports
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, current
from backend.services.documents import stamped
from backend.services.snapshots import district_name
from backend.store import submissions
from backend.store.mongo import Session, transact
from inspection.rules.workflow import SHANGHAI, State

_VISITED = (State.SCORED, State.DECIDED, State.PUBLISHED)
# A report being made, and one waiting, for each process: no more contents are in memory.
_AHEAD = 2

# Fewer are made in threads: starting processes would take longer.
FEW = 20

# What no report says of a submission: the greater part of it.
_LEFT_OUT = {"fields": 0, "history": 0, "rounds": 0}

# A path in the zip file, and the file that will be there.
_Report = tuple[str, asyncio.Task[bytes]]
# Makes a file of a content, its stamp and its pictures.
_Maker = Callable[[Any, Stamp, dict[str, bytes]], Awaitable[bytes]]


async def inspection_reports_of(deps: Deps, actor: Actor, district: str | None) -> Stream:
    """The reports of all schools whose visit is closed, or of a district's, by their names.

    Raises `Conflict` where no cycle is open, `NotFound` where there is no such school, `Unavailable` while others are
    made: they take what processors there are to spare.
    """
    cycle = await current(deps)
    found = await submissions.of_states(deps.db, cycle.id, district, _VISITED)
    if not found:
        raise NotFound("还没有现场评估已结束的学校，没有报告可以生成")
    if deps.making.locked():
        raise Unavailable("正在生成另一批报告，请稍后再试", code="busy", retry_after=30)
    place = "全市" if district is None else district_name(deps, district)

    async def begin(transaction: Session) -> None:
        after = {"kind": DocumentKind.INSPECTION_REPORT.value, "district": district, "schools": len(found)}
        await audit(deps, transaction, actor, "documents.made", "cycle", cycle.id, after=after)

    await transact(deps.db, begin)
    day = deps.clock().astimezone(SHANGHAI).strftime("%Y%m%d")
    return Stream(f"现场评估报告-{safe_name(place)}-{len(found)}份-{day}.zip", _pieces(deps, actor, cycle, found))


async def _pieces(deps: Deps, actor: Actor, cycle: OpenCycle, found: list[dict[str, Any]]) -> AsyncGenerator[bytes]:
    writer = ArchiveWriter({"cycle": cycle.id, "cycle_title": cycle.cycle.title, "documents": len(found)})
    try:
        async with (
            deps.making,
            _maker(deps, len(found)) as maker,
            aclosing(_reports(deps, actor, maker, found)) as reports,
        ):
            async for path, content in reports:
                yield await asyncio.to_thread(writer.add, path, content)
        rest, _ = await asyncio.to_thread(writer.close)
        yield rest
    finally:
        writer.discard()


@asynccontextmanager
async def _maker(deps: Deps, count: int) -> AsyncIterator[_Maker]:
    """What makes so many files: threads, or processes that end with the block."""
    if count <= FEW:
        yield lambda *parts: deps.threads.run(partial(docx, *parts))
        return
    async with Makers(deps.makers) as makers:
        yield lambda *parts: makers.run(docx, *parts)


async def _reports(
    deps: Deps, actor: Actor, maker: _Maker, found: list[dict[str, Any]]
) -> AsyncGenerator[tuple[str, bytes]]:
    """The files in order. While one is waited for, the next are made."""
    waiting: deque[_Report] = deque()
    try:
        for each in found:
            waiting.append((_path(deps, each), asyncio.create_task(_make(deps, actor, maker, each["_id"]))))
            if len(waiting) > deps.makers * _AHEAD:
                path, task = waiting.popleft()
                yield path, await task
        while waiting:
            path, task = waiting.popleft()
            yield path, await task
    finally:
        for _, task in waiting:
            task.cancel()


def _path(deps: Deps, submission: dict[str, Any]) -> str:
    # Two schools may have one name, and a short part of the id sets them apart.
    name = f"{safe_name(submission['school']['name'])}-{submission['_id'][:8]}"
    return f"{safe_name(district_name(deps, submission['district']))}/现场评估报告-{name}.docx"


async def _make(deps: Deps, actor: Actor, maker: _Maker, submission_id: str) -> bytes:
    submission = await submissions.find(deps.db, submission_id, fields=_LEFT_OUT)
    if submission is None:
        raise LookupError(f"submission {submission_id} is gone")
    printed, pictures = await inspection_reports.print_report(deps, DocumentKind.INSPECTION_REPORT, submission)
    stamp = await stamped(deps, actor, printed)
    return await maker(printed.content, stamp, pictures)
