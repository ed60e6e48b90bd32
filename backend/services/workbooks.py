"""A workbook of a table that a page shows: the figures behind a chart, which no other operation has in this form."""

from decimal import Decimal

from backend.deps import Deps
from backend.models.attachments import Attachment
from backend.models.workbooks import Cell, WorkbookBody
from inspection.rules.workflow import SHANGHAI

_LEAST_WIDTH, _MOST_WIDTH = 10, 40


async def make(deps: Deps, body: WorkbookBody) -> Attachment:
    """The workbook, made in a thread. Raises `Unavailable` where too many are being made."""
    day = deps.clock().astimezone(SHANGHAI)

    def work() -> bytes:
        # openpyxl loads in the thread that needs it.
        from backend.documents.plain_sheet import plain_sheet

        columns = [
            (title, _width(title, [row[index] for row in body.rows])) for index, title in enumerate(body.columns)
        ]
        rows = [[float(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in body.rows]
        return plain_sheet(body.title, f"导出于 {day:%Y年%m月%d日 %H:%M}", columns, rows)

    name = body.title.replace("/", "／")
    return Attachment(f"{name}-{day:%Y%m%d-%H%M}.xlsx", await deps.threads.run(work))


def _width(title: str, cells: list[Cell]) -> int:
    """A Chinese character is as wide as two others."""
    longest = max(len(str(each)) for each in [title, *cells])
    return min(max(2 * longest + 2, _LEAST_WIDTH), _MOST_WIDTH)
