"""附件4, the recommendation list of a district, as a workbook in the notice's own columns and order."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

TITLE = "泰州市中小学智慧校园创建学校推荐名单表"
# Each column with its width in characters.
COLUMNS = (
    ("序号", 6),
    ("学校名称", 30),
    ("联系人", 12),
    ("联系电话", 16),
    ("申报类型（示范\\优秀\\合格）", 14),
    ("自评分", 9),
    ("亮点特色", 60),
)
_HEADER_ROW = 4
_LINE = Side(style="thin")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


@dataclass(frozen=True, slots=True)
class Row:
    """A recommended school; `points` is a number as people write it, 95.5."""

    school: str
    contact: str
    phone: str
    applied: str
    points: int | float
    highlights: str


def workbook(district: str, contact: str | None, phone: str | None, rows: Sequence[Row]) -> bytes:
    """The bytes of an .xlsx file. Texts stay texts: what begins with "=" is no formula."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "推荐名单"
    _head(sheet, district, contact or "", phone or "")
    for number, row in enumerate(rows, 1):
        values = (number, row.school, row.contact, row.phone, row.applied, row.points, row.highlights)
        for column, value in enumerate(values, 1):
            _put(sheet, _HEADER_ROW + number, column, value, _centre() if column < len(COLUMNS) else _wrap())
    for number, (_, width) in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    _set_up_printing(sheet)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _head(sheet: Worksheet, district: str, contact: str, phone: str) -> None:
    lines = (
        "附件4",
        TITLE,
        f"市（区）（盖章）：{district}        市（区）联系人：{contact}        联系人电话：{phone}",
    )
    for row, text in enumerate(lines, 1):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(COLUMNS))
        cell = sheet.cell(row, 1)
        cell.value, cell.data_type = text, "s"
    sheet.cell(2, 1).font, sheet.cell(2, 1).alignment = Font(bold=True, size=16), _centre()
    for column, (title, _) in enumerate(COLUMNS, 1):
        _put(sheet, _HEADER_ROW, column, title, _centre())
        sheet.cell(_HEADER_ROW, column).font = Font(bold=True)


def _put(sheet: Worksheet, row: int, column: int, value: str | int | float, alignment: Alignment) -> None:
    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    cell.alignment, cell.border = alignment, _BOX


def _centre() -> Alignment:
    return Alignment(horizontal="center", vertical="center", wrap_text=True)


def _wrap() -> Alignment:
    return Alignment(vertical="center", wrap_text=True)


def _set_up_printing(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
