"""The window in which a school may answer its discrepancies: the city opens it while the submission is scored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.deps import Deps
from backend.errors import AppError, Conflict, Detail, Invalid
from backend.models.answers import NotDone, OpenAllWindows, OpenSomeWindows, OpenWindow, WindowsOpened, WindowView
from backend.models.people import Actor
from backend.services.audit import audit
from backend.services.cycles import current
from backend.services.notices import contacts_of, notify
from backend.services.submissions import visible
from backend.services.workflow import faster, refusal
from backend.store import answers, discrepancies
from backend.store.mongo import Session, transact
from inspection.rules.problems import Problem
from inspection.rules.workflow import STATE_NAMES, State, until_text


def window_view(deps: Deps, submission: Mapping[str, Any]) -> WindowView | None:
    """How an answer shows the submission's window; None where there never was one."""
    window = submission.get("answer_window")
    return _view(deps, submission, window) if window is not None else None


def _view(deps: Deps, submission: Mapping[str, Any], window: Mapping[str, Any]) -> WindowView:
    return WindowView(
        opened_at=window["opened_at"],
        closes=window["closes"],
        round=window["round"],
        open=State(submission["state"]) is State.SCORED and answers.is_open(window, deps.clock()),
    )


async def open_one(deps: Deps, actor: Actor, submission_id: str, body: OpenWindow) -> WindowView:
    """Opens the window of a school until `closes`, or moves the end of the one that is open, and tells the school.

    Raises `Invalid` for an end that is past, `NotFound`, `Conflict` where it is not scored or has nothing to answer.
    """
    _check_end(deps, body.closes)
    return await _open(deps, actor, submission_id, body.closes)


async def open_many(deps: Deps, actor: Actor, body: OpenSomeWindows | OpenAllWindows) -> WindowsOpened:
    """Opens the windows of many schools, each on its own: one that is refused keeps no other shut."""
    _check_end(deps, body.closes)
    if isinstance(body, OpenAllWindows):
        ids = await answers.scored_with_rows(deps.db, (await current(deps)).id)
    else:
        ids = list(dict.fromkeys(body.submission_ids))
    opened, refused = [], []
    for submission_id in ids:
        try:
            await _open(deps, actor, submission_id, body.closes)
            opened.append(submission_id)
        except AppError as error:
            refused.append(not_done(submission_id, error))
    return WindowsOpened(opened=opened, refused=refused)


def not_done(submission_id: str, error: AppError) -> NotDone:
    """How an answer on many says why one was not done."""
    if error.status >= 500:
        raise error
    reasons = [detail.message for detail in error.details]
    return NotDone(submission_id=submission_id, code=error.code, message=error.message, reasons=reasons)


def _check_end(deps: Deps, closes: datetime) -> None:
    if closes <= deps.clock():
        raise Invalid("截止时间已过", details=[Detail("/closes", "too_early", "截止时间应晚于现在，请改正")])


async def _open(deps: Deps, actor: Actor, submission_id: str, closes: datetime) -> WindowView:
    async def work(transaction: Session) -> WindowView:
        submission = await visible(deps, actor, submission_id, transaction)
        require_scored(submission)
        if not await discrepancies.has_any(deps.db, transaction, submission_id):
            raise Conflict("该校没有需要答复的差异，不必开放答复", code="nothing_to_answer")
        window = _next_window(submission.get("answer_window"), closes, deps.clock(), actor)
        if not await answers.set_window(deps.db, transaction, submission, window):
            raise faster()
        await audit(
            deps,
            transaction,
            actor,
            "answer_window.opened",
            "submission",
            submission_id,
            before=submission.get("answer_window"),
            after=window,
        )
        await _tell(deps, transaction, submission, closes)
        return _view(deps, submission, window)

    return await transact(deps.db, work)


def require_scored(submission: Mapping[str, Any]) -> None:
    """Raises `Conflict` for a submission in any state but scored."""
    state = State(submission["state"])
    if state is not State.SCORED:
        message = f"当前状态为“{STATE_NAMES[state]}”，只有“{STATE_NAMES[State.SCORED]}”状态才能进行此操作"
        raise refusal(state, [Problem("", "wrong_state", message)])


def _next_window(before: Mapping[str, Any] | None, closes: datetime, now: datetime, actor: Actor) -> dict[str, Any]:
    if before is not None and answers.is_open(before, now):
        return {**before, "closes": closes}
    number = before["round"] + 1 if before is not None else 1
    return {"opened_at": now, "closes": closes, "round": number, "opened_by": actor.person_id}


async def _tell(deps: Deps, transaction: Session, submission: Mapping[str, Any], closes: datetime) -> None:
    name, until = submission["school"]["name"], until_text(closes)
    await notify(
        deps,
        transaction,
        await contacts_of(deps, transaction, submission["school_id"]),
        "discrepancy.to_answer",
        submission["_id"],
        title="请答复自评与评估结果的差异",
        text=f"{name}的自评与现场评估结果有差异，请于{until}前逐项答复，可附照片。",
        values={"school": name, "closes": closes},
        link=f"/submissions/{submission['_id']}/discrepancies",
    )
