"""Workbooks of what the console shows, made in a thread: of its tables, and of the figures behind a chart, which no
other operation has in this form."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from backend.deps import Deps
from backend.documents.tables import Value
from backend.models.attachments import Attachment
from backend.models.workbooks import Cell, WorkbookBody
from inspection.rules.workflow import SHANGHAI

_LEAST_WIDTH, _MOST_WIDTH = 10, 40

# The columns with their widths in characters, and the rows.
Content = tuple[Sequence[tuple[str, int]], Sequence[Sequence[Value]]]


async def save(deps: Deps, title: str, content: Callable[[], Content], before: str = "", after: str = "") -> Attachment:
    """A workbook of the content, which is put together in the thread too. The note below it says when it was made, and
    what is to be said `before` and `after` that. Raises `Unavailable` where too many are being made."""
    day = deps.clock().astimezone(SHANGHAI)

    def work() -> bytes:
        # openpyxl loads in the thread that needs it.
        from backend.documents.plain_sheet import plain_sheet

        return plain_sheet(title, f"{before}导出于 {day:%Y年%m月%d日 %H:%M}{after}", *content())

    name = title.replace("/", "／")
    return Attachment(f"{name}-{day:%Y%m%d-%H%M}.xlsx", await deps.threads.run(work))


async def make(deps: Deps, body: WorkbookBody) -> Attachment:
    """The workbook of a table that a page sends. Raises `Unavailable`."""

    def content() -> Content:
        columns = [
            (title, _width(title, [row[index] for row in body.rows])) for index, title in enumerate(body.columns)
        ]
        return columns, [[float(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in body.rows]

    return await save(deps, body.title, content)


def _width(title: str, cells: list[Cell]) -> int:
    """A Chinese character is as wide as two others."""
    longest = max(len(str(each)) for each in [title, *cells])
    return min(max(2 * longest + 2, _LEAST_WIDTH), _MOST_WIDTH)
