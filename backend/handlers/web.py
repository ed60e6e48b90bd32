"""The web pages as they were built, under a policy that runs nothing else.

A hashed asset never changes under its name, so a browser asks for it once; all else is asked for each time, and
answered 304 where it is the same.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import ClassVar

from tornado.web import Finish

from backend.errors import NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.web import OLDEST_APP, TYPES, AppInfo

# `'self'` of connect-src covers the WebSocket of the same host. Nothing inline: neither scripts nor styles.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
FOREVER, ASK = "public, max-age=31536000, immutable", "no-cache"

NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>页面尚未构建</title>
<h1>页面尚未构建</h1>
<p>服务在运行，接口可用，但这次安装里没有构建好的网页。</p>
<p>请停止服务，在项目目录重新执行 <code>make run</code>（它会先构建网页），再刷新本页。</p>
</html>
"""

_TYPES = tuple(dict.fromkeys(TYPES.values()))
_REFUSED = re.compile(r"q=0(\.0*)?$")


class WebPages(Handler):
    """A built entry. Every path that names no file is one of the app's own pages: the shell answers."""

    entry: ClassVar[str]

    async def answer_file(self, path: str) -> bytes:
        """The content in the best coding that the browser takes; ends with 304 where it has it already.

        Raises `NotFound` for a file that is in no build. What doesn't end like a file is a page.
        """
        web = self.deps.web
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", ASK)
        if not web.has(self.entry):
            self.set_status(503)
            self.set_header("Retry-After", "60")
            self.set_header("Content-Type", TYPES[".html"])
            raise Finish(NOT_BUILT)
        name = path or "index.html"
        # An indicator (1.1) at the end of a page's path is no suffix.
        if not name.startswith("assets/") and not name.endswith(tuple(TYPES)):
            name = "index.html"
        file = web.files.get((self.entry, name)) or await asyncio.to_thread(web.find, self.entry, name)
        if file is None:
            raise NotFound("没有这个文件，请刷新页面")
        coding = best_coding(self.request.headers.get("Accept-Encoding", ""), file.content)
        etag = f'"{file.etag}-{coding}"'
        self.content_type = file.content_type
        self.set_header("Cache-Control", FOREVER if file.immutable else ASK)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("ETag", etag)
        if coding != "identity":
            self.set_header("Content-Encoding", coding)
        if etag in self.request.headers.get("If-None-Match", ""):
            self.clear_header("Content-Encoding")
            self.set_status(304)
            raise Finish
        return file.content[coding]


def best_coding(accepted: str, content: Iterable[str]) -> str:
    """The first of the codings in which the content is there that Accept-Encoding names and does not refuse."""
    offers = (each.strip().lower().partition(";") for each in accepted.split(","))
    taken = {name.strip() for name, _, weight in offers if not _REFUSED.search(weight.replace(" ", ""))}
    return next((coding for coding in content if coding != "identity" and coding in taken), "identity")


class Phone(WebPages):
    """/m/{web_path}"""

    entry = "phone"

    @operation(id="web.phone", answer=Media(_TYPES), errors=(NotFound,))
    async def get(self, web_path: str) -> bytes:
        """The app for phones: a file of it, or one of its pages."""
        return await self.answer_file(web_path)


class PhoneRoot(Handler):
    """/m"""

    @operation(id="web.phone_root", status=302)
    async def get(self) -> None:
        """The way to the app: its addresses stand below the slash."""
        self.set_header("Location", "/m/")


class School(WebPages):
    """/s/{web_path}"""

    entry = "school"

    @operation(id="web.school", answer=Media(_TYPES), errors=(NotFound,))
    async def get(self, web_path: str) -> bytes:
        """The pages of a school's contacts: a file of them, or one of the pages."""
        return await self.answer_file(web_path)


class SchoolRoot(Handler):
    """/s"""

    @operation(id="web.school_root", status=302)
    async def get(self) -> None:
        """The way to the schools' pages: their addresses stand below the slash."""
        self.set_header("Location", "/s/")


class Console(WebPages):
    """/c/{web_path}"""

    entry = "console"

    # Filters and pages of its tables stand in the address: who sends a colleague a link sends what they see.
    @operation(id="web.console", answer=Media(_TYPES), errors=(NotFound,), any_query=True)
    async def get(self, web_path: str) -> bytes:
        """The console of district and city: a file of it, or one of its pages."""
        return await self.answer_file(web_path)


class ConsoleRoot(Handler):
    """/c"""

    @operation(id="web.console_root", status=302)
    async def get(self) -> None:
        """The way to the console: its addresses stand below the slash."""
        self.set_header("Location", "/c/")


class App(Handler):
    """/api/app"""

    @operation(id="web.app", answer=AppInfo)
    async def get(self) -> AppInfo:
        """What a page asks before it syncs: the time, and whether it is too old for this service."""
        return AppInfo(server_now=self.deps.clock(), oldest_app=OLDEST_APP)


ROUTES: tuple[Route, ...] = (
    Route("/api/app", App),
    Route("/m", PhoneRoot),
    Route("/m/{web_path}", Phone),
    Route("/s", SchoolRoot),
    Route("/s/{web_path}", School),
    Route("/c", ConsoleRoot),
    Route("/c/{web_path}", Console),
)
