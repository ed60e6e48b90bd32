"""A table of the console as a workbook to work on: a header that filters and stays, and no cell that is a formula."""

import re
from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from backend.documents.tables import Value
from backend.documents.texts import printable

# What Excel takes in no name of a sheet.
_NO_NAME = re.compile(r"[\[\]:*?/\\]")


def plain_sheet(
    title: str,
    note: str,
    columns: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[Value]],
) -> bytes:
    """The bytes of an .xlsx file: columns with their widths in characters, the rows, and the note below them.

    Texts stay texts: what begins with "=" is shown as it is, and nothing is worked out.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_tab(title))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    for number, (_, characters) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = characters

    def text(value: str) -> Cell:
        made: Cell = WriteOnlyCell(sheet)
        made.value, made.data_type = value, "s"
        return made

    def cell(value: Value) -> Value | Cell:
        if not isinstance(value, str):
            return value
        said = printable(value)
        # Only what openpyxl would take for a formula or an error needs a cell of its own: they cost ten times as much.
        return text(said) if said.startswith(("=", "#")) else said

    header = [text(printable(name)) for name, _ in columns]
    for each in header:
        each.font = Font(bold=True)
    sheet.append(header)
    for row in rows:
        sheet.append([cell(value) for value in row])
    sheet.append([])
    sheet.append([cell(note)])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _tab(title: str) -> str:
    """The title as the name of a sheet: 31 units of UTF-16 at most, no apostrophe at its ends."""
    units = _NO_NAME.sub(" ", printable(title)).encode("utf-16-le")[:62]
    return units.decode("utf-16-le", "ignore").strip("' ") or "表"
