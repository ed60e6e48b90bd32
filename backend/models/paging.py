"""Lists by the page: what a query asks for, and what an answer gives."""

from typing import Any, Generic, TypeVar

from pydantic import Field

from backend.models.base import Model

MOST = 200

_T = TypeVar("_T")


class PageQuery(Model):
    """The query of a list; lists with filters add their own fields in a subclass."""

    limit: int = Field(50, ge=1, le=MOST, description="how many at most")
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before; left out for the first page",
    )


class Page(Model, Generic[_T]):
    """A part of a list; `next_cursor` leads to the next part and is null at the end of the list."""

    items: list[_T]
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """What OpenAPI calls it: a page of `SchoolView` is a `SchoolViewPage`."""
        return f"{params[0].__name__}Page"


def page_of(model: type[_T]) -> type[Page[_T]]:
    """The answer model of a list of `model`; a method that gives one is annotated `Page[TheModel]`."""
    return Page[model]  # type: ignore[valid-type]
