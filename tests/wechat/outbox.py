"""People who are bound, messages for them, and a worker that delivers them round by round."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

from backend.deps import Deps
from backend.models.people import Holding, Role
from backend.services.notices import notify
from backend.store import people, quotas
from backend.store.mongo import Session, transact
from backend.store.people import Person, WeChatUser
from backend.worker import Worker
from inspection.rules.notices import Notice
from tests.http.conftest import new_id
from tests.wechat_stub import Stub

EVENT = "submission.returned"
TEMPLATE = "template-of-returned"


def with_templates(deps: Deps, **changed: Any) -> Deps:
    """The same parts, with a template for every event."""
    notices: dict[str, Notice] = {
        event: dataclasses.replace(notice, template=f"template-of-{event.rpartition('.')[2]}", **changed)
        for event, notice in deps.notices.items()
    }
    return dataclasses.replace(deps, notices=notices)


async def bound(deps: Deps, stub: Stub, number: int, accepts: int = 1) -> str:
    """A school's contact, bound to a WeChat user who accepted so many messages; gives the person's id."""
    openid, person_id = f"o-{number}", new_id()
    holding = Holding(role=Role.SCHOOL, school_id=new_id())
    user = WeChatUser(openid, None, deps.clock())
    person = Person(person_id, f"联系人{number}", f"139{number:08}", (holding,), wechat=user)
    await people.insert(deps.db, person)
    stub.platform.users.add(openid)
    await accept(deps, stub, openid, accepts)
    return person_id


async def accept(deps: Deps, stub: Stub, openid: str, count: int = 1) -> None:
    """The user accepts so many messages, and the mini-program reports it."""
    for _ in range(count):
        stub.platform.accept(openid, TEMPLATE)
        await quotas.add(deps.db, openid, TEMPLATE, report_id=new_id(), source=quotas.APP, at=deps.clock())


async def tell(deps: Deps, person_ids: Sequence[str], reason: str = "缺照片", *, once: str | None = None) -> None:
    """One message to each."""

    async def work(transaction: Session) -> None:
        values = {"school": "海陵小学", "reason": reason, "state": "已退回"}
        told: dict[str, Any] = {"title": "申报材料已退回", "text": reason, "values": values, "once": once}
        await notify(deps, transaction, person_ids, EVENT, "x", link="/submissions/x", **told)

    await transact(deps.db, work)


def worker_of(deps: Deps) -> Worker:
    """A worker that delivers when it is told to."""
    return Worker(deps, asyncio.Event())


async def work_on(deps: Deps, rounds: int = 1) -> None:
    """Delivers what is due, so many times."""
    worker = worker_of(deps)
    for _ in range(rounds):
        await worker.round()


async def states(deps: Deps) -> list[tuple[str, str | None]]:
    """State and error of all messages, as they were written."""
    rows = await deps.db.outbox.find().sort([("created_at", 1), ("order", 1)]).to_list(None)
    return [(row["state"], row["last_error"]) for row in rows]


async def row_of(deps: Deps) -> dict[str, Any]:
    """The one message there is."""
    [row] = await deps.db.outbox.find().to_list(None)
    return row


async def count(deps: Deps, number: int = 1) -> int:
    """What is left of a user's accepts, as we count."""
    return (await quotas.counts(deps.db, f"o-{number}")).get(TEMPLATE, 0)
