"""The publication of a cycle's results: the awarded schools by grade, as docx and xlsx."""

from itertools import groupby

from backend.documents.contents import PublicationDocument, Stamp
from backend.documents.package import packed
from backend.documents.paper import (
    HEI,
    RIGHT,
    SONG,
    day_text,
    heading,
    keep_rows_whole,
    new_document,
    put,
    rows_of,
    set_heights,
    table,
    write,
)
from backend.documents.rubric import NUMERALS
from backend.documents.sheets import workbook
from backend.documents.tables import Sheet

COLUMNS = (("序号", 8), ("市（区）", 20), ("学校名称", 44), ("认定等级", 14))
_WIDTHS = (1.8, 4.2, 10.6)
_OFFICE = "泰州市教育局"


def docx(content: PublicationDocument, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(content.title, stamp, f"名单的 SHA-256：{content.public_sha256[:16]}…")
    heading(document, "", content.title, f"（第{content.version}版）" if content.version > 1 else "")
    intro = write(document.add_paragraph(), _intro(content), size=14)
    intro.paragraph_format.first_line_indent, intro.paragraph_format.line_spacing = 355_600, 1.4
    if content.reason:
        reason = write(document.add_paragraph(), f"更正原因：{content.reason}", size=14)
        reason.paragraph_format.first_line_indent, reason.paragraph_format.line_spacing = 355_600, 1.4
    for number, (grade, lines) in enumerate(groupby(content.schools, key=lambda each: each.grade), 1):
        schools = list(lines)
        title = write(document.add_paragraph(), f"{NUMERALS[number]}、{grade}（{len(schools)}所）", font=HEI, size=14)
        title.paragraph_format.space_before = title.paragraph_format.space_after = 76_200
        title.paragraph_format.keep_with_next = True
        made = table(document, _WIDTHS, len(schools) + 1)
        set_heights(made, 0.8)
        keep_rows_whole(made)
        cells = rows_of(made)
        for cell, (heading_text, _) in zip(cells[0], COLUMNS, strict=False):
            put(cell, heading_text, font=SONG, bold=True)
        for place, (row, school) in enumerate(zip(cells[1:], schools, strict=True), 1):
            for cell, value in zip(row, (str(place), school.district, school.school), strict=True):
                put(cell, value)
    office = write(document.add_paragraph(), _OFFICE, size=14, align=RIGHT)
    office.paragraph_format.space_before = 457_200
    write(document.add_paragraph(), day_text(content.day), size=14, align=RIGHT)
    return packed(document)


def _intro(content: PublicationDocument) -> str:
    if not content.schools:
        return f"{content.cycle_title}：经学校自评、市（区）初评和市级评估验收，没有学校获得认定。"
    return (
        f"{content.cycle_title}：经学校自评、市（区）初评和市级评估验收，认定下列{len(content.schools)}所学校，"
        "现将名单予以公布。"
    )


def xlsx(content: PublicationDocument, stamp: Stamp) -> bytes:
    """The bytes of the .xlsx file."""
    rows = [(number, each.district, each.school, each.grade) for number, each in enumerate(content.schools, 1)]
    reason = f"    更正原因：{content.reason}" if content.reason else ""
    head = (content.cycle_title, content.title, f"第{content.version}版    {day_text(content.day)}{reason}")
    return workbook(Sheet("认定名单", head, COLUMNS, rows), stamp)
