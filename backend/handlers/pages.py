"""The few static pages: files of our own, read once, under a policy that runs nothing else."""

from functools import cache
from pathlib import Path

from backend.errors import NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.models.documents import VerifyPageQuery

_FOLDER = Path(__file__).resolve().parent.parent / "pages"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _files() -> dict[str, bytes]:
    """All pages by name. What a request names is looked up here, and never joined to a path."""
    return {file.name: file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in (".html", ".css", ".js")}


class Home(Handler):
    """/"""

    @operation(id="page.home", answer=Media(("text/html; charset=utf-8",)))
    async def get(self) -> bytes:
        """The sign-in page, which from here leads who is signed in on to where they work."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        return _files()["sign-in.html"]


class SignInPage(Handler):
    """/sign-in"""

    @operation(id="page.sign_in", answer=Media(("text/html; charset=utf-8",)))
    async def get(self) -> bytes:
        """The page that redeems a sign-in link, by a POST: chat programs fetch links, and a GET must not use one up."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        return _files()["sign-in.html"]


class VerifyPage(Handler):
    """/verify"""

    @operation(id="page.verify", query=VerifyPageQuery, answer=Media(("text/html; charset=utf-8",)))
    async def get(self) -> bytes:
        """The page that says what a printed document with a verification code is; the code stands behind the #."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        return _files()["verify.html"]


class PageFile(Handler):
    """/pages/{page_file}"""

    @operation(id="page.file", answer=Media(tuple(_TYPES.values())), errors=(NotFound,))
    async def get(self, page_file: str) -> bytes:
        """A style sheet or a script of the pages."""
        if page_file not in _files():
            raise NotFound("没有这个文件，请刷新页面")
        self.content_type = _TYPES[Path(page_file).suffix]
        return _files()[page_file]
