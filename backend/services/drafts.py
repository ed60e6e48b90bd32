"""Saves the form of a school as it is typed: per field, each change with the version that it is based on."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid
from backend.models.drafts import (
    AppliedChange,
    Change,
    ChangesQuery,
    ChangesSince,
    DraftChanges,
    DraftSaved,
    FieldConflict,
    KeptValue,
)
from backend.models.people import Actor
from backend.services.cycles import OpenCycle, calendar
from backend.services.draft_merge import Author, Merge, Write, field_state, merge, value_at
from backend.services.form_fields import FormField, field_names, form_fields, no_such_field, read_value, shown_value
from backend.services.list_state import list_handed_in
from backend.services.submissions import cycle_of, visible
from backend.services.workflow import faster, refusal
from backend.store import evidence, submissions
from backend.store.mongo import Session
from inspection.rules.workflow import Role, State, actions, step

MOST_TRIES = 200
SCANS = "/scans"


async def save(deps: Deps, actor: Actor, submission_id: str, body: DraftChanges) -> DraftSaved:
    """Applies each change, or keeps it beside the current value; all of it in one write of the document.

    Raises `NotFound` for another school's, `Conflict` where the form is not open, `Invalid` with everything wrong.
    """
    delay = 0.001
    for _ in range(MOST_TRIES):
        submission = await visible(deps, actor, submission_id)
        cycle = await cycle_of(deps, submission)
        await check_open(deps, cycle, submission, scans=all(each.field == SCANS for each in body.changes))
        writes = _read(cycle, submission, body.changes)
        await _check_evidence(deps, submission, writes)
        merged = merge(submission, writes, Author(actor.person_id, actor.name, deps.clock()))
        _check_room(merged, writes)
        if not merged.states or await submissions.save(deps.db, submission, *_update(merged, writes)):
            return _saved(submission, writes, merged)
        # Somebody else saved in between: what was typed is merged anew with what stands there now.
        await asyncio.sleep(random.uniform(0, delay))  # noqa: S311 - it only spreads the rivals
        delay = min(2 * delay, 0.05)
    raise faster()


async def check_open(
    deps: Deps,
    cycle: OpenCycle,
    submission: Mapping[str, Any],
    transaction: Session | None = None,
    *,
    scans: bool = False,
) -> None:
    """Raises `Conflict` where the school may not write now: by state, by date, or as the list is handed in.

    A form may be written exactly while it might be submitted, were it complete; stamped `scans` are also taken after.
    """
    missing = {}
    if await list_handed_in(deps, transaction, cycle.id, submission["district"]):
        missing["list_open"] = ()
    state, dates = State(submission["state"]), calendar(cycle, submission["district"])
    name = "attach_scans" if scans and "attach_scans" in actions(state, Role.SCHOOL) else "submit"
    answer = step(name, state, Role.SCHOOL, deps.clock(), dates, missing)
    if answer.target is None:
        raise refusal(state, answer.reasons)


def fields_of(cycle: OpenCycle, submission: Mapping[str, Any]) -> Mapping[str, FormField]:
    """The fields of this school's form by name."""
    return form_fields(cycle.rubric, tuple(submission["school"]["stages"]))


def _read(cycle: OpenCycle, submission: Mapping[str, Any], changes: Sequence[Change]) -> list[Write]:
    fields, writes, wrong = fields_of(cycle, submission), [], []
    for position, change in enumerate(changes):
        found = fields.get(change.field)
        if found is None:
            wrong.append(no_such_field(change.field, cycle.rubric, f"/changes/{position}/field"))
            continue
        value, problems = read_value(found, change.value, cycle.cycle.rules, f"/changes/{position}/value")
        wrong += problems
        writes.append(Write(found, value, change.version))
    if wrong:
        raise Invalid("填写的内容有误，请逐条改正", details=wrong)
    return writes


