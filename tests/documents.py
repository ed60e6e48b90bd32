"""Reads docx files as people see them: cells, paragraphs, fonts, and the foot."""

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.oxml.ns import qn
from docx.table import Table

# Text that may break a document: markup, a formula, writing directions, emoji, and what no XML can hold.
HOSTILE = (
    "<w:p>&amp;]]></w:p><script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "{{ name }} ${name} %s %n",
    "\u202e反写\u2066 שלום עולם مرحبا",
    "👩‍🏫🏫🇨🇳 𠮷𡈽 é à̧",
    "第一行\n第二行\n\n\t缩进",
    "长" * 200,
)


def opened(content: bytes) -> Docx:
    """The document in the file."""
    return Document(io.BytesIO(content))


def rows(table: Table) -> list[list[str]]:
    """The texts of a table row by row, each merged cell once a row."""
    found = []
    for row in table.rows:
        cells: dict[int, str] = {}
        for cell in row.cells:
            cells.setdefault(id(cell._tc), cell.text)
        found.append(list(cells.values()))
    return found


def foot(document: Docx) -> str:
    """All text of the foot."""
    return "\n".join(cell for row in rows(document.sections[0].footer.tables[0]) for cell in row)


def fonts(document: Docx) -> set[str]:
    """The East Asian fonts of all runs with text."""
    return {
        run.find(qn("w:rPr")).find(qn("w:rFonts")).get(qn("w:eastAsia"))
        for run in _runs(document)
        if run.find(qn("w:t")) is not None
    }


def _runs(document: Docx) -> Iterator[Any]:
    yield from document.element.body.iter(qn("w:r"))
    yield from document.sections[0].footer._element.iter(qn("w:r"))
