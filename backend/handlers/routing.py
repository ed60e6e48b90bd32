"""The URL table's lines: a template with typed parts (`/api/visits/{visit_id}`) and the class that answers there."""

import re
from dataclasses import dataclass

from tornado.routing import URLSpec
from tornado.web import RequestHandler

from backend.models.base import ID

# A part whose text doesn't match its pattern leads nowhere: 404, and no service ever sees it.
_ID = ID.strip("^$")
_PATTERNS = {
    "item": r"[1-9][0-9]?\.[1-9][0-9]?\.[1-9][0-9]?",
    "district": r"[a-z0-9][a-z0-9-]{0,63}",
    "cycle": r"[a-z0-9][a-z0-9-]{0,63}",
    "import_kind": r"(?:schools|people|past-awards)",
    # A path of the web pages: what it names is looked up as a whole.
    "web_path": r"(?:[A-Za-z0-9._-]+/)*[A-Za-z0-9._-]*",
    "record_kind": r"(?:evidence|visit-photo)",
    "part": r"(?:320|2048|document)",
    "rubric_hash": r"[0-9a-f]{64}",
    "page_file": r"[a-z-]{1,40}\.(?:css|js)",
}
_PART = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the URL table."""

    template: str
    handler: type[RequestHandler]

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the template's parts, in order."""
        return tuple(_PART.findall(self.template))

    def spec(self) -> URLSpec:
        """The line as Tornado has it; the handler is told its template, which logs and metrics name it by."""
        pieces = _PART.split(self.template)
        pattern = "".join(
            f"(?P<{piece}>{part_pattern(piece)})" if position % 2 else re.escape(piece)
            for position, piece in enumerate(pieces)
        )
        return URLSpec(f"{pattern}$", self.handler, {"route": self.template})


def part_pattern(name: str) -> str:
    """The regular expression of a part of a path: `…_id` is a UUID; others are in the table."""
    return _ID if name.endswith("_id") else _PATTERNS[name]
