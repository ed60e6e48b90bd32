"""A table of the console as a workbook to work on: a header that filters and stays, and no cell that is a formula."""

from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from backend.documents.texts import printable


def plain_sheet(
    title: str,
    note: str,
    columns: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[str | int | float | None]],
) -> bytes:
    """The bytes of an .xlsx file: columns with their widths in characters, the rows, and the note below them.

    Texts stay texts: what begins with "=" is shown as it is, and nothing is worked out.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    for number, (_, characters) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = characters
    bold, wrapped = Font(bold=True), Alignment(vertical="top", wrap_text=True)

    def cell(value: str | int | float | None) -> Cell:
        made: Cell = WriteOnlyCell(sheet)
        made.value = printable(value) if isinstance(value, str) else value
        if isinstance(value, str):
            made.data_type = "s"
            made.alignment = wrapped
        return made

    header = [cell(name) for name, _ in columns]
    for each in header:
        each.font = bold
    sheet.append(header)
    for row in rows:
        sheet.append([cell(value) for value in row])
    sheet.append([])
    sheet.append([cell(note)])
    file = BytesIO()
    book.save(file)
    return file.getvalue()
