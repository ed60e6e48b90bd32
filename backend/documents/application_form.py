"""附件2, the application of a school, laid out as the notice has it."""

from docx.table import _Cell

from backend.documents.contents import ApplicationForm, Stamp
from backend.documents.package import packed
from backend.documents.paper import (
    BOTTOM,
    LEFT,
    RIGHT,
    SONG,
    TOP,
    add_line,
    day_text,
    heading,
    merge_down,
    new_document,
    open_edge,
    put,
    rows_of,
    set_height,
    table,
)

TITLE = "泰州市中小学智慧校园申报表"
_WIDTHS = (2.7, 2.5, 2.5, 2.9, 2.5, 3.4)
# The least heights of the rows in cm: room for seals, and all on one page also with 20 lines of highlights.
_WIDE = (1.4, 1.4, 1.4, 1.4, 6.0, 2.6, 3.4, 2.6)
_CLOSE = (1.2, 1.2, 1.0, 1.0, 6.0, 1.3, 2.0, 1.7)
_FEW_LINES = 12
_CHOSEN, _OPEN = "☑", "□"


def docx(form: ApplicationForm, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(TITLE, stamp, "" if form.day else "草稿：尚未提交")
    heading(document, "附件2", TITLE)
    made = table(document, _WIDTHS, 8)
    cells = rows_of(made)
    long = len((form.highlights or "").splitlines()) > _FEW_LINES
    for number, height in enumerate(_CLOSE if long else _WIDE):
        set_height(made, number, height)
    _line(cells[0], ("学校名称（盖章）", form.school, "联系电话", form.school_phone))
    _line(cells[1], ("负责人", form.responsible, "联系电话", form.responsible_phone))
    figures = (("班 级 数", form.classes), ("学生人数", form.students), ("教师数", form.teachers))
    for place, (label, figure) in enumerate(figures):
        _label(cells[2][2 * place], label)
        put(cells[2][2 * place + 1], "" if figure is None else str(figure))
    _label(cells[3][0], "申报类型")
    boxes = "    ".join(f"{_CHOSEN if grade == form.applied else _OPEN}{grade}" for grade in form.grades)
    put(cells[3][1].merge(cells[3][5]), boxes, font=SONG, latin=SONG)
    _label(cells[4][0], "亮\n点\n特\n色")
    merge_down(cells, 0, 4, 5)
    above, below = (cells[row][1].merge(cells[row][5]) for row in (4, 5))
    put(above, form.highlights or "", size=10.5 if long else 12, align=LEFT, upright=TOP)
    _seal(above, below, "学校（盖章）", form.day)
    for label, office, (first, last) in (
        ("市（区）教育局意见：", "district", (0, 2)),
        ("市教育局意见：", "city", (3, 5)),
    ):
        above, below = (cells[row][first].merge(cells[row][last]) for row in (6, 7))
        put(above, label, font=SONG, align=LEFT, upright=TOP)
        add_line(above, form.opinions[office].text or "", before=6)
        _seal(above, below, "（盖章）", form.opinions[office].day)
    return packed(document)


def _line(cells: list[_Cell], texts: tuple[str, str | None, str, str | None]) -> None:
    label, value, second, phone = texts
    _label(cells[0], label)
    put(cells[1].merge(cells[3]), value or "")
    _label(cells[4], second)
    put(cells[5], phone or "")


def _label(cell: _Cell, text: str) -> None:
    put(cell, text, font=SONG)


def _seal(above: _Cell, below: _Cell, label: str, day: str | None) -> None:
    """The place of a seal with its date, below a text that it seems to be in one cell with."""
    open_edge(above, "bottom")
    open_edge(below, "top")
    put(below, label, align=RIGHT, upright=BOTTOM)
    add_line(below, day_text(day), align=RIGHT, before=4)
