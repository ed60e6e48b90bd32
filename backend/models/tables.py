"""Tables of the console: what a query asks for (filters, order, which rows), and what an answer gives.

Other lists go on from a cursor; a table has numbered pages, so that a person can say "the third page". The same query
without its page is that of the table's export.
"""

from functools import cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, StringConstraints, create_model

from backend.models.base import LINE, Model

MOST_ROWS = 200
# As far as rows are counted, pages turned, and rows exported; more schools than any city has.
MOST_COUNTED = 10_000

_T = TypeVar("_T")

# A part of a name to look for.
Search = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=LINE)]
# The name of an event: `noun.verb` in the past.
EventKind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]


class TableFilters(Model):
    """What every table's query is made from; a table adds its filters, and the `sort` that it can be put in."""


class Rows(Model):
    """Which rows, counted from the first of those that the filters leave."""

    skip: int = Field(0, ge=0, le=MOST_COUNTED, description="how many rows come before the first one wanted")
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="how many rows at most")


class TablePage(Model, Generic[_T]):
    """Some rows of a table; `total` counts all that the filters leave, as far as 10,000: `more` says of more."""

    items: list[_T]
    total: int
    more: bool


class EventName(Model):
    """An event, and what it is called."""

    event: str
    name: str


class EventNames(Model):
    """All events that a table may tell of."""

    events: list[EventName]


@cache
def page_query(filters: type[TableFilters]) -> type[Model]:
    """The model of the query of a page."""
    return create_model(f"{filters.__name__}Page", __base__=(filters, Rows), __doc__=filters.__doc__)


@cache
def export_query(filters: type[TableFilters], keys: tuple[str, ...]) -> type[Model]:
    """The model of the query of an export, which may name its columns."""
    key = "|".join(keys)
    columns = Annotated[
        str | None, Field(pattern=f"^({key})(,({key}))*$", max_length=2000, description="in this order")
    ]
    return create_model(f"{filters.__name__}Export", __base__=filters, __doc__=filters.__doc__, columns=(columns, None))


@cache
def table_of(row: type[Model]) -> Any:
    """The answer model of a table with such rows: a `TablePage` under a name of its own."""
    page: Any = TablePage[row]  # type: ignore[valid-type]
    return create_model(f"{row.__name__}Table", __base__=page, __doc__=TablePage.__doc__)
