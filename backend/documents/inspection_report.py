"""The inspection report of a school: what was found on site beside what the school and its district said, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from docx.document import Document as Docx
from docx.shared import Cm
from docx.table import Table, _Cell

from backend.documents.contents import InspectionReport, Number, SignatureLine, Stamp
from backend.documents.package import add_picture, packed
from backend.documents.paper import (
    CENTRE,
    HEI,
    LEFT,
    RIGHT,
    SONG,
    add_line,
    add_row,
    heading,
    keep_rows_whole,
    new_document,
    put,
    row_like,
    rows_of,
    set_height,
    set_heights,
    table,
    write,
)
from backend.documents.self_assessment_form import number_text

# Pictures by their SHA-256, PNG or JPEG: of countersignatures and of photos.
Pictures = Mapping[str, bytes]

_SMALL = 10.5
_PHOTO_WIDTH, _SIGNATURE_HEIGHT = Cm(5), Cm(1.5)
NOTHING = "无。"


def docx(content: InspectionReport, stamp: Stamp, pictures: Pictures = {}) -> bytes:  # noqa: B006 - it is only read
    """The bytes of the .docx file. Pictures that aren't given, or are broken, are left out."""
    document = new_document(content.title, stamp)
    heading(document, "", content.title)
    _facts(document, content)
    _scores(document, content)
    _discrepancies(document, content)
    _rulings(document, content)
    _photos(document, content, pictures)
    _signatures(document, content, pictures)
    return packed(document)


def _section(document: Docx, title: str) -> None:
    paragraph = write(document.add_paragraph(), title, font=HEI, size=14)
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = 101_600
    paragraph.paragraph_format.keep_with_next = True


def _facts(document: Docx, content: InspectionReport) -> None:
    made = table(document, (2.8, 5.5, 2.8, 5.5), 4)
    set_heights(made, 0.95)
    cells = rows_of(made)
    facts = (
        ("学校名称", content.school),
        ("市（区）", content.district),
        ("学段", content.stages),
        ("申报类型", content.applied or ""),
        ("评估时间", content.visited),
        ("评估组", content.team),
    )
    for place, (label, value) in enumerate(facts):
        row, column = divmod(place, 2)
        put(cells[row][2 * column], label, font=SONG)
        put(cells[row][2 * column + 1], value)
    put(cells[3][0], "结论", font=SONG)
    result = f"现场评定总分 {content.agreed_total} 分；自评总分 {number_text(content.total) or '—'} 分。"
    put(cells[3][1].merge(cells[3][3]), result + (content.result or "等级尚未认定"), bold=True, align=LEFT)
    set_height(made, 3, 1.3)


def _listing(document: Docx, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[Any]]) -> None:
    """A table with its header; the texts of the last column begin at the left."""
    if not rows:
        write(document.add_paragraph(), NOTHING)
        return
    made = table(document, [width for _, width in columns], 1)
    looks = [{"size": _SMALL, "align": LEFT if column is columns[-1] else CENTRE} for column in columns]
    like = row_like(made, looks)
    _titles(made, columns)
    for row in rows:
        add_row(made, like, [str(value) for value in row])


def _titles(made: Table, columns: Sequence[tuple[str, float]]) -> None:
    keep_rows_whole(made)
    for cell, (title, _) in zip(rows_of(made)[0], columns, strict=True):
        put(cell, title, font=SONG, size=_SMALL, bold=True)


def _scores(document: Docx, content: InspectionReport) -> None:
    """Every item with its points three ways (two for the school), below the sums of its indicator."""
    _section(document, "一、各项得分")
    columns = [
        ("指标", 1.5),
        ("评估内容", 7.5),
        ("分值", 1.3),
        ("自评", 1.5),
        ("初评", 1.5),
        ("现场", 1.5),
        ("未达要求", 2.1),
    ]
    if not content.with_district:
        columns = [each for each in columns if each[0] != "初评"]
        columns[1] = ("评估内容", 9.0)
    made = table(document, [width for _, width in columns], 1)
    sums, single = (
        row_like(
            made, [{"size": 9, "bold": bold, "align": LEFT if place == 1 else CENTRE} for place in range(len(columns))]
        )
        for bold in (True, False)
    )
    _titles(made, columns)
    for indicator in content.indicators:
        of_all = (indicator.points, indicator.self_points, indicator.district_points, indicator.agreed_points)
        add_row(made, sums, _score_line(content, ("", indicator.name), of_all, ""))
        for item in indicator.items:
            points = (item.points, item.self_points, item.district_points, item.agreed_points)
            add_row(made, single, _score_line(content, (item.code, item.text), points, "、".join(item.unmet)))


