"""Tables in xlsx files: read with all that is wrong in them at once, and written as templates to fill in."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import TYPE_ERROR, TYPE_FORMULA
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.escape import unescape

from backend.documents.tables import MOST_ROWS, Cell, CellProblem, Column, Row, Table
from backend.documents.xlsx_parts import WorkbookError, damaged, xml_parts
from backend.names import name_key, tidy

# The header stands below at most so many rows of titles; columns further to the right are not looked at.
_HEADER_WITHIN = 20
_MOST_COLUMNS = 100
# Excel's own last row. A file may claim any number, and openpyxl gives an empty row for each that is left out.
_LAST_ROW = 1_048_576
_EXAMPLE = "示例"
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?\bref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')


@dataclass(slots=True)
class _Reading:
    """A sheet while it is read: the columns by their position (from 0), and what was found."""

    columns: Mapping[int, Column]
    header: int
    rows: list[Row] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_table(content: bytes, columns: Sequence[Column]) -> Table:
    """The table in the first visible sheet of an xlsx file.

    Raises `WorkbookError` for a file that is no harmless workbook, or has no header with all columns required, or more
    than `MOST_ROWS` rows. Formulas, errors and merged cells among the columns are problems of the table.
    """
    parts = xml_parts(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise WorkbookError("no_sheet", "文件里没有可见的工作表，请检查")
        sheet: Any = sheets[0]
        # The size that a sheet claims to have may be wrong; without it, all rows are read.
        sheet.reset_dimensions()
        lines = enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), 1)
        reading = _find_header(lines, columns)
        _read_rows(lines, columns, reading)
        _check_merged(parts.get(str(sheet._worksheet_path).lstrip("/"), b""), reading)
        if len(sheets) > 1:
            reading.notes.append(f"只读取了第一个工作表“{sheet.title}”")
    except WorkbookError:
        raise
    except Exception as error:  # A workbook can be wrong in endless ways, and openpyxl says so in as many.
        raise damaged() from error
    return Table(tuple(reading.rows), tuple(reading.problems), tuple(reading.notes))


_Lines = Iterator[tuple[int, Sequence[Any]]]


def _find_header(lines: _Lines, columns: Sequence[Column]) -> _Reading:
    """The first row that names two of the columns, or all that are required."""
    by_title = {name_key(title): column for column in columns for title in (column.title, *column.others)}
    least = min(2, sum(column.required for column in columns))
    for number, cells in islice(lines, _HEADER_WITHIN):
        titles = [tidy(_text(cell)).rstrip("*＊：:") for cell in cells]
        found = {index: by_title[name_key(title)] for index, title in enumerate(titles) if name_key(title) in by_title}
        if len(found) < least:
            continue
        _check_header(found, titles, columns)
        unknown = [title for index, title in enumerate(titles) if title and index not in found]
        notes = [f"没有用到的列：{'、'.join(title[:20] for title in unknown)}"] if unknown else []
        return _Reading(found, number, notes=notes)
    needed = "、".join(column.title for column in columns if column.required)
    raise WorkbookError("no_header", f"前 {_HEADER_WITHIN} 行里没有找到表头，请下载模板；必须有的列：{needed}")


def _check_header(found: Mapping[int, Column], titles: Sequence[str], columns: Sequence[Column]) -> None:
    keys = [column.key for column in found.values()]
    if missing := [column.title for column in columns if column.required and column.key not in keys]:
        present = "、".join(title[:20] for title in titles if title)
        raise WorkbookError("missing_column", f"缺少“{'”“'.join(missing)}”列，请补上；现有的列：{present}")
    if twice := [column.title for column in columns if keys.count(column.key) > 1]:
        raise WorkbookError("repeated_column", f"“{'”“'.join(twice)}”列出现了两次，请删去一列")


def _read_rows(lines: _Lines, columns: Sequence[Column], reading: _Reading) -> None:
    for number, line in lines:
        if number > _LAST_ROW:
            raise damaged()
        if all(index >= len(line) or line[index].value is None for index in reading.columns):
            continue
        cells = {column.key: Cell("", "") for column in columns}
        problems: list[CellProblem] = []
        for index, column in reading.columns.items():
            cell = line[index] if index < len(line) else None
            ref = f"{get_column_letter(index + 1)}{number}"
            cells[column.key] = Cell(tidy(_text(cell)), ref)
            problems += _cell_problems(cell, column, number, ref)
        if not any(cell.text for cell in cells.values()):
            continue
        if next(cell.text for cell in cells.values() if cell.text).startswith(_EXAMPLE):
            reading.notes.append(f"第 {number} 行是示例，已跳过")
            continue
        if len(reading.rows) == MOST_ROWS:
            raise WorkbookError("too_many_rows", f"表格超过 {MOST_ROWS} 行，请分成几个文件")
        reading.rows.append(Row(number, cells))
        reading.problems += problems


def _text(cell: Any) -> str:
    """A cell's value as a person would read it."""
    value = cell.value if cell is not None else None
    match value:
        case None:
            return ""
        case str():
            return unescape(value)
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time.min:
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def _cell_problems(cell: Any, column: Column, row: int, ref: str) -> Iterable[CellProblem]:
    kind = cell.data_type if cell is not None else None
    if kind == TYPE_FORMULA:
        yield CellProblem(row, column.title, ref, "formula", f"{ref} 是公式，请改成值（复制后“选择性粘贴—数值”）")
    elif kind == TYPE_ERROR:
        yield CellProblem(row, column.title, ref, "error_value", f"{ref} 是错误值 {str(cell.value)[:20]}，请改正")


def _check_merged(sheet: bytes, reading: _Reading) -> None:
    """Refuses merged cells among the data: only the first of them holds the value, and the others look empty."""
    for match in _MERGED.finditer(sheet):
        merged = match[1].decode()
        left, top, right, bottom = (edge or 0 for edge in range_boundaries(merged))
        columns = [column for index, column in reading.columns.items() if left <= index + 1 <= right]
        if columns and bottom > reading.header:
            message = f"{merged} 是合并单元格，请取消合并并在每格填写"
            reading.problems.append(CellProblem(top, columns[0].title, merged, "merged", message))


def write_template(title: str, columns: Sequence[Column]) -> bytes:
    """An empty table to fill in: a header and an example, which the import passes over. All its cells hold text."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    sheet.append([column.title for column in columns])
    sheet.append([column.example for column in columns])
    sheet["A2"] = f"{_EXAMPLE}：{columns[0].example}"
    for index, column in enumerate(columns, 1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = max(12, 2 * len(column.title) + 4, 2 * len(column.example) + 2)
        # As text, a phone number keeps all its digits.
        sheet.column_dimensions[letter].number_format = "@"
        header = sheet[f"{letter}1"]
        header.font = Font(bold=True)
        header.alignment = Alignment(horizontal="center")
        if column.required:
            header.fill = PatternFill("solid", fgColor="FFF2CC")
        sheet[f"{letter}2"].font = Font(italic=True, color="808080")
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
