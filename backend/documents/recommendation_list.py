"""附件4, the recommendation list of a district, as docx and xlsx in the notice's own columns and order."""

from backend.documents.contents import RecommendationListDocument, Stamp
from backend.documents.package import packed
from backend.documents.paper import (
    CENTRE,
    LEFT,
    SONG,
    heading,
    keep_rows_whole,
    new_document,
    put,
    rows_of,
    set_heights,
    table,
)
from backend.documents.sheets import workbook
from backend.documents.tables import Sheet

TITLE = "泰州市中小学智慧校园创建学校推荐名单表"
# Each column with its width in characters on a sheet, and in cm on paper.
COLUMNS = (
    ("序号", 6, 1.3),
    ("学校名称", 30, 5.4),
    ("联系人", 12, 2.2),
    ("联系电话", 16, 3.2),
    ("申报类型（示范\\优秀\\合格）", 14, 3.0),
    ("自评分", 9, 1.8),
    ("亮点特色", 60, 8.4),
)


def docx(content: RecommendationListDocument, stamp: Stamp) -> bytes:
    """The bytes of the .docx file."""
    document = new_document(TITLE, stamp, "" if content.day else "草稿：尚未上报", landscape=True)
    heading(document, "附件4", TITLE)
    head = rows_of(table(document, (9.3, 7.6, 8.4), 1, boxed=False))[0]
    for cell, text in zip(head, _head(content), strict=True):
        put(cell, text, align=LEFT)
    made = table(document, [width for *_, width in COLUMNS], len(content.schools) + 1)
    set_heights(made, 0.8)
    keep_rows_whole(made)
    cells = rows_of(made)
    for cell, (title, *_) in zip(cells[0], COLUMNS, strict=True):
        put(cell, title, font=SONG, bold=True)
    for row, values in zip(cells[1:], _rows(content), strict=True):
        for cell, value in zip(row, values, strict=True):
            last = cell is row[-1]
            put(cell, str(value), size=10.5 if last else 12, align=LEFT if last else CENTRE)
    return packed(document)


def xlsx(content: RecommendationListDocument, stamp: Stamp) -> bytes:
    """The bytes of the .xlsx file."""
    columns = tuple((title, width) for title, width, _ in COLUMNS)
    head = ("附件4", TITLE, "        ".join(_head(content)))
    return workbook(Sheet("推荐名单", head, columns, _rows(content), landscape=True), stamp)


def _head(content: RecommendationListDocument) -> tuple[str, str, str]:
    return (
        f"市（区）（盖章）：{content.district}",
        f"市（区）联系人：{content.contact or ''}",
        f"联系人电话：{content.phone or ''}",
    )


def _rows(content: RecommendationListDocument) -> list[tuple[str | int | float, ...]]:
    return [
        (number, each.school, each.contact, each.phone, each.applied, each.points, each.highlights)
        for number, each in enumerate(content.schools, 1)
    ]
