"""Tables as workbooks: titles above, a boxed table, ready to print, and official ones with a foot to verify them by."""

from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from backend.documents.contents import Stamp
from backend.documents.tables import Sheet, Value
from backend.documents.texts import code_line, printable, where_line

_LINE = Side(style="thin")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


def workbook(content: Sheet, stamp: Stamp | None) -> bytes:
    """The bytes of an .xlsx file; without a stamp it has no foot. Texts stay texts: what begins with "=" is no formula.
    The last column is the one with long texts."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = content.name
    width = len(content.columns)
    last = content.header_row + len(content.rows)
    for number, text in enumerate(content.head, 1):
        _line(sheet, number, width, text)
    sheet.cell(2, 1).font, sheet.cell(2, 1).alignment = Font(bold=True, size=16), _centre()
    for column, (title, _) in enumerate(content.columns, 1):
        _put(sheet, content.header_row, column, title, _centre())
        sheet.cell(content.header_row, column).font = Font(bold=True)
    for number, row in enumerate(content.rows, content.header_row + 1):
        for column, value in enumerate(row, 1):
            _put(sheet, number, column, value, _centre() if column < width else _wrap())
    for number, text in enumerate((code_line(stamp), where_line(stamp)) if stamp else (), last + 2):
        _line(sheet, number, width, text)
    for number, (_, characters) in enumerate(content.columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = characters
    sheet.freeze_panes = f"A{content.header_row + 1}"
    _set_up_printing(sheet, content)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _line(sheet: Worksheet, row: int, width: int, text: str) -> None:
    """A text over the whole width."""
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)
    _text(sheet, row, 1, text)


def _put(sheet: Worksheet, row: int, column: int, value: Value, alignment: Alignment) -> None:
    _text(sheet, row, column, value)
    cell = sheet.cell(row, column)
    cell.alignment, cell.border = alignment, _BOX


def _text(sheet: Worksheet, row: int, column: int, value: Value) -> None:
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = printable(value)
        cell.data_type = "s"
    elif value is not None:
        cell.value = value


def _centre() -> Alignment:
    return Alignment(horizontal="center", vertical="center", wrap_text=True)


def _wrap() -> Alignment:
    return Alignment(vertical="center", wrap_text=True)


def _set_up_printing(sheet: Worksheet, content: Sheet) -> None:
    sheet.page_setup.orientation = "landscape" if content.landscape else "portrait"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{content.header_row}:{content.header_row}"