def _score_line(
    content: InspectionReport,
    named: tuple[str, str],
    points: tuple[Number, Number | None, Number | None, Number | None],
    unmet: str,
) -> list[str]:
    most, own, district, agreed = map(number_text, points)
    return [*named, most, own, *([district] if content.with_district else []), agreed, unmet]


def _discrepancies(document: Docx, content: InspectionReport) -> None:
    _section(document, "二、自评与现场的差异")
    columns = (("指标", 1.7), ("差异", 2.8), ("分差", 1.5), ("影响等级", 2.0), ("处理", 2.4), ("学校说明", 6.2))
    rows = [
        (
            each.item,
            each.kind,
            number_text(each.delta),
            "是" if each.changes_grade else "否",
            each.state,
            each.answer or "",
        )
        for each in content.discrepancies
    ]
    _listing(document, columns, rows)


def _rulings(document: Docx, content: InspectionReport) -> None:
    _section(document, "三、裁定")
    columns = (("指标", 1.7), ("裁定得分", 2.0), ("裁定要求", 2.6), ("裁定人", 2.4), ("时间", 2.7), ("理由", 5.2))
    rows = [
        (each.item, number_text(each.points), "\n".join(each.clauses), each.by, each.at, each.reason)
        for each in content.rulings
    ]
    _listing(document, columns, rows)


def _photos(document: Docx, content: InspectionReport, pictures: Pictures) -> None:
    """The captions of all photos, and the pictures of those that are given."""
    _section(document, "四、现场照片")
    columns = (("指标", 1.7), ("拍摄时间", 3.2), ("拍摄人", 2.6), ("照片（SHA-256 前 16 位）", 9.1))
    rows = [
        (each.item, each.taken_at, each.by, each.sha256[:16] if each.sha256 else f"未上传，已核销：{each.lost or ''}")
        for each in content.photos
    ]
    _listing(document, columns, rows)
    shown = [each for each in content.photos if each.sha256 in pictures]
    if not shown:
        return
    write(document.add_paragraph(), "", size=6)
    made = table(document, (5.5, 5.5, 5.5), (len(shown) + 2) // 3, boxed=False)
    cells = [cell for row in rows_of(made) for cell in row]
    for cell, photo in zip(cells, shown, strict=False):
        _picture(cell, pictures[photo.sha256 or ""], width=_PHOTO_WIDTH)
        add_line(cell, f"{photo.item}  {photo.taken_at}  {photo.by}", size=9, align=CENTRE)


def _signatures(document: Docx, content: InspectionReport, pictures: Pictures) -> None:
    _section(document, "五、签名")
    made = table(document, (2.8, 4.0, 5.6, 4.2), len(content.signatures) + 1)
    set_heights(made, 1.1)
    keep_rows_whole(made)
    cells = rows_of(made)
    for cell, title in zip(cells[0], ("身份", "姓名", "签名", "时间"), strict=True):
        put(cell, title, font=SONG, bold=True)
    for row, each in zip(cells[1:], content.signatures, strict=True):
        put(row[0], each.role)
        put(row[1], each.name)
        put(row[3], each.at)
        _signature(row[2], each, pictures)
    office = write(document.add_paragraph(), "泰州市教育局（盖章）", align=RIGHT)
    office.paragraph_format.space_before = 304_800
    write(document.add_paragraph(), "年    月    日", align=RIGHT)


def _signature(cell: _Cell, line: SignatureLine, pictures: Pictures) -> None:
    if line.refused is not None:
        put(cell, f"拒签：{line.refused}", align=LEFT)
    elif line.sha256 is None:
        put(cell, "已在系统中签字")
    elif line.sha256 not in pictures or not _picture(cell, pictures[line.sha256], height=_SIGNATURE_HEIGHT):
        put(cell, "已签字（图片无法显示）")


def _picture(cell: _Cell, picture: bytes, **size: int) -> bool:
    """Puts a picture into an empty cell; whether it is one."""
    paragraph = cell.paragraphs[0]
    try:
        add_picture(paragraph, picture, **size)
    except Exception:
        return False
    paragraph.alignment = CENTRE
    return True
