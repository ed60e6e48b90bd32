"""附件1, the rubric of a cycle, laid out as the notice has it."""

from backend.documents.contents import RubricDocument, Stamp
from backend.documents.package import packed
from backend.documents.paper import (
    CENTRE,
    LEFT,
    SONG,
    add_line,
    heading,
    keep_rows_whole,
    merge_down,
    new_document,
    put,
    rows_of,
    table,
    write,
)

COLUMNS = ("一级指标", "二级指标", "评  估  内  容", "分值")
_WIDTHS = (2.5, 3.6, 9.1, 1.4)
NUMERALS = "零一二三四五六七八九十"


def docx(content: RubricDocument, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(content.title, stamp)
    heading(document, "附件1", content.title, content.edition)
    count = sum(len(indicator.items) for group in content.groups for indicator in group.indicators)
    made = table(document, _WIDTHS, count + 1)
    keep_rows_whole(made)
    cells = rows_of(made)
    for cell, title in zip(cells[0], COLUMNS, strict=True):
        put(cell, title, font=SONG, bold=True)
    row = 1
    for number, group in enumerate(content.groups, 1):
        first = row
        put(cells[row][0], NUMERALS[number], size=10.5)
        add_line(cells[row][0], group.name, size=10.5, align=CENTRE)
        add_line(cells[row][0], f"（{group.points}分）", size=10.5, align=CENTRE)
        for place, indicator in enumerate(group.indicators, 1):
            begin = row
            put(cells[row][1], f"（{NUMERALS[place]}）", size=10.5)
            add_line(cells[row][1], f"{indicator.name}（{indicator.points}分）", size=10.5, align=CENTRE)
            for item in indicator.items:
                put(cells[row][2], item.text, size=10.5, align=LEFT)
                put(cells[row][3], str(item.points), size=10.5)
                row += 1
            merge_down(cells, 1, begin, row - 1)
        merge_down(cells, 0, first, row - 1)
    note = write(document.add_paragraph(), f"注：{content.note}", size=10.5)
    note.paragraph_format.space_before = 76_200
    return packed(document)
