"""A table that a page shows as a workbook: what comes in stands in its cells, and nothing is worked out."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.http.conftest import Service, SignIn

BODY: dict[str, Any] = {
    "title": "各市（区）等级/分布",
    "columns": ["市（区）", "学校数", "占比"],
    "rows": [["海陵区", 12, 0.25], ['=HYPERLINK("x")', 0, None], ["合计\n（全市）", 12, 100.125], ["#N/A", 1, 2]],
}


async def test_the_cells_are_what_was_sent(service: Service, signed_in: SignIn) -> None:
    answer = await service.post("/api/workbooks", BODY, (await signed_in("district")).token)
    assert answer.status == 200, answer.body
    assert "%EF%BC%8F" in answer.headers["Content-Disposition"]
    sheet = load_workbook(BytesIO(answer.body)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=5)]
    assert rows == [BODY["columns"], *BODY["rows"]]
    assert {sheet[place].data_type for place in ("A2", "A3", "A4", "A5")} == {"s"}
    assert sheet["C2"].data_type == "n"


@pytest.mark.parametrize("title", ["'", "[x]:*?/\\", "长" * 80, "'名'", "\U0001f600" * 40])
async def test_any_title_names_a_sheet(service: Service, signed_in: SignIn, title: str) -> None:
    answer = await service.post("/api/workbooks", BODY | {"title": title}, (await signed_in("city")).token)
    assert answer.status == 200, answer.body
    (name,) = load_workbook(BytesIO(answer.body)).sheetnames
    assert 0 < len(name) <= 31
    assert not set(name) & set("[]:*?/\\")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"rows": [["海陵区", 12]]}, ""),
        ({"columns": []}, "/columns"),
        ({"title": " "}, "/title"),
        ({"rows": [["a", True, 1]]}, "/rows/0/1"),
    ],
)
async def test_what_is_no_table_is_refused(
    service: Service, signed_in: SignIn, change: dict[str, Any], path: str
) -> None:
    answer = await service.post("/api/workbooks", BODY | change, (await signed_in("city")).token)
    assert answer.status == 422
    assert answer.paths[0].startswith(path)


async def test_an_inspector_has_no_need_of_it(service: Service, signed_in: SignIn) -> None:
    assert (await service.post("/api/workbooks", BODY, (await signed_in("inspector")).token)).status == 403
