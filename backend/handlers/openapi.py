"""The description of the API, for programs and for people."""

import json
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from backend.handlers.base import Handler
from backend.handlers.openapi_document import document
from backend.handlers.openapi_page import render
from backend.handlers.operation import Media, operation
from backend.handlers.pages import PAGE_POLICY
from backend.handlers.routing import Route


def _version() -> str:
    try:
        return version("zhiping")
    except PackageNotFoundError:
        return "0"


@lru_cache(maxsize=2)
def describe(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The OpenAPI document of the URL table."""
    return document(routes, version=_version())


@lru_cache(maxsize=2)
def _page(routes: tuple[Route, ...]) -> bytes:
    return render(describe(routes))


class OpenApi(Handler):
    """/api/openapi.json"""

    @operation(id="openapi.read", answer=Media(("application/json",)))
    async def get(self) -> bytes:
        """This document."""
        return json.dumps(describe(self.context.routes), ensure_ascii=False).encode()


class ApiPage(Handler):
    """/api/docs"""

    @operation(id="openapi.page", answer=Media(("text/html; charset=utf-8",)))
    async def get(self) -> bytes:
        """This document as a page to read."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        return _page(self.context.routes)