async def _check_evidence(deps: Deps, submission: Mapping[str, Any], writes: Sequence[Write]) -> None:
    """Raises `Invalid` for evidence that is not this submission's, was removed, or is of the wrong kind."""
    lists = [(number, write) for number, write in enumerate(writes) if write.field.kind == "evidence"]
    attached = [(number, write) for number, write in lists if write.value]
    if not attached:
        return
    ids = {each for _, write in attached for each in write.value}
    kinds = await evidence.kinds_of(deps.db, submission["_id"], ids)
    wrong = []
    for number, write in attached:
        scans = write.field.name == SCANS
        for position, each in enumerate(write.value):
            path = f"/changes/{number}/value/{position}"
            if each not in kinds:
                wrong.append(Detail(path, "unknown_evidence", "没有这份材料，请先上传"))
            elif (kinds[each] == "scan") != scans:
                wrong.append(Detail(path, "wrong_kind", "盖章扫描件只能附在表后，其他材料只能附在指标下"))
    if wrong:
        raise Invalid("所附材料有误，请逐条改正", details=wrong)


def _check_room(merged: Merge, writes: Sequence[Write]) -> None:
    if merged.overfull:
        message = "已有太多不同的填写等待选定，请先选定其中一个"
        details = [Detail(f"/changes/{each}", "too_many_conflicts", message) for each in merged.overfull]
        name = writes[merged.overfull[0]].field.label
        raise Conflict(f"“{name}”{message}", code="too_many_conflicts", details=details)


def _update(merged: Merge, writes: Iterable[Write]) -> tuple[dict[str, Any], list[str]]:
    """What to set and what to remove, by path."""
    removed = {write.field.path for write in writes if not write.field.resets_to_none}
    cleared = [path for path, value in merged.values.items() if value is None and path in removed]
    put = {path: value for path, value in merged.values.items() if path not in cleared}
    return put | {f"fields.{key}": state for key, state in merged.states.items()}, cleared


def _saved(submission: Mapping[str, Any], writes: Sequence[Write], merged: Merge) -> DraftSaved:
    """The answer: each field once, as it stands now."""
    version = submission["version"] + (1 if merged.states else 0)
    applied = {writes[each].field.name: writes[each].field for each in merged.applied}
    conflicting = {writes[each].field.name: writes[each].field for each in merged.conflicting}
    return DraftSaved(
        version=version,
        applied=[
            AppliedChange(field=name, version=_state(submission, merged, field)["version"])
            for name, field in applied.items()
        ],
        conflicts=[
            view_of(field, _value(submission, merged, field), _state(submission, merged, field))
            for field in conflicting.values()
        ],
    )


def _state(submission: Mapping[str, Any], merged: Merge, field: FormField) -> Mapping[str, Any]:
    return merged.states.get(field.key) or field_state(submission, field)


def _value(submission: Mapping[str, Any], merged: Merge, field: FormField) -> Any:
    return merged.values[field.path] if field.path in merged.values else value_at(submission, field.path)


def view_of(field: FormField, value: Any, state: Mapping[str, Any]) -> FieldConflict:
    """How an answer shows a field, its version, and the values kept beside it."""
    return FieldConflict(
        field=field.name,
        value=shown_value(field, value),
        version=state["version"],
        by=state["by"],
        by_name=state["name"],
        at=state["at"],
        kept=[
            KeptValue(
                value=shown_value(field, kept["value"]),
                version=kept["version"],
                by=kept["by"],
                by_name=kept["name"],
                at=kept["at"],
            )
            for kept in state["conflicts"]
        ],
    )


async def changes_since(deps: Deps, actor: Actor, submission_id: str, query: ChangesQuery) -> ChangesSince:
    """What others wrote after a version of the submission, for two people who edit it at once."""
    submission = await visible(deps, actor, submission_id)
    cycle = await cycle_of(deps, submission)
    names = field_names(cycle.rubric, tuple(submission["school"]["stages"]))
    return ChangesSince(
        version=submission["version"],
        state=submission["state"],
        changes=[
            view_of(names[key], value_at(submission, names[key].path), state)
            for key, state in submission["fields"].items()
            if state["since"] > query.since and key in names
        ],
    )
