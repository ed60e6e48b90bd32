"""Merges what was typed into a form: per field, by version, so that nobody overwrites what they have not seen.

A write names the version of its field that it is based on (0: never written). The current version: it is applied. An
older one: the value is kept beside the current one, and the field's version counts on, so that only a person who has
seen both can choose, by writing with that version; then the values kept are gone. What is already there is applied
again without a change, so a retry does no harm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.services.form_fields import FormField

# Values that await a choice: of a field, and of a form, for a document is at most 16 MB.
MOST_KEPT = 20
MOST_KEPT_IN_ALL = 300

NEVER_WRITTEN: Mapping[str, Any] = {"version": 0, "since": 0, "by": None, "name": None, "at": None, "conflicts": []}


@dataclass(frozen=True, slots=True)
class Write:
    """One change as typed: the value as stored (None clears), and the version of the field that it is based on."""

    field: FormField
    value: Any
    version: int


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and when."""

    person_id: str
    name: str
    at: datetime

    def sign(self) -> dict[str, Any]:
        """How a field or a kept value names its author."""
        return {"by": self.person_id, "name": self.name, "at": self.at}


@dataclass(slots=True)
class Merge:
    """The outcome: new values by path and new states by key, and each write's position among applied or conflicting.

    `since` is the version that the document will have, `room` how many more values the form may keep. `overfull` are
    writes for which there is no room; then nothing may be saved.
    """

    author: Author
    since: int
    room: int
    values: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    applied: list[int] = field(default_factory=list)
    conflicting: list[int] = field(default_factory=list)
    overfull: list[int] = field(default_factory=list)


def merge(submission: Mapping[str, Any], writes: Sequence[Write], author: Author) -> Merge:
    """Applies the writes one after another to the submission as read; it is not changed."""
    kept = sum(len(state["conflicts"]) for state in submission["fields"].values())
    result = Merge(author, submission["version"] + 1, MOST_KEPT_IN_ALL - kept)
    for position, write in enumerate(writes):
        state = result.states.get(write.field.key) or field_state(submission, write.field)
        path = write.field.path
        value = result.values[path] if path in result.values else value_at(submission, path)
        _merge_one(result, position, write, state, value)
    return result


def _merge_one(result: Merge, position: int, write: Write, state: Mapping[str, Any], value: Any) -> None:
    up_to_date, same, kept = write.version == state["version"], write.value == value, state["conflicts"]
    if same and not (up_to_date and kept):
        result.applied.append(position)
    elif up_to_date:
        result.values[write.field.path] = write.value
        result.states[write.field.key] = _next(result, state) | result.author.sign() | {"conflicts": []}
        result.applied.append(position)
    elif any(each["value"] == write.value and each["by"] == result.author.person_id for each in kept):
        result.conflicting.append(position)
    elif len(kept) >= MOST_KEPT or result.room <= 0:
        result.overfull.append(position)
    else:
        value_kept = {"value": write.value, "version": write.version, **result.author.sign()}
        result.states[write.field.key] = _next(result, state) | {"conflicts": [*kept, value_kept]}
        result.room -= 1
        result.conflicting.append(position)


def _next(result: Merge, state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a field that is written to, whatever else changes."""
    return {**state, "version": state["version"] + 1, "since": result.since}


def field_state(submission: Mapping[str, Any], form_field: FormField) -> Mapping[str, Any]:
    """What the document says of the field: {version, since, by, name, at, conflicts}."""
    state: Mapping[str, Any] = submission["fields"].get(form_field.key, NEVER_WRITTEN)
    return state


def value_at(submission: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is nothing."""
    value: Any = submission
    for part in path.split("."):
        value = value.get(part)
        if value is None:
            return None
    return value or None if isinstance(value, list) else value
