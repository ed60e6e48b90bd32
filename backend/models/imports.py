"""Imports from xlsx files: what is asked for, and the report of what was understood and done."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from backend.models.base import Model


class ImportKind(StrEnum):
    """What the rows of a file are; as in the address."""

    SCHOOLS = "schools"
    PEOPLE = "people"
    PAST_AWARDS = "past-awards"


class ImportQuery(Model):
    """Whether to report only, and change nothing."""

    dry_run: bool = Field(False, description="report only, change nothing")


Action = Literal["create", "change", "unchanged"]


class ImportedRow(Model):
    """A row by its number in the sheet, as it was understood, by the titles of the columns.

    `action` is what it does; null where the row is wrong.
    """

    row: int
    action: Action | None
    values: dict[str, str]


class ImportProblem(Model):
    """What is wrong: with a cell, or with a whole row where `column` and `cell` are null."""

    row: int
    column: str | None
    cell: str | None
    code: str
    message: str


class ImportReport(Model):
    """What the import did, or, of a dry run, would do. With any problem, nothing is imported."""

    kind: ImportKind
    dry_run: bool
    created: int
    changed: int
    unchanged: int
    rows: list[ImportedRow]
    problems: list[ImportProblem]
    notes: list[str]
