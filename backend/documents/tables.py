"""Tables as imports and exports see them, apart from the files that they come in.

openpyxl takes a fifth of the service's start to load. What needs it loads it when it runs, in its thread; the shapes
that everything else works with stand here without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column to look for: our key, its title in templates, other titles that it may have, whether it must be there,
    and what stands in the template's example."""

    key: str
    title: str
    others: tuple[str, ...] = ()
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, tidied: numbers and dates as text, "" for an empty one. `ref` is its place, as C12."""

    text: str
    ref: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its number in the sheet, its cells by the key of their column; columns not found have empty ones."""

    number: int
    cells: Mapping[str, Cell]

    def __getitem__(self, key: str) -> str:
        return self.cells[key].text


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong in a cell, or with a row or the whole table, where `column` (its title) and `ref` are None."""

    row: int
    column: str | None
    ref: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: `notes` tell what was passed over."""

    rows: tuple[Row, ...]
    problems: tuple[CellProblem, ...]
    notes: tuple[str, ...]


Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to write: its lines above (the second is the title), its columns with their widths in characters, its
    rows; None is an empty cell."""

    name: str
    head: tuple[str, str, str]
    columns: Sequence[tuple[str, int]]
    rows: Sequence[Sequence[Value]]
    landscape: bool = False

    @property
    def header_row(self) -> int:
        """The number of the row with the columns' titles."""
        return len(self.head) + 1
