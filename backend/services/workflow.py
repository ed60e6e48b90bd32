"""Moves a submission along the table of `inspection.rules.workflow`: who may, when, what is missing, in one write."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Forbidden
from backend.models.people import Actor
from backend.services import figures
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, calendar
from backend.store import submissions
from backend.store.mongo import Session
from inspection.rules.problems import Problem
from inspection.rules.workflow import STATE_NAMES, Role, State, step


async def transition(
    deps: Deps,
    transaction: Session,
    cycle: OpenCycle,
    actor: Actor,
    role: Role,
    submission: Mapping[str, Any],
    name: str,
    missing: Mapping[str, Sequence[Problem]],
    *,
    changes: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> State:
    """Makes the transition `name` of `submission` (as read in this transaction) and audits it; gives the new state.

    `role` is what the actor is to this submission (an inspector may be its lead). `missing` holds the needs that are
    not there (see `step`). Raises `Conflict` with every reason why not, `Forbidden` for a wrong role, and `Conflict`
    where somebody was faster.
    """
    before = State(submission["state"])
    answer = step(name, before, role, deps.clock(), calendar(cycle, submission["district"]), missing)
    if answer.target is None:
        raise refusal(before, answer.reasons)
    if not await submissions.move(deps.db, transaction, submission, answer.target, changes):
        raise faster()
    await figures.follow(deps, transaction, submission, before, answer.target)
    await audit(
        deps,
        transaction,
        actor,
        f"submission.{name}",
        "submission",
        submission["_id"],
        before={"state": before.value},
        after={"state": answer.target.value},
        reason=reason,
    )
    return answer.target


def refusal(state: State, reasons: Sequence[Problem]) -> Conflict | Forbidden:
    """The error for a transition that may not be; it says the state and all that stands against it."""
    details = [Detail(reason.path, reason.code, reason.message) for reason in reasons]
    if any(reason.code == "wrong_role" for reason in reasons):
        return Forbidden(reasons[0].message, details=details)
    message = reasons[0].message if len(reasons) == 1 else f"还有 {len(reasons)} 项未满足，请逐条处理"
    return Conflict(f"{message}（当前状态：{STATE_NAMES[state]}）", code=_code(reasons), details=details)


def _code(reasons: Sequence[Problem]) -> str:
    codes = {reason.code for reason in reasons}
    return codes.pop() if len(codes) == 1 and codes & {"wrong_state", "too_early", "too_late"} else "not_ready"


def faster() -> Conflict:
    """The error for a lost conditional update."""
    return Conflict("内容刚刚被其他人修改过，请刷新后重试", code="version_conflict")
