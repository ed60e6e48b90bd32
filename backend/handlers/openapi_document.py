"""The OpenAPI 3.1 document, made from the URL table: what checks the requests also describes them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter

from backend.errors import (
    AppError,
    Forbidden,
    Internal,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorised,
    Unavailable,
    Unsupported,
)
from backend.handlers.base import Handler
from backend.handlers.operation import Media, Operation
from backend.handlers.routing import Route, part_pattern
from backend.models.people import ROLE_NAMES
from backend.services.permissions import PERMISSIONS, Scope

UPGRADED = 101
_REFS = "#/components/schemas/{model}"
_PROSE = """Every error has one shape: `code` is stable English, `message` is Chinese for the person, and `details` \
lists all that is wrong at once, each with the RFC 6901 pointer of its place: `/items/3/points` in the body, \
`/query/limit` in the query. Times are RFC 3339 with an offset. Points are numbers with at most two decimals."""

_ERROR_SCHEMA = {
    "type": "object",
    "title": "Error",
    "additionalProperties": False,
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "message": {"type": "string", "minLength": 1},
                "details": {"type": "array", "items": {"$ref": _REFS.format(model="ErrorDetail")}},
            },
        }
    },
}
_DETAIL_SCHEMA = {
    "type": "object",
    "title": "ErrorDetail",
    "additionalProperties": False,
    "required": ["path", "code", "message"],
    "properties": {
        "path": {"type": "string", "pattern": r"^(/[\s\S]*)?$"},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}


@dataclass(frozen=True, slots=True)
class Line:
    """One operation of the URL table."""

    route: Route
    verb: str
    operation: Operation


def lines(routes: Iterable[Route]) -> Iterator[Line]:
    """Every operation of the URL table, in its order."""
    for route in routes:
        if issubclass(route.handler, Handler):
            for verb, operation in route.handler.operations.items():
                if operation.status != UPGRADED:
                    yield Line(route, verb, operation)


def upgrades(routes: Iterable[Route]) -> Iterator[Line]:
    """The operations that turn the connection into a WebSocket: the document has their messages as webhooks."""
    for route in routes:
        for verb, operation in getattr(route.handler, "operations", {}).items():
            if operation.status == UPGRADED:
                yield Line(route, verb, operation)


def tag(route: Route) -> str:
    """The resource that a path is about: its first word after /api/."""
    first, _, rest = route.template.strip("/").partition("/")
    return rest.partition("/")[0] if first == "api" else "service"


def errors_of(line: Line) -> list[type[AppError]]:
    """All errors that an operation may answer with, in the order of their status."""
    operation, errors = line.operation, {Malformed, TooLarge, Invalid, TooManyRequests, Internal, Unavailable}
    if operation.may is not None:
        errors |= {Unauthorised, Forbidden}
    if line.route.parts:
        errors.add(NotFound)
    if operation.body is not None:
        errors.add(Unsupported)
    return sorted(errors | set(operation.errors), key=lambda error: (error.status, error.__name__))


def document(routes: Iterable[Route], *, version: str) -> dict[str, Any]:
    """The whole document, as plain data."""
    routes = tuple(routes)
    table, sockets = list(lines(routes)), list(upgrades(routes))
    schemas, definitions = _schemas((*table, *sockets))
    paths: dict[str, dict[str, Any]] = {}
    for line in table:
        described = paths.setdefault(line.route.template, {})[line.verb.lower()] = _describe(line, schemas)
        if links := links_of(line, table):
            described["responses"][str(line.operation.status)]["links"] = links
    return {
        "openapi": "3.1.0",
        "info": {"title": "智评 Zhiping", "version": version, "description": _PROSE},
        "paths": paths,
        "webhooks": {line.operation.id: _message(line, schemas) for line in sockets},
        "components": {
            "schemas": {**definitions, "Error": _ERROR_SCHEMA, "ErrorDetail": _DETAIL_SCHEMA},
            "responses": {error.__name__: _error(error) for line in table for error in errors_of(line)},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "POST /api/sessions"}},
        },
    }


_Use = Literal["body", "query", "answer"]
_Schemas = Mapping[tuple[str, _Use], dict[str, Any]]


def _schemas(table: Iterable[Line]) -> tuple[_Schemas, dict[str, Any]]:
    """The schema of every body, query and answer by operation, and the definitions that they refer to."""
    inputs: list[tuple[tuple[str, _Use], Any, TypeAdapter[Any]]] = []
    for operation in (line.operation for line in table):
        uses: list[tuple[_Use, Any, TypeAdapter[Any] | None]] = [
            ("body", "validation", operation.check_body),
            ("query", "validation", operation.check_query),
            ("answer", "serialization", operation.answer_adapter),
        ]
        inputs += [((operation.id, use), mode, adapter) for use, mode, adapter in uses if adapter is not None]
    made, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFS)
    return {key: schema for (key, _), schema in made.items()}, definitions.get("$defs", {})


def _describe(line: Line, schemas: _Schemas) -> dict[str, Any]:
    operation = line.operation
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": _who(operation),
        "tags": [tag(line.route)],
        "parameters": [*map(_path_parameter, line.route.parts), *_query_parameters(operation), *_headers(operation)],
        "responses": {str(operation.status): _answer(operation, schemas)},
        "security": [{"bearer": []}] if operation.may else [],
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": not (isinstance(operation.body, Media) and operation.body.optional),
            "content": _content(operation.id, "body", operation.body, schemas),
        }
    if isinstance(operation.answer, Media) and operation.answer.ranges:
        described["responses"]["206"] = _answer(operation, schemas)
        described["responses"]["304"] = {"description": "The client has it."}
    for error in errors_of(line):
        described["responses"][str(error.status)] = {"$ref": f"#/components/responses/{error.__name__}"}
    return described


def _message(line: Line, schemas: _Schemas) -> dict[str, Any]:
    operation = line.operation
    described = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"A message on the WebSocket {line.route.template}.",
        "tags": [tag(line.route)],
        "requestBody": {"content": {"application/json": {"schema": schemas[operation.id, "answer"]}}},
        "responses": {"default": {"description": "None: clients only listen."}},
    }
    return {"post": described}


def _who(operation: Operation) -> str:
    """Who may, in Chinese, from the permission table."""
    if operation.may is None:
        return "无需登录"
    row = PERMISSIONS[operation.may].items()
    return "可用身份：" + "、".join(
        f"{ROLE_NAMES[role]}{'（限本人本单位）' if s is Scope.OWN else ''}" for role, s in row
    )


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{part_pattern(name)}$"}
        | ({"format": "uuid"} if name.endswith("_id") else {}),
    }


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.check_query is None:
        return []
    schema = operation.check_query.json_schema(ref_template=_REFS)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]


def _headers(operation: Operation) -> list[dict[str, Any]]:
    if operation.check_headers is None:
        return []
    schema = operation.check_headers.json_schema(ref_template=_REFS)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "header", "required": name in required, "schema": each}
        for name, each in schema["properties"].items()
    ]


def _answer(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done."}
    return {"description": operation.summary, "content": _content(operation.id, "answer", operation.answer, schemas)}


def _content(name: str, use: _Use, model: Any, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(model, Media):
        return {each: {} for each in model.types}
    return {"application/json": {"schema": schemas[name, use]}}


def links_of(line: Line, table: Iterable[Line]) -> dict[str, Any]:
    """Where the id that an answer holds, a list's first one, leads to: the operations on the paths below."""
    pointer = _pointer_to_id(line.operation.answer)
    below = f"{line.route.template}/{{"
    known = {part: f"$request.path.{part}" for part in line.route.parts}
    if pointer is None:
        return {}
    return {
        other.operation.id: {
            "operationId": other.operation.id,
            "parameters": {**known, other.route.parts[len(known)]: f"$response.body#{pointer}"},
        }
        for other in table
        if other.route.template.startswith(below) and len(other.route.parts) == len(known) + 1
    }


def _pointer_to_id(model: Any) -> str | None:
    """Where an answer of the model has its id; None where it has none."""
    fields: Mapping[str, Any] = getattr(model, "model_fields", {})
    if "id" in fields:
        return "/id"
    items = fields["items"].annotation if "items" in fields else None
    has_id = get_origin(items) is list and "id" in getattr(get_args(items)[0], "model_fields", {})
    return "/items/0/id" if has_id else None


def _error(error: type[AppError]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if issubclass(error, TooManyRequests | Unavailable):
        headers = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    elif issubclass(error, Unauthorised):
        headers = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return {
        "description": (error.__doc__ or "").partition("\n")[0],
        "content": {"application/json": {"schema": {"$ref": _REFS.format(model="Error")}}},
        **({"headers": headers} if headers else {}),
    }
