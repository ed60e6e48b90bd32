"""Keeps decisions, public notices and corrections out of the way of a publication that is under way."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict
from backend.services.cycles import OpenCycle
from backend.store import publishing
from backend.store.mongo import Session


async def hold(deps: Deps, transaction: Session, cycle: OpenCycle) -> Mapping[str, Any]:
    """What goes on about the cycle's publications; nobody begins one until this transaction ends.

    Raises `Conflict` while one is under way.
    """
    held = await publishing.hold(deps.db, transaction, cycle.id)
    if held["preparing"] is not None:
        raise Conflict("正在公布评估结果，请稍后再试", code="publishing")
    return held
