"""Official documents on A4 paper, as docx: Chinese fonts, boxed tables, and a foot by which each can be verified.

What people typed stays text: it goes into runs and cells of its own, in which markup is no markup and an override of
the writing direction ends with its paragraph.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from io import BytesIO
from typing import Any

import segno
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tc
from docx.shared import Cm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from backend.documents.contents import Stamp
from backend.documents.package import add_picture, blank
from backend.documents.texts import code_line, printable, where_line

# The fonts of official papers (GB/T 9704): titles, text, headings. Digits and Latin letters have their own.
SONG, FANG, HEI, LATIN = "宋体", "仿宋", "黑体", "Times New Roman"
LEFT, CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
TOP, MIDDLE, BOTTOM = (
    WD_CELL_VERTICAL_ALIGNMENT.TOP,
    WD_CELL_VERTICAL_ALIGNMENT.CENTER,
    WD_CELL_VERTICAL_ALIGNMENT.BOTTOM,
)
# What a cell says until it is told what to say.
_ANY = "…"
_RUN = qn("w:r")
BLANK_DAY = "年    月    日"

_MARGIN = Cm(2.2)
_QR_SIZE = Cm(1.9)


def day_text(day: str | None) -> str:
    """2022-08-20 as forms have it; the blank form of a date where there is none."""
    if day is None:
        return BLANK_DAY
    year, month, date = (int(part) for part in day.split("-"))
    return f"{year} 年 {month} 月 {date} 日"


def new_document(title: str, stamp: Stamp, note: str = "", *, landscape: bool = False) -> Docx:
    """An empty document of one section with its foot; `note` is printed there too."""
    document = blank()
    _set_fonts(document)
    document.core_properties.title, document.core_properties.author = printable(title), "智评"
    document.core_properties.created = document.core_properties.modified = stamp.made_at.replace(tzinfo=None)
    section = document.sections[0]
    width, height = Cm(21), Cm(29.7)
    if landscape:
        section.orientation, width, height = WD_ORIENT.LANDSCAPE, height, width
    section.page_width, section.page_height = width, height
    section.left_margin = section.right_margin = section.top_margin = _MARGIN
    section.bottom_margin, section.footer_distance = Cm(3.1), Cm(0.9)
    _foot(document, stamp, note)
    return document


def text_width(document: Docx) -> int:
    """The width between the margins, in EMU."""
    section = document.sections[0]
    return (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)


def write(
    paragraph: Paragraph,
    text: str,
    *,
    font: str = FANG,
    latin: str = LATIN,
    size: float = 12,
    bold: bool = False,
    align: Any = None,
) -> Paragraph:
    """Adds a run with the text as it was typed; line ends are breaks."""
    run = deepcopy(_run(font, latin, size, bold))
    _say(run, text)
    paragraph._p.append(run)
    if align is not None:
        paragraph.alignment = align
    return paragraph


# A long table has a thousand cells of a few kinds: python-docx makes each of its parts in ten times the time that a
# copy of the whole takes.


@cache
def _run(font: str, latin: str, size: float, bold: bool) -> Any:
    run = Run(OxmlElement("w:r"), None)  # type: ignore[arg-type]
    run.font.size, run.font.bold = Pt(size), bold
    _set_font(run._r.get_or_add_rPr(), font, latin)
    run._r.append(OxmlElement("w:t"))
    return run._r


@cache
def _paragraph(font: str, latin: str, size: float, bold: bool, align: Any) -> Any:
    paragraph = Paragraph(OxmlElement("w:p"), None)  # type: ignore[arg-type]
    paragraph.alignment = align
    paragraph._p.append(deepcopy(_run(font, latin, size, bold)))
    return paragraph._p


@cache
def _upright(upright: Any) -> Any:
    cell = _Cell(CT_Tc.new(), None)  # type: ignore[arg-type]
    cell.vertical_alignment = upright
    return cell._tc.get_or_add_tcPr()[-1]


def _say(run: Any, text: str) -> None:
    """Gives a copy of `_run` its text."""
    said = printable(text)
    if not said:
        run.remove(run[-1])
    elif said == said.strip() and "\n" not in said and "\t" not in said:
        run[-1].text = said
    else:
        Run(run, None).text = said  # type: ignore[arg-type]


def heading(document: Docx, annex: str, title: str, subtitle: str = "") -> None:
    """The number of an annex at the left, and the title in the middle."""
    if annex:
        write(document.add_paragraph(), annex, font=HEI, size=16)
    line = write(document.add_paragraph(), title, font=SONG, size=20, bold=True, align=CENTRE)
    line.paragraph_format.space_before, line.paragraph_format.space_after = Pt(4), Pt(2 if subtitle else 10)
    if subtitle:
        below = write(document.add_paragraph(), subtitle, size=14, align=CENTRE)
        below.paragraph_format.space_after = Pt(10)


def table(container: Any, widths_cm: Sequence[float], rows: int, *, boxed: bool = True) -> Table:
    """A table of fixed widths with so many empty rows, with lines or without."""
    # A foot has no width of its own, and wants to be told one.
    told = () if isinstance(container, Docx) else (Cm(sum(widths_cm)),)
    made: Table = container.add_table(1, len(widths_cm), *told)
    if boxed:
        made.style = "Table Grid"
    made.autofit, made.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(made._tbl.tblGrid.gridCol_lst, widths_cm, strict=True):
        column.w = Cm(width)
    [first] = made._tbl.tr_lst
    for cell, width in zip(first.tc_lst, widths_cm, strict=True):
        cell.width = Cm(width)
    for _ in range(rows - 1):
        made._tbl.append(deepcopy(first))
    return made


def rows_of(made: Table) -> list[list[_Cell]]:
    """The cells row by row. python-docx looks for each cell anew among all, which takes its time in long tables."""
    return [[_Cell(cell, made) for cell in row.tc_lst] for row in made._tbl.tr_lst]


def put(
    cell: _Cell,
    text: str,
    *,
    font: str = FANG,
    latin: str = LATIN,
    size: float = 12,
    bold: bool = False,
    align: Any = CENTRE,
    upright: Any = MIDDLE,
) -> None:
    """Writes into an empty cell, in the middle of its height, at its top or at its bottom."""
    made, paragraph = cell._tc, deepcopy(_paragraph(font, latin, size, bold, align))
    properties = made.get_or_add_tcPr()
    if len(properties) == 1:
        # It has its width alone, which the schema wants before this.
        properties.append(deepcopy(_upright(upright)))
    else:
        cell.vertical_alignment = upright
    _say(paragraph[-1], text)
    made.replace(made.p_lst[0], paragraph)


def row_like(made: Table, looks: Sequence[Mapping[str, Any]]) -> Any:
    """A row for `add_row` to copy: as high as the first one, never torn by the end of a page; `looks` are what `put`
    takes besides the text, cell by cell."""
    row = deepcopy(made._tbl.tr_lst[0])
    for cell, look in zip(row.tc_lst, looks, strict=True):
        put(_Cell(cell, made), _ANY, **look)
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    return row


def add_row(made: Table, like: Any, texts: Sequence[str]) -> None:
    """Adds a row with these texts."""
    row = deepcopy(like)
    for run, text in zip(row.iter(_RUN), texts, strict=True):
        _say(run, text)
    made._tbl.append(row)


def add_line(cell: _Cell, text: str, *, size: float = 12, align: Any = LEFT, before: float = 0) -> None:
    """A further paragraph in a cell, `before` points below the last."""
    write(cell.add_paragraph(), text, size=size, align=align).paragraph_format.space_before = Pt(before)


def set_height(made: Table, number: int, cm: float) -> None:
    """The least height of a row."""
    row = _Row(made._tbl.tr_lst[number], made)
    row.height, row.height_rule = Cm(cm), WD_ROW_HEIGHT_RULE.AT_LEAST


def set_heights(made: Table, cm: float) -> None:
    """The least height of all rows."""
    for number in range(len(made._tbl.tr_lst)):
        set_height(made, number, cm)


def keep_rows_whole(made: Table, header_rows: int = 1) -> None:
    """No row is torn by the end of a page, and the first ones stand on every page."""
    for number, row in enumerate(made._tbl.tr_lst):
        properties = row.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if number < header_rows:
            properties.append(OxmlElement("w:tblHeader"))


def open_edge(cell: _Cell, edge: str) -> None:
    """Leaves out the line at an edge, "top" or "bottom", of a cell."""
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        # The schema has an order: the borders come before what may stand behind them here.
        behind = properties.find(qn("w:vAlign"))
        properties.append(borders) if behind is None else behind.addprevious(borders)
    line = OxmlElement(f"w:{edge}")
    line.set(qn("w:val"), "nil")
    borders.append(line)


def merge_down(cells: Sequence[Sequence[_Cell]], column: int, first: int, last: int) -> None:
    """Makes the cells of a column from row `first` to `last` one, that of the first row."""
    for number in range(first, last + 1):
        properties = cells[number][column]._tc.get_or_add_tcPr()
        properties.vMerge_val = "restart" if number == first else "continue"


def _set_fonts(document: Docx) -> None:
    """The fonts of everything that says nothing else; and the language, by which a program picks the glyphs."""
    normal = document.styles["Normal"]
    normal.font.size = Pt(12)
    normal.paragraph_format.space_after = Pt(0)
    properties = normal.element.get_or_add_rPr()
    _set_font(properties, FANG)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def _set_font(properties: Any, font: str, latin: str = LATIN) -> None:
    fonts = properties.get_or_add_rFonts()
    for name, value in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", font)):
        fonts.set(qn(f"w:{name}"), value)
    # Marks that Latin fonts have too (□, “ ”) are to look Chinese.
    fonts.set(qn("w:hint"), "eastAsia")
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


def _foot(document: Docx, stamp: Stamp, note: str) -> None:
    footer = document.sections[0].footer
    width = text_width(document) / Cm(1)
    (words, picture) = rows_of(table(footer, (width - 2.2, 2.2), 1, boxed=False))[0]
    put(words, code_line(stamp), font=HEI, size=10.5, align=LEFT)
    add_line(words, where_line(stamp), size=9)
    pages = words.add_paragraph()
    write(pages, "第 ", size=9)
    _field(pages, "PAGE")
    write(pages, " 页，共 ", size=9)
    _field(pages, "NUMPAGES")
    write(pages, f" 页{'    ' if note else ''}{note}", size=9)
    picture.paragraphs[0].alignment = RIGHT
    add_picture(picture.paragraphs[0], _qr(stamp), width=_QR_SIZE)
    # A footer begins with an empty paragraph, which would stand above the table.
    first = footer.paragraphs[0]._p
    first.getparent().append(first)
    write(footer.paragraphs[0], "", size=1).paragraph_format.line_spacing = Pt(1)


def _qr(stamp: Stamp) -> bytes:
    """The verification page with the code, as a PNG."""
    file = BytesIO()
    segno.make(f"{stamp.page_url}#{stamp.code}", error="m", micro=False).save(file, kind="png", scale=6, border=2)
    return file.getvalue()


def _field(paragraph: Paragraph, instruction: str) -> None:
    """A number that the program that shows the document fills in."""
    for kind, text in (("begin", None), (None, instruction), ("separate", None), ("shown", "1"), ("end", None)):
        run = paragraph.add_run()
        run.font.size = Pt(9)
        _set_font(run._r.get_or_add_rPr(), FANG)
        run._r.append(_field_part(kind, text))


def _field_part(kind: str | None, text: str | None) -> Any:
    if kind == "shown":
        part = OxmlElement("w:t")
        part.text = text
        return part
    if kind is None:
        part = OxmlElement("w:instrText")
        part.text = text
        return part
    part = OxmlElement("w:fldChar")
    part.set(qn("w:fldCharType"), kind)
    return part
