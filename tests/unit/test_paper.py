"""What can be on paper: any text whatever makes a document that opens again and says it."""

from datetime import UTC, datetime
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from backend.documents import publication, rendering
from backend.documents.contents import ApplicationForm, AwardedLine, Opinion, PublicationDocument, Stamp
from backend.documents.texts import printable
from tests.documents import opened, rows

STAMP = Stamp("ACEF3479HJKM", datetime(2022, 8, 15, 2, tzinfo=UTC), "https://zhiping.example.cn/verify")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def test_what_no_paper_holds_is_marked() -> None:
    assert printable("a\x00b\x08\x1b\x7f\x85\ufffe\uffff") == "a\ufffdb" + "\ufffd" * 6
    assert printable("一\r\n二\r三\t四 \u202e👩‍🏫") == "一\n二\n三\t四 \u202e👩‍🏫"


@given(TEXT, TEXT)
@settings(max_examples=15)
def test_any_text_is_printed(name: str, highlights: str) -> None:
    nothing = Opinion(highlights, "2022-08-20")
    form = ApplicationForm(
        name, None, name, None, 1, 2, 3, ("示范型",), None, highlights, None, {"district": nothing, "city": nothing}
    )
    table = rows(opened(rendering.docx(form, STAMP, {})).tables[0])
    assert table[0][1] == printable(name)
    assert table[4][1] == printable(highlights)
    assert table[6][0] == f"市（区）教育局意见：\n{printable(highlights)}"


@given(TEXT)
@settings(max_examples=15)
def test_any_text_is_in_a_workbook(name: str) -> None:
    content = PublicationDocument(
        "题", "周期", 1, None, "2022-10-10", (AwardedLine("海陵区", name, "示范型"),), "0" * 64
    )
    sheet = load_workbook(BytesIO(publication.xlsx(content, STAMP))).worksheets[0]
    assert (sheet["C5"].value or "") == printable(name)
    assert sheet["C5"].data_type != "f"


def test_many_grades_need_no_more_numerals_than_there_are() -> None:
    schools = tuple(AwardedLine("海陵区", f"第{number}小学", f"{number}型") for number in range(10))
    content = PublicationDocument("题", "周期", 2, "更正", "2022-10-10", schools, "0" * 64)
    assert len(opened(publication.docx(content, STAMP)).tables) == 10
