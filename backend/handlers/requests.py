"""Reads what a request carries: token, query, body. All that is wrong in it is said at once."""

import re
from typing import Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from python_multipart.multipart import parse_options_header
from tornado.httputil import HTTPHeaders

from backend.errors import Detail, Malformed, TooLarge, Unauthorised, Unsupported
from backend.handlers.operation import Media, Operation
from backend.models.messages import details_of
from backend.strict_json import parse_json
from inspection.rules.problems import pointer

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9_-]{20,200})")
_MOST_PARAMETERS = 50


def token_of(headers: HTTPHeaders) -> str:
    """The bearer token; raises `Unauthorised` where there is none."""
    match = _BEARER.fullmatch(headers.get("Authorization", "").strip())
    if match is None:
        raise Unauthorised("请先登录", code="not_signed_in")
    return match[1]


def too_large(limit: int) -> TooLarge:
    """The refusal of a body over `limit` bytes."""
    return TooLarge(f"请求内容超过 {limit // 1024} KB，请减少后重新发送")


def has_body(headers: HTTPHeaders) -> bool:
    """Whether a body comes with these headers."""
    return "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip() != "0"


def check_headers(headers: HTTPHeaders, operation: Operation, limit: int) -> None:
    """Refuses by its headers a body that would not be read: `Unsupported`, `TooLarge`."""
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large(limit)
    media = operation.body if isinstance(operation.body, Media) else None
    if operation.body is None or (media and media.optional and not has_body(headers)):
        return
    accepted = media.types if media else ("application/json",)
    content_type, parameters = parse_options_header(headers.get("Content-Type", ""))
    charset = parameters.get(b"charset", b"utf-8").lower()
    if content_type.decode("latin1").lower() not in accepted or charset != b"utf-8":
        raise Unsupported(f"请求头 Content-Type 应为 {' 或 '.join(accepted)}")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unsupported("请求内容不能压缩，请去掉 Content-Encoding 后重新发送")


def read_headers(headers: HTTPHeaders, operation: Operation) -> Any:
    """The headers that the operation declares, as its model; raises `Malformed` with all that is wrong."""
    if operation.check_headers is None:
        return None
    names = [field.alias for field in operation.headers.model_fields.values() if field.alias]
    # A header that comes twice is one, with commas between.
    data = {name: headers[name] for name in names if name in headers}
    try:
        return operation.check_headers.validate_strings(data)
    except ValidationError as error:
        details = details_of(error, data, "/header")
        raise Malformed("请求头有误，请逐条改正", code="bad_header", details=details) from None


def read_body(operation: Operation, body: bytes) -> tuple[Any, list[Detail]]:
    """The body as its model (bytes for `Media`), and what is wrong with it. Raises `Malformed` if it is no JSON."""
    if operation.streamed:
        return None, []
    if operation.body is None and body:
        raise Malformed("这项操作不需要请求内容，请去掉后重新发送", code="unexpected_body")
    if operation.body is not None and not body:
        raise Malformed("缺少请求内容，请填写后重新发送", code="missing_body")
    if operation.check_body is None:
        return body or None, []
    data = parse_json(body)
    return _checked(operation.check_body, data)


def _checked(adapter: TypeAdapter[Any], data: Any) -> tuple[Any, list[Detail]]:
    try:
        return adapter.validate_python(data), []
    except ValidationError as error:
        return None, details_of(error, data)


def read_query(operation: Operation, query: str) -> tuple[Any, list[Detail]]:
    """The query string as its model, and what is wrong with it: unknown and repeated parameters too."""
    if operation.any_query or (not query and operation.check_query is None):
        return None, []
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Malformed("网址里的查询参数无法识别，请检查", code="bad_query") from None
    data = dict(pairs)
    if operation.check_query is None:
        return None, [Detail(pointer("query", name), "unknown_field", "没有这个查询参数，请去掉") for name in data]
    details = _repeated([name for name, _ in pairs])
    try:
        return operation.check_query.validate_strings(data), details
    except ValidationError as error:
        return None, details + details_of(error, data, "/query")


def _repeated(names: list[str]) -> list[Detail]:
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    return [Detail(pointer("query", name), "repeated", "同一个查询参数只能出现一次") for name in twice]
