"""附件2, the application of a school, laid out as the notice has it."""

from docx.table import _Cell

from backend.documents.contents import ApplicationForm, Opinion, Stamp
from backend.documents.paper import (
    LEFT,
    RIGHT,
    SONG,
    add_line,
    day_text,
    heading,
    new_document,
    put,
    rows_of,
    saved,
    set_height,
    table,
)

TITLE = "泰州市中小学智慧校园申报表"
_WIDTHS = (2.7, 2.5, 2.5, 2.9, 2.5, 3.4)
_FEW_LINES = 12
_CHOSEN, _OPEN = "☑", "□"


def docx(form: ApplicationForm, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(TITLE, stamp, "" if form.day else "草稿：尚未提交")
    heading(document, "附件2", TITLE)
    made = table(document, _WIDTHS, 6)
    cells = rows_of(made)
    for number, height in enumerate(_heights(form)):
        set_height(made, number, height)
    _line(cells[0], ("学校名称（盖章）", form.school, "联系电话", form.school_phone))
    _line(cells[1], ("负责人", form.responsible, "联系电话", form.responsible_phone))
    figures = (("班 级 数", form.classes), ("学生人数", form.students), ("教师数", form.teachers))
    for place, (label, figure) in enumerate(figures):
        _label(cells[2][2 * place], label)
        put(cells[2][2 * place + 1], "" if figure is None else str(figure))
    _label(cells[3][0], "申报类型")
    boxes = "    ".join(f"{_CHOSEN if grade == form.applied else _OPEN}{grade}" for grade in form.grades)
    put(cells[3][1].merge(cells[3][5]), boxes)
    _label(cells[4][0], "亮\n点\n特\n色")
    highlights = cells[4][1].merge(cells[4][5])
    put(highlights, form.highlights or "", align=LEFT, top=True)
    add_line(highlights, "学校（盖章）", align=RIGHT, before=18)
    add_line(highlights, day_text(form.day), align=RIGHT, before=6)
    _opinion(cells[5][0].merge(cells[5][2]), "市（区）教育局意见：", form.opinions["district"])
    _opinion(cells[5][3].merge(cells[5][5]), "市教育局意见：", form.opinions["city"])
    return saved(document)


def _heights(form: ApplicationForm) -> tuple[float, ...]:
    """The least heights of the rows in cm: room for seals, and all on one page also with 20 lines of highlights."""
    long = len((form.highlights or "").splitlines()) > _FEW_LINES
    return (1.3, 1.3, 1.1, 1.1, 7.6, 3.6) if long else (1.4, 1.4, 1.4, 1.4, 8.6, 6.4)


def _line(cells: list[_Cell], texts: tuple[str, str | None, str, str | None]) -> None:
    label, value, second, phone = texts
    _label(cells[0], label)
    put(cells[1].merge(cells[3]), value or "")
    _label(cells[4], second)
    put(cells[5], phone or "")


def _label(cell: _Cell, text: str) -> None:
    put(cell, text, font=SONG)


def _opinion(cell: _Cell, label: str, opinion: Opinion) -> None:
    put(cell, label, font=SONG, align=LEFT, top=True)
    add_line(cell, opinion.text or "", before=6)
    add_line(cell, "（盖章）", align=RIGHT, before=18)
    add_line(cell, day_text(opinion.day), align=RIGHT, before=6)
