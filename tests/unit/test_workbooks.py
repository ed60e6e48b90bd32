"""Tables in xlsx files, as the programs that people use save them, and as a stranger may spoil them."""

import io
import random
import secrets
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

from backend.documents.tables import MOST_ROWS, Column, Table
from backend.documents.workbooks import read_table, write_template
from backend.documents.xlsx_parts import WorkbookError, xml_parts

COLUMNS = (
    Column("name", "学校名称", ("学校",), required=True, example="甲小学"),
    Column("year", "年份", required=True, example="2021"),
    Column("note", "备注", example="无"),
)


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book_of(*rows: list[Any]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    return book


def rezipped(content: bytes, changes: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", compression) as new:
        for name in {**dict.fromkeys(old.namelist()), **dict.fromkeys(changes)}:
            new.writestr(name, changes[name] if name in changes else old.read(name))
    return file.getvalue()


PLAIN = saved(book_of(["学校名称", "年份", "备注"], ["甲小学", 2021, "好"], ["乙小学", 2022, None]))

# As Excel saves it: texts in a part of their own, some of them in pieces; a prefix for the namespace as others have it.
_MAIN = 'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_STRINGS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<x:sst {_MAIN} count="4" uniqueCount="4"><x:si><x:t>学校名称</x:t></x:si><x:si><x:t>年份</x:t></x:si>
<x:si><x:r><x:t>甲</x:t></x:r><x:r><x:rPr/><x:t xml:space="preserve">小学_x000D_ </x:t></x:r></x:si></x:sst>"""
_SHEET = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<x:worksheet {_MAIN}><x:dimension ref="A1"/><x:sheetData>
<x:row r="3"><x:c r="B3" t="s"><x:v>0</x:v></x:c><x:c r="D3" t="s"><x:v>1</x:v></x:c></x:row>
<x:row r="5"><x:c r="B5" t="s"><x:v>2</x:v></x:c><x:c r="D5"><x:v>2021</x:v></x:c></x:row>
</x:sheetData><x:mergeCells count="1"><x:mergeCell ref="B6:B7"/></x:mergeCells></x:worksheet>"""


def as_excel_saves_it() -> bytes:
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as archive:
        types = archive.read("[Content_Types].xml").decode()
        links = archive.read("xl/_rels/workbook.xml.rels").decode()
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    if "sharedStrings" not in types:
        types = types.replace("</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{part}"/></Types>')
        links = links.replace(
            "</Relationships>", f'<Relationship Id="s" Type="{kind}" Target="sharedStrings.xml"/></Relationships>'
        )
    return rezipped(
        PLAIN,
        {
            "[Content_Types].xml": types.encode(),
            "xl/_rels/workbook.xml.rels": links.encode(),
            "xl/sharedStrings.xml": _STRINGS.encode(),
            "xl/worksheets/sheet1.xml": _SHEET.encode(),
        },
    )


def test_a_file_as_excel_saves_it() -> None:
    table = read_table(as_excel_saves_it(), COLUMNS)
    (row,) = table.rows
    assert (row.number, row["name"], row["year"], row["note"]) == (5, "甲小学", "2021", "")
    assert (row.cells["name"].ref, row.cells["year"].ref) == ("B5", "D5")
    (problem,) = table.problems
    assert (problem.row, problem.code, problem.ref) == (6, "merged", "B6:B7")


def test_hidden_sheets_are_passed_over() -> None:
    book = book_of(["别的"])
    book.worksheets[0].sheet_state = "hidden"
    sheet = book.create_sheet("名册")
    for row in (["学校", "年份"], ["甲小学", 2021]):
        sheet.append(row)
    assert [row["name"] for row in read_table(saved(book), COLUMNS).rows] == ["甲小学"]


def test_the_header_may_stand_lower_and_to_the_right() -> None:
    rows: list[list[Any]] = [
        ["2022年"],
        [],
        [None, "说明", "请如实填写"],
        [None, "年 份*", None, "学校："],
        [None, 2021, None, "甲"],
    ]
    (row,) = read_table(saved(book_of(*rows)), COLUMNS).rows
    assert (row.number, row["name"], row["year"]) == (5, "甲", "2021")


def test_values_become_the_text_that_a_person_reads() -> None:
    values = [True, 12345678901, 1.0, 0.1, -3.5, "  ２０２１年 ", "一_x000D_二"]
    rows: list[list[Any]] = [["学校", "年份"], *(["甲", value] for value in values)]
    table = read_table(saved(book_of(*rows)), COLUMNS)
    assert [row["year"] for row in table.rows] == ["TRUE", "12345678901", "1", "0.1", "-3.5", "2021年", "一二"]


def test_as_many_rows_as_are_allowed() -> None:
    rows: list[list[Any]] = [["学校", "年份"], *(["甲", 2021] for _ in range(MOST_ROWS))]
    assert len(read_table(saved(book_of(*rows)), COLUMNS).rows) == MOST_ROWS
    with pytest.raises(WorkbookError, match=str(MOST_ROWS)):
        read_table(saved(book_of(*rows, ["乙", 2021])), COLUMNS)


def test_a_template_is_read_as_an_empty_table() -> None:
    table = read_table(write_template("名册", COLUMNS), COLUMNS)
    assert table == Table((), (), ("第 2 行是示例，已跳过",))


def test_other_compressions_and_passwords_are_refused() -> None:
    with pytest.raises(WorkbookError) as caught:
        xml_parts(rezipped(PLAIN, {}, zipfile.ZIP_LZMA))
    assert caught.value.code == "damaged"
    # The first entry's flags in the directory of the archive.
    entry = PLAIN.index(b"PK\x01\x02")
    with pytest.raises(WorkbookError) as caught:
        xml_parts(PLAIN[: entry + 8] + b"\x01" + PLAIN[entry + 9 :])
    assert caught.value.code == "encrypted"


def test_a_part_that_claims_less_than_it_holds_is_never_unpacked_whole() -> None:
    bomb = rezipped(PLAIN, {"xl/big.xml": b" " * 60_000_000})
    entry = bomb.rindex(b"PK\x01\x02")
    size = bomb.index((60_000_000).to_bytes(4, "little"), entry)
    lying = bomb[:size] + (10).to_bytes(4, "little") + bomb[size + 4 :]
    with pytest.raises(WorkbookError) as caught:
        xml_parts(lying)
    assert caught.value.code == "damaged"


def spoilt(dice: random.Random) -> bytes:
    """A file with some bytes changed, in the archive or inside a part."""
    content = bytearray(dice.choice([PLAIN, as_excel_saves_it()]))
    if dice.random() < 0.3:
        for _ in range(dice.randint(1, 5)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        return bytes(content)
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        name = dice.choice(archive.namelist())
        part = bytearray(archive.read(name))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(part))
        piece = dice.choice([b"", b"<", b">", b'"', b"9" * 12, b"&#0;", b"&x;", b"-1", bytes([dice.randrange(256)])])
        part[place : place + dice.randint(0, 3)] = piece
    return rezipped(bytes(content), {name: bytes(part)})


def test_spoilt_files_are_read_or_refused() -> None:
    """Nothing else ever comes out of them, and nothing else is raised."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    refused = 0
    for _ in range(300):
        try:
            assert isinstance(read_table(spoilt(dice), COLUMNS), Table)
        except WorkbookError as error:
            refused += 1
            assert "请" in error.message
    assert refused
