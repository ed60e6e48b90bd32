"""The school answers its discrepancies item by item; the city settles each answer."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.answers import AnswerCheck, AnswerView, GiveAnswer, Revise, Uphold
from backend.models.people import Actor
from backend.services import content_check, media_checks
from backend.services.answer_windows import require_scored
from backend.services.audit import audit
from backend.services.cycles import current
from backend.services.notices import contacts_of, notify
from backend.services.revisions import rule
from backend.services.submissions import visible
from backend.services.workflow import faster
from backend.store import answers, discrepancies, evidence
from backend.store.mongo import Session, transact

_RESULTS = {"upheld": "维持原评估结果", "revised": "已调整评估结果"}


async def give(deps: Deps, actor: Actor, submission_id: str, item: str, body: GiveAnswer) -> AnswerView:
    """The school answers the discrepancies on an item, or puts its answer in other words.

    Raises `NotFound` for another's submission and an item without discrepancies; `Conflict` where the window is not
    open, the city settled the item, the answer is of another version by now, or WeChat finds the text risky; `Invalid`
    for unknown evidence.
    """

    async def before_it(transaction: Session) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """The submission and the answer so far, if it may be given."""
        submission = await visible(deps, actor, submission_id, transaction)
        await _check_open(deps, transaction, submission, item)
        before = await answers.find(deps.db, transaction, submission_id, item)
        _check_version(before, body.version or 0)
        await _check_evidence(deps, transaction, submission_id, body.evidence)
        return submission, before

    async def work(transaction: Session) -> AnswerView:
        submission, before = await before_it(transaction)
        answer = {**_answer(deps, actor, submission, item, body, before), "content_check": mark}
        await _save(deps, transaction, actor, "answer.given", before, answer)
        return answer_view(answer, named=False)

    if deps.settings.wechat_content_check:
        # What can't be given anyway is not checked.
        await transact(deps.db, before_it)
    mark = await content_check.check_answer(deps, actor, body.text)
    given = await transact(deps.db, work)
    await media_checks.ask(deps, actor, await evidence.unasked_photos(deps.db, body.evidence))
    return given


async def _check_open(deps: Deps, transaction: Session, submission: Mapping[str, Any], item: str) -> None:
    require_scored(submission)
    window = submission.get("answer_window")
    if not answers.is_open(window, deps.clock()):
        never = "市教育局尚未开放答复，请等候通知" if window is None else "答复时间已过；如有疑问请联系市教育局"
        raise Conflict(never, code="window_closed")
    current_rows = await discrepancies.of_submission(deps.db, submission["_id"], transaction, current_only=True)
    states = [row["state"] for row in current_rows if row["item"] == item]
    if not states:
        raise NotFound("这一项没有需要答复的差异，请刷新后重试")
    if all(state in _RESULTS for state in states):
        raise Conflict("市教育局已处理这一项，不能再改答复", code="settled")


def _check_version(before: Mapping[str, Any] | None, version: int) -> None:
    if (before["version"] if before else 0) != version:
        raise faster()


async def _check_evidence(deps: Deps, transaction: Session, submission_id: str, ids: list[str]) -> None:
    known = await answers.known_evidence(deps.db, transaction, submission_id, ids)
    details = [
        Detail(f"/evidence/{position}", "not_uploaded", "这份佐证还没有上传完，请上传后再答复")
        if each in known
        else Detail(f"/evidence/{position}", "unknown_evidence", "没有这份佐证，请先上传")
        for position, each in enumerate(ids)
        if not known.get(each)
    ]
    if details:
        raise Invalid("佐证有误，请逐条改正", details=details)


def _answer(
    deps: Deps,
    actor: Actor,
    submission: Mapping[str, Any],
    item: str,
    body: GiveAnswer,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "_id": answers.answer_id(submission["_id"], item),
        "schema": answers.SCHEMA,
        "version": (before["version"] if before else 0) + 1,
        "cycle": submission["cycle"],
        "submission_id": submission["_id"],
        "school_id": submission["school_id"],
        "item": item,
        "text": body.text,
        "evidence": list(dict.fromkeys(body.evidence)),
        "state": "answered",
        "answered_at": deps.clock(),
        "answered_by": actor.person_id,
        "settled_at": None,
        "settled_by": None,
        "reason": None,
        "ruling_id": None,
    }


async def settle(deps: Deps, actor: Actor, submission_id: str, item: str, body: Uphold | Revise) -> AnswerView:
    """The city ends an answer: what is agreed stands, or is revised by a ruling. The school is told.

    Raises `NotFound` where there is no answer; `Conflict` where the submission is not scored, the answer is settled
    already or another than was read; `Invalid` for points or clauses that can't be ruled.
    """

    async def work(transaction: Session) -> AnswerView:
        submission = await visible(deps, actor, submission_id, transaction)
        require_scored(submission)
        before = await answers.find(deps.db, transaction, submission_id, item)
        if before is None:
            raise NotFound("学校没有答复这一项，不需要处理")
        if before["state"] != "answered":
            raise Conflict("这一项答复已经处理过", code="settled")
        if body.version is not None:
            _check_version(before, body.version)
        settled = {
            **before,
            "version": before["version"] + 1,
            "state": body.result,
            "settled_at": deps.clock(),
            "settled_by": {"person_id": actor.person_id, "name": actor.name},
            "reason": body.reason,
        }
        # Before the ruling: the rows that it makes an end of are kept for being settled.
        await _save(deps, transaction, actor, "answer.settled", before, settled, reason=body.reason)
        if isinstance(body, Revise):
            cycle = await current(deps, transaction)
            change = (body.points, body.clauses, body.reason)
            await rule(deps, transaction, actor, cycle, submission, item, *change)
        await _tell(deps, transaction, submission, settled)
        return answer_view(settled, named=True)

    return await transact(deps.db, work)


async def _save(
    deps: Deps,
    transaction: Session,
    actor: Actor,
    event: str,
    before: Mapping[str, Any] | None,
    answer: Mapping[str, Any],
    *,
    reason: str | None = None,
) -> None:
    """Writes the answer and the state of the item's rows, in step with the submission, and audits what it was."""
    submission_id, item = answer["submission_id"], answer["item"]
    await answers.touch(deps.db, transaction, submission_id)
    await answers.put(deps.db, transaction, answer)
    await discrepancies.set_state(deps.db, transaction, submission_id, item, answer["state"])
    await audit(
        deps,
        transaction,
        actor,
        event,
        "submission",
        submission_id,
        before=before and _told(before),
        after=_told(answer),
        reason=reason,
    )


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("item", "version", "state", "text", "evidence")}


