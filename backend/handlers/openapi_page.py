"""The OpenAPI document as a page to read: plain HTML, without scripts, made here."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>智评 · 接口文档</title>
<link rel="stylesheet" href="/pages/style.css">
</head>
<body class="wide">
<h1>智评 · 接口文档</h1>
<p>{count} 个接口，OpenAPI {openapi}：<a href="/api/openapi.json">openapi.json</a></p>
<p lang="en">{prose}</p>
{resources}
<h2 id="schemas">数据结构</h2>
{schemas}
</body>
</html>
"""


def render(document: Mapping[str, Any]) -> bytes:
    """The page of an OpenAPI document, in UTF-8."""
    operations = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    operations.sort(key=lambda each: each[2]["tags"][0])
    resources = groupby(operations, key=lambda each: str(each[2]["tags"][0]))
    page = _PAGE.format(
        count=len(operations),
        openapi=escape(document["openapi"]),
        prose=escape(document["info"]["description"]),
        resources="\n".join(_resource(name, group) for name, group in resources),
        schemas="\n".join(_schema(name, each) for name, each in sorted(document["components"]["schemas"].items())),
    )
    return page.encode()


def _resource(name: str, operations: Iterable[tuple[str, str, Mapping[str, Any]]]) -> str:
    return f"<h2>{escape(name)}</h2>\n" + "\n".join(_operation(*each) for each in operations)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    return (
        f'<details class="operation" id="{escape(operation["operationId"])}">'
        f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f'<span lang="en">{escape(operation["summary"])}</span></summary>'
        f"<p>{escape(operation['description'])}</p>"
        f"<dl>{''.join(_facts(operation))}</dl></details>"
    )


def _facts(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation["parameters"]:
        needed = "必填" if parameter["required"] else "选填"
        place = {"path": "路径", "query": "查询", "header": "请求头"}[parameter["in"]]
        yield _fact(f"{place}参数 {parameter['name']}（{needed}）", _shape(parameter["schema"]))
    if "requestBody" in operation:
        yield _fact("请求内容", _bodies(operation["requestBody"]["content"]))
    for status, answer in operation["responses"].items():
        reference = answer.get("$ref", "").rpartition("/")[2]
        yield _fact(f"{status} {reference}", _bodies(answer.get("content", {})) if not reference else "")


def _fact(term: str, html: str) -> str:
    return f"<dt>{escape(term.strip())}</dt><dd>{html}</dd>"


def _bodies(content: Mapping[str, Any]) -> str:
    return "；".join(_shape(each["schema"]) if "schema" in each else escape(media) for media, each in content.items())


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f'<p lang="en">{escape(schema.get("description", ""))}</p><dl>{"".join(_fields(schema))}</dl></details>'
    )


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield _fact(name + ("" if name in required else "（选填）"), _shape(field))
    if "properties" not in schema:
        yield _fact("", _shape(schema))


def _shape(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, its references as links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for key, word in (("anyOf", " 或 "), ("oneOf", " 或 ")):
        if key in schema:
            return word.join(map(_shape, schema[key]))
    if "items" in schema:
        return f"数组，每项：{_shape(schema['items'])}"
    rules = {key: value for key, value in schema.items() if key not in ("title", "description", "properties")}
    return f"<code>{escape(json.dumps(rules, ensure_ascii=False))}</code> {escape(schema.get('description', ''))}"
