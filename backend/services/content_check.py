"""WeChat's content check (msgSecCheck) of what a school typed: its form before it is submitted, its answers.

*Risky* text is refused, and named by its field; *review* passes and is marked for the officer; what could not be
checked (WeChat away, nobody's WeChat bound, a user who was not in the mini-program lately) passes and is marked too.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from backend.deps import Deps
from backend.errors import Conflict, Detail
from backend.gateways.wechat_answers import Done
from backend.models.people import Actor
from backend.services.completeness import missing_parts
from backend.services.cycles import OpenCycle
from backend.services.draft_merge import value_at
from backend.services.form_fields import FormField, form_fields
from backend.services.submissions import cycle_of, visible
from backend.services.wechat import gateway
from backend.store import people
from inspection.rules.workflow import Role as WorkflowRole
from inspection.rules.workflow import State, actions

log = structlog.get_logger("wechat")

# WeChat's limit of one check, in characters; a text cut in two overlaps, so that no word is cut for both.
MOST_CHARACTERS = 2500
_OVERLAP = 50
_TYPED = ("name", "highlights", "note")
# A submission waits no longer than this for all checks together; a few at a time leave threads to others.
SECONDS = 20.0
_AT_ONCE = 4
SCENE = 3  # WeChat's "forum": of its four the nearest to a form.


@dataclass(frozen=True, slots=True)
class Piece:
    """A text of a field, or a part of it that one check can hold."""

    field: FormField
    text: str


@dataclass(slots=True)
class Findings:
    """The fields by what was found. A field that nothing was found of is in none."""

    risky: set[str] = field(default_factory=set)
    review: set[str] = field(default_factory=set)
    unchecked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked: the submission in this version; `mark` is what is stored with it, for the officer."""

    version: int
    mark: Mapping[str, Any] | None


async def check(deps: Deps, actor: Actor, submission_id: str) -> Checked | None:
    """Checks the form as it stands; None where the check is switched off. To be called outside any transaction.

    What can't be submitted anyway is not checked. Raises `NotFound`, and `Conflict` with every field that is risky.
    """
    if not deps.settings.wechat_content_check:
        return None
    submission = await visible(deps, actor, submission_id)
    cycle = await cycle_of(deps, submission)
    if "submit" not in actions(State(submission["state"]), WorkflowRole.SCHOOL) or missing_parts(cycle, submission):
        return Checked(submission["version"], None)
    return Checked(submission["version"], await _mark(deps, actor, list(_pieces(cycle, submission))))


async def check_answer(deps: Deps, actor: Actor, text: str) -> Mapping[str, Any] | None:
    """Checks what a school answers; gives the mark that is stored with it, None where the check is switched off.

    To be called outside any transaction. Raises `Conflict` where it is risky.
    """
    if not deps.settings.wechat_content_check:
        return None
    return await _mark(deps, actor, list(_split(FormField("/text", "text", "note", "答复"), text)))


async def _mark(deps: Deps, actor: Actor, pieces: Sequence[Piece]) -> Mapping[str, Any]:
    """Has the pieces checked for their author; what an officer is to know. Raises `Conflict` for what is risky."""
    found = Findings()
    person = await people.find(deps.db, actor.person_id)
    if person is None or person.wechat is None:
        found.unchecked.update(piece.field.name for piece in pieces)
    else:
        await _check_all(deps, person.wechat.openid, pieces, found)
    labels = {piece.field.name: piece.field.label for piece in pieces}
    if found.risky:
        raise _refusal([(name, label) for name, label in labels.items() if name in found.risky])
    return {
        "at": deps.clock(),
        "review": [name for name in labels if name in found.review],
        "unchecked": [name for name in labels if name in found.unchecked],
    }


async def _check_all(deps: Deps, openid: str, pieces: Sequence[Piece], found: Findings) -> None:
    limit, left = asyncio.Semaphore(_AT_ONCE), {piece.field.name for piece in pieces}

    async def check_chunk(chunk: Sequence[Piece]) -> None:
        async with limit:
            await _check_chunk(deps, openid, chunk, found)
        left.difference_update(piece.field.name for piece in chunk)

    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(check_chunk(chunk) for chunk in chunks(pieces)))
    except TimeoutError:
        log.warning("content check took too long", fields=len(left))
        found.unchecked |= left


async def _check_chunk(deps: Deps, openid: str, chunk: Sequence[Piece], found: Findings) -> None:
    """Checks texts together; where something is found, each of them alone, so that the field can be named."""
    names = {piece.field.name for piece in chunk}
    whole = await _suggestion(deps, openid, "\n".join(piece.text for piece in chunk))
    if whole is None:
        found.unchecked |= names
    elif whole != "pass" and len(chunk) == 1:
        (found.risky if whole == "risky" else found.review).update(names)
    elif whole != "pass":
        alone = Findings()
        for piece in chunk:
            await _check_chunk(deps, openid, [piece], alone)
        # What is only found of all together is for a person to look at.
        found.review |= alone.review or (set() if alone.risky else names)
        found.risky |= alone.risky
        found.unchecked |= alone.unchecked


async def _suggestion(deps: Deps, openid: str, text: str) -> str | None:
    """pass, review or risky; None where WeChat gives no answer."""
    answer = await gateway(deps).check_text(openid, SCENE, text)
    if isinstance(answer, Done):
        return answer.value.suggest
    log.warning("content not checked", reason=answer.reason.value)
    return None


def _pieces(cycle: OpenCycle, submission: Mapping[str, Any]) -> Iterator[Piece]:
    """What the school typed, in the form's order."""
    for each in form_fields(cycle.rubric, tuple(submission["school"]["stages"])).values():
        text = value_at(submission, each.path) if each.kind in _TYPED else None
        if text and text.strip():
            yield from _split(each, text)


def _split(field: FormField, text: str) -> Iterator[Piece]:
    for start in range(0, max(1, len(text) - _OVERLAP), MOST_CHARACTERS - _OVERLAP):
        yield Piece(field, text[start : start + MOST_CHARACTERS])


def chunks(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces in order, as many together as one check can hold with a line break between them."""
    packed: list[list[Piece]] = []
    room = -1
    for piece in pieces:
        if len(piece.text) > room:
            packed.append([])
            room = MOST_CHARACTERS
        packed[-1].append(piece)
        room -= len(piece.text) + 1
    return packed


def _refusal(fields: Sequence[tuple[str, str]]) -> Conflict:
    details = [
        Detail(name, "risky_content", f"“{label}”含有微信不允许的内容，请修改后重新提交") for name, label in fields
    ]
    message = details[0].message if len(details) == 1 else f"有 {len(details)} 处内容微信不允许，请逐条修改"
    return Conflict(message, code="risky_content", details=details)