async def _tell(deps: Deps, transaction: Session, submission: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    name, item, result = submission["school"]["name"], answer["item"], _RESULTS[answer["state"]]
    await notify(
        deps,
        transaction,
        await contacts_of(deps, transaction, submission["school_id"]),
        "answer.settled",
        submission["_id"],
        title="差异答复已处理",
        text=f"{name}对 {item} 的答复已处理：{result}。理由：{answer['reason']}",
        values={"school": name, "item": item, "result": result},
        link=f"/submissions/{submission['_id']}/discrepancies",
    )


def answer_view(answer: Mapping[str, Any], *, named: bool) -> AnswerView:
    """How an answer is shown: `named` to officers, who see which of them settled it."""
    return AnswerView(
        submission_id=answer["submission_id"],
        item=answer["item"],
        text=answer["text"],
        evidence=answer["evidence"],
        state=answer["state"],
        version=answer["version"],
        answered_at=answer["answered_at"],
        settled_at=answer["settled_at"],
        settled_by=answer["settled_by"]["name"] if named and answer["settled_by"] else None,
        reason=answer["reason"],
        content_check=_content_check(answer) if named else None,
    )


def _content_check(answer: Mapping[str, Any]) -> AnswerCheck | None:
    """What WeChat's check of the text left for an officer to look at. Older answers have no mark."""
    mark = answer.get("content_check") or {}
    return "review" if mark.get("review") else "unchecked" if mark.get("unchecked") else None
