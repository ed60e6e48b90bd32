"""Tables of the console: a page of one, and an export of the same rows in the same order.

A table is declared once (`Table`): its filters, its rows, the columns of its export, and a function that finds what a
query asks for. `handlers/tables.py` makes the operations of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from backend.deps import Deps
from backend.documents.tables import Value
from backend.models.attachments import Attachment
from backend.models.base import Model
from backend.models.people import Actor
from backend.models.tables import MOST_COUNTED, EventName, EventNames, TableFilters, TablePage, table_of
from backend.services.workbooks import Content, save
from inspection.rules.workflow import SHANGHAI

_R = TypeVar("_R", bound=Model)


@dataclass(frozen=True, slots=True)
class TableColumn(Generic[_R]):
    """A column of the export: its title, its width in characters, and what it says of a row."""

    title: str
    width: int
    value: Callable[[_R], Value]


@dataclass(frozen=True, slots=True)
class Found(Generic[_R]):
    """What a query found: the documents of the rows asked for, how many there are in all (one more than `MOST_COUNTED`
    for more than that), and how each is shown."""

    documents: Sequence[Mapping[str, Any]]
    total: int
    view: Callable[[Mapping[str, Any]], _R]


# Deps, who asks, the filters, how many rows to leave out, and how many to give.
Find = Callable[[Deps, Actor, Any, int, int], Awaitable[Found[_R]]]


@dataclass(frozen=True, slots=True)
class Table(Generic[_R]):
    """A table at /api/tables/`name`; `may` is its row of the permission table, `title` names it for people."""

    name: str
    title: str
    may: str
    summary: str
    filters: type[TableFilters]
    row: type[_R]
    columns: Mapping[str, TableColumn[_R]]
    find: Find[_R]
    # What its events are called, to search for them: at /api/tables/`name`/events.
    events: EventNames | None = None


def when(moment: datetime | None) -> Value:
    """A moment in a cell of an export; nothing for none."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if moment else ""


def between(field: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """The filter for a time: from `since` on, before `until`; without both, none."""
    bounds = {bound: at for bound, at in (("$gte", since), ("$lt", until)) if at is not None}
    return {field: bounds} if bounds else {}


def names_of_events(names: Mapping[str, str]) -> EventNames:
    """The events of a table as an answer has them."""
    return EventNames(events=[EventName(event=event, name=name) for event, name in names.items()])


async def page(deps: Deps, actor: Actor, table: Table[_R], query: Any) -> TablePage[_R]:
    """The rows that the query asks for."""
    found = await table.find(deps, actor, query, query.skip, query.limit)
    answer: TablePage[_R] = table_of(table.row)(
        items=[found.view(each) for each in found.documents],
        total=min(found.total, MOST_COUNTED),
        more=found.total > MOST_COUNTED,
    )
    return answer


async def export(deps: Deps, actor: Actor, table: Table[_R], query: Any) -> Attachment:
    """All rows that the filters leave, in the query's order and columns, as a workbook; it is made in a thread.

    Raises `Unavailable` where too many are being made.
    """
    found = await table.find(deps, actor, query, 0, MOST_COUNTED)
    keys = query.columns.split(",") if query.columns else list(table.columns)
    chosen = [table.columns[key] for key in dict.fromkeys(keys)]
    count = len(found.documents)

    def content() -> Content:
        rows = [found.view(each) for each in found.documents]
        columns = [(column.title, column.width) for column in chosen]
        return columns, [[column.value(row) for column in chosen] for row in rows]

    cut = f"；只含前 {count} 行，请用筛选分几次导出" if found.total > count else ""
    total = f"多于 {MOST_COUNTED}" if found.total > MOST_COUNTED else f"共 {found.total}"
    return await save(deps, table.title, content, f"{total} 行，", cut)
