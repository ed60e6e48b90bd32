"""Saving a form as it is typed: changes of fields, each with the version that it is based on."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from backend.models.base import Id, Instant, Line, Model

# The fields of the form; which of them a school has depends on its stages and the cycle's rubric.
FIELD = (
    r"^/(application/(applied|school_phone|teachers|teacher_computers|highlights|(responsible|contact)/(name|phone)"
    r"|stages/(primary|junior|senior)/(classes|students|student_devices))"
    r"|items/[1-9][0-9]?\.[1-9][0-9]?\.[1-9][0-9]?/(points|note|evidence|clauses/[a-z]+)"
    r"|indicators/[1-9][0-9]?\.[1-9][0-9]?/note|scans)$"
)
_PLAIN = {"type": ["number", "string", "boolean", "array", "null"], "items": {"type": "string", "format": "uuid"}}

_EXAMPLE: JsonDict = {
    "changes": [
        {"field": "/application/applied", "value": "excellent", "version": 0},
        {"field": "/items/1.1.1/points", "value": 1.5, "version": 2},
        {"field": "/items/1.1.1/clauses/basic", "value": True, "version": 0},
        {"field": "/items/1.1.1/note", "value": None, "version": 1},
    ]
}

FieldName = Annotated[str, StringConstraints(max_length=100), Field(json_schema_extra={"pattern": FIELD})]
FieldValue = Annotated[Any, WithJsonSchema(_PLAIN)]


class Change(Model):
    """A field as typed; null clears it. `version` is that of the field as last seen, 0 if it was never written."""

    field: FieldName
    value: FieldValue
    version: Annotated[int, Field(ge=0)]


class DraftChanges(Model):
    """What was typed since the last save, in its order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    changes: Annotated[list[Change], Field(min_length=1, max_length=500)]


class AppliedChange(Model):
    """A change that was applied, or was there already; `version` is the field's now."""

    field: str
    version: int


class KeptValue(Model):
    """A value that somebody wrote without having seen the current one: kept until a person chooses."""

    value: FieldValue
    version: int = Field(description="the version of the field that it was based on")
    by: Id
    by_name: Line
    at: Instant


class FieldConflict(Model):
    """A field with more than one value: the current one, and those kept beside it.

    To choose, write the chosen value with this `version`.
    """

    field: str
    value: FieldValue
    version: int
    by: Id | None
    by_name: Line | None
    at: Instant | None
    kept: list[KeptValue]


class DraftSaved(Model):
    """What became of each change. `version` is the submission's, to ask for later changes by."""

    version: int
    applied: list[AppliedChange]
    conflicts: list[FieldConflict]


class ChangesQuery(Model):
    """From which version of the submission on."""

    since: int = Field(0, ge=0)


class ChangesSince(Model):
    """The fields that were written, or got a value kept beside theirs, after the version asked for."""

    version: int
    state: str
    changes: list[FieldConflict]
