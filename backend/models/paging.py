"""Lists by the page: what a query asks for, and what an answer gives."""

from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import Field, create_model

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

    def __class_getitem__(cls, model: Any) -> Any:
        """`Page[SchoolView]`, which OpenAPI is to know as SchoolViewPage: a class of its own, whose name that is."""
        page: Any = super().__class_getitem__(model)
        return page if isinstance(model, TypeVar) else _named(page, f"{model.__name__}Page")


@cache
def _named(page: type[Model], name: str) -> type[Model]:
    return create_model(name, __base__=page, __doc__=page.__doc__)


def page_of(model: type[_T]) -> type[Page[_T]]:
    """The answer model of a list of `model`; a method that gives one is annotated `Page[TheModel]`."""
    return Page[model]  # type: ignore[valid-type]
