"""附件3, the self-assessment of a school by the 23 indicators, laid out as the notice has it."""

from backend.documents.contents import Number, SelfAssessmentForm, Stamp
from backend.documents.package import packed
from backend.documents.paper import (
    LEFT,
    SONG,
    add_line,
    heading,
    keep_rows_whole,
    merge_down,
    new_document,
    put,
    rows_of,
    set_heights,
    table,
    write,
)
from backend.documents.rubric import NUMERALS

TITLE = "泰州市中小学智慧校园评估检查验收自评表"
COLUMNS = ("评价项目", "主要指标", "分值", "自评得分", "备注")
_WIDTHS = (3.3, 3.5, 1.6, 2.3, 5.9)


def docx(form: SelfAssessmentForm, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(TITLE, stamp, "" if form.day else "草稿：尚未提交")
    heading(document, "附件3", TITLE)
    # Each in a cell of its own: whatever writing direction a name sets ends with its cell.
    district, school, stamped = rows_of(table(document, (5.2, 8.6, 2.8), 1, boxed=False))[0]
    put(district, f"市(区)：{form.district}", align=LEFT)
    put(school, f"学校：{form.school}", align=LEFT)
    put(stamped, "（盖章）", align=LEFT)
    lines = [(group, indicator) for group in form.groups for indicator in group.indicators]
    made = table(document, _WIDTHS, len(lines) + 2)
    set_heights(made, 0.78)
    keep_rows_whole(made)
    cells = rows_of(made)
    for cell, title in zip(cells[0], COLUMNS, strict=True):
        put(cell, title, font=SONG, bold=True)
    for row, (_, indicator) in zip(cells[1:], lines, strict=False):
        put(row[1], indicator.name)
        put(row[2], str(indicator.points))
        put(row[3], number_text(indicator.self_points))
        put(row[4], indicator.note or "", align=LEFT, size=10.5)
    first = 1
    for number, group in enumerate(form.groups, 1):
        put(cells[first][0], f"{NUMERALS[number]}、{group.name}")
        add_line(cells[first][0], f"（{group.points}分）", align=cells[first][0].paragraphs[0].alignment)
        merge_down(cells, 0, first, first + len(group.indicators) - 1)
        first += len(group.indicators)
    total = cells[-1][0].merge(cells[-1][-1])
    put(total, f"自评总得分：{number_text(form.total) or '        '}分", font=SONG, bold=True, align=LEFT)
    write(document.add_paragraph(), "", size=1)
    return packed(document)


def number_text(points: Number | None) -> str:
    """Points as people write them; nothing where there are none."""
    return "" if points is None else str(points)
