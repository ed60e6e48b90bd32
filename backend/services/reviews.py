"""The district's review of a submission: typed and saved with a version. Inspectors never see it."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Detail, Invalid
from backend.models.people import Actor
from backend.models.reviews import ReviewBody, ReviewItemView, ReviewView
from backend.services.acting import require_reviewer
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, calendar
from backend.services.form_fields import is_on_scale, scale_message
from backend.services.list_state import list_handed_in
from backend.services.overtaken import overtaken
from backend.services.submission_steps import unknown_items
from backend.services.submission_view import step_view
from backend.services.submissions import cycle_of, visible
from backend.services.workflow import faster, refusal
from backend.store import submissions
from backend.store.mongo import Session, transact
from backend.store.submissions import item_code, item_key
from inspection.rules.workflow import Role, State, step


async def read(deps: Deps, actor: Actor, submission_id: str) -> ReviewView:
    """The review as it stands."""
    return _view(await visible(deps, actor, submission_id), actor)


async def save(deps: Deps, actor: Actor, submission_id: str, body: ReviewBody) -> ReviewView:
    """Replaces the review. Only while the submission could be endorsed, were there an opinion.

    Raises `NotFound`, `Forbidden` for others than the reviewers, `Invalid` with every wrong item, `Conflict` for a
    stale version or where the time or state forbids it.
    """

    async def work(transaction: Session) -> ReviewView:
        submission = await visible(deps, actor, submission_id, transaction)
        cycle = await cycle_of(deps, submission, transaction)
        await require_reviewer(deps, actor, cycle.id, submission["district"], transaction)
        _check(cycle, body)
        await _check_open(deps, transaction, cycle, submission)
        before = submission["review"]
        if before["version"] != body.version:
            raise await overtaken(deps, transaction, submission_id)
        review = _replaced(before, body, actor)
        if not await submissions.save(deps.db, submission, {"review": review}, (), transaction):
            raise faster()
        after = {"version": review["version"], "items": sorted(map(item_code, review["items"]))}
        await audit(deps, transaction, actor, "review.saved", "submission", submission_id, after=after)
        return _view({**submission, "review": review}, actor)

    return await transact(deps.db, work)


def _check(cycle: OpenCycle, body: ReviewBody) -> None:
    rules, items = cycle.cycle.rules, cycle.rubric.items
    wrong = unknown_items(cycle, body.items, "/items")
    for code, each in body.items.items():
        if code in items and each.points is not None and not is_on_scale(each.points, items[code].points, rules):
            message = scale_message(items[code].points, rules)
            wrong.append(Detail(f"/items/{code}/points", "points_off_scale", message))
    if wrong:
        raise Invalid("初评意见有误，请逐条改正", details=wrong)


async def _check_open(deps: Deps, transaction: Session, cycle: OpenCycle, submission: Mapping[str, Any]) -> None:
    """A review may be written exactly while the submission might be endorsed, were the opinion there."""
    missing = {}
    if await list_handed_in(deps, transaction, cycle.id, submission["district"]):
        missing["list_open"] = ()
    state, dates = State(submission["state"]), calendar(cycle, submission["district"])
    answer = step("endorse", state, Role.DISTRICT, deps.clock(), dates, missing)
    if answer.target is None:
        raise refusal(state, answer.reasons)


def _replaced(before: Mapping[str, Any], body: ReviewBody, actor: Actor) -> dict[str, Any]:
    said = {code: each for code, each in body.items.items() if each.remark or each.points is not None}
    return {
        "version": before["version"] + 1,
        "items": {item_key(code): {"remark": each.remark, "points": each.points} for code, each in said.items()},
        "opinion": body.opinion,
        "reviewers": list(dict.fromkeys([*before["reviewers"], actor.person_id])),
    }


def _view(submission: Mapping[str, Any], actor: Actor) -> ReviewView:
    review = submission["review"]
    return ReviewView(
        version=review["version"],
        items={item_code(key): ReviewItemView(**each) for key, each in review["items"].items()},
        opinion=review["opinion"],
        reviewers=review["reviewers"],
        history=[step_view(each, actor) for each in submission["history"]],
    )
