"""`@operation`: what a method of a handler takes, gives, and asks of the actor, said once.

The same declaration checks the request, writes the answer, and makes the OpenAPI document.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel, TypeAdapter

from backend.errors import AppError
from backend.services.permissions import PERMISSIONS

if TYPE_CHECKING:
    from backend.handlers.base import Handler

_H = TypeVar("_H", bound="Handler")
_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Media:
    """A body or an answer that is not JSON: bytes, of one of the content types; a body has at most `limit` bytes.

    `ranges`: the answer is a file that may be read in parts, and asked for only if it is another one.

    A `streamed` body is not collected: it goes to the sink that the handler opens, piece by piece. An `optional` one
    may be left out.
    """

    types: tuple[str, ...]
    limit: int = 1024 * 1024
    ranges: bool = False
    streamed: bool = False
    optional: bool = False


# A model, or whatever else pydantic can check: a union of models.
Model = Any


# Without slots, for a cached property wants a place of its own.
@dataclass(frozen=True)
class Operation:
    """One method of one path. `may` names the row of the permission table; None is open to everyone.

    What checks and writes is made with the first request: a process meets few of all operations.
    """

    id: str
    summary: str
    may: str | None
    body: Model
    query: Model
    headers: Model
    answer: Model
    status: int
    errors: tuple[type[AppError], ...]
    in_thread: bool
    any_query: bool

    @cached_property
    def check_body(self) -> TypeAdapter[Any] | None:
        """Checks a body; None where there is none to check."""
        return _adapter(self.body)

    @cached_property
    def check_query(self) -> TypeAdapter[Any] | None:
        """Checks a query."""
        return _adapter(self.query)

    @cached_property
    def check_headers(self) -> TypeAdapter[Any] | None:
        """Checks the headers that it declares."""
        return _adapter(self.headers)

    @cached_property
    def answer_adapter(self) -> TypeAdapter[Any] | None:
        """Writes an answer."""
        return _adapter(self.answer)

    @property
    def streamed(self) -> bool:
        """Whether the body goes to a sink."""
        return isinstance(self.body, Media) and self.body.streamed


def operation(
    may: str | None = None,
    *,
    id: str | None = None,  # noqa: A002 - OpenAPI calls it operationId
    body: Model = None,
    query: Model = None,
    headers: Model = None,
    answer: Model = None,
    status: int | None = None,
    errors: tuple[type[AppError], ...] = (),
    in_thread: bool = False,
    any_query: bool = False,
) -> Callable[[Callable[Concatenate[_H, _P], Awaitable[Any]]], Callable[Concatenate[_H, _P], Awaitable[None]]]:
    """Declares a method of a `Handler`, which returns its answer: an instance of `answer`, bytes or an `Attachment` for
    `Media`, or None.

    `body`, `query`, `headers` and `answer` are models; body and answer may be `Media`. Headers are fields with the
    header's name as their alias. Where `id` is left out it is `may`. The
    status is 200, or 204 where there is no answer. `errors` are those that the service raises beyond what follows from
    the rest: 400, 401, 403, 404 of ids, 413, 415, 422, 429, 503.

    `any_query`: what stands behind the ? is none of the service's business, but of the page that it answers with.

    `in_thread`: the method has the request read and the answer written in a thread, by `read` and `dump`.
    """
    name = id or may
    if name is None or (may is not None and may not in PERMISSIONS):
        raise LookupError(f"{name}: an operation has a row in PERMISSIONS, or else an id")

    def declare(
        method: Callable[Concatenate[_H, _P], Awaitable[Any]],
    ) -> Callable[Concatenate[_H, _P], Awaitable[None]]:
        declared = Operation(
            id=name,
            summary=(method.__doc__ or "").partition("\n")[0].strip(),
            may=may,
            body=body,
            query=query,
            headers=headers,
            answer=answer,
            status=status or (200 if answer else 204),
            errors=errors,
            in_thread=in_thread,
            any_query=any_query,
        )

        @wraps(method)
        async def answer_request(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
            if self.admitted():
                if not declared.in_thread:
                    self.read()
                await self.write_answer(declared, await method(self, *args, **kwargs))

        answer_request.operation = declared  # type: ignore[attr-defined]
        return answer_request

    return declare


def _adapter(model: Model) -> TypeAdapter[Any] | None:
    if model is None or isinstance(model, Media):
        return None
    if isinstance(model, type) and issubclass(model, BaseModel):
        # What is built for the model then serves the adapter too, which would otherwise build its own.
        model.model_rebuild()
    return TypeAdapter(model)
