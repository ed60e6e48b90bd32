"""Structured logs: one JSON object a line on standard error, with a request id and without personal data."""

import asyncio
import atexit
import logging
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

# Seconds that a line may wait for others, where an event loop runs.
_SOON = 0.02

_SECRET_KEYS = re.compile(
    r"token|authori[sz]ation|secret|password|passwd|credential|cookie|phone|openid|\blink\b|id_card|address",
    re.IGNORECASE,
)
# What slips into messages and tracebacks: a duplicate-key error quotes the phone number, a driver error the address of
# the database with its password.
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\w+://)[^/\s@]+@"
    r"|\b(?P<bearer>Bearer\s+)\S+"
    r"|(?<![0-9])1[3-9][0-9]{9}(?![0-9])"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
)


def configure_logs(level: str, form: Literal["json", "console"]) -> None:
    """Sends the logs of the service and of its libraries to standard error, from `level` ("info" …) upwards."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
    ]
    render = _renderer(form)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_writer(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_library_formatter(shared, render))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    # The access log is ours, by route template. Tornado's notes on malformed requests name addresses of people.
    logging.getLogger("tornado.access").disabled = True
    logging.getLogger("tornado.general").setLevel(logging.ERROR)


class _Together:
    """A stream whose lines are written together, a moment after the first, where an event loop runs.

    Each write gives the interpreter's lock away, and the loop waits until a thread gives it back: a line of its own for
    every request cost a twentieth of a batch of scores.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._due: asyncio.AbstractEventLoop | None = None

    def write(self, text: str) -> int:
        """Keeps the text."""
        self._lines.append(text)
        return len(text)

    def flush(self) -> None:
        """Sees to it that what is kept gets written."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write_out()
            return
        if self._due is not loop:
            self._due = loop
            loop.call_later(_SOON, self.write_out)

    def write_out(self) -> None:
        """Writes what is kept."""
        self._due = None
        text = "".join(self._lines.popleft() for _ in range(len(self._lines)))
        if text:
            self._stream.write(text)
            self._stream.flush()


class _Logger(structlog.WriteLogger):
    """Writes lines together with others, but errors at once: the process may be about to end."""

    def __init__(self, together: _Together) -> None:
        super().__init__(cast(TextIO, together))
        self._write_out = together.write_out

    def error(self, message: str) -> None:
        """A line and all before it."""
        self.msg(message)
        self._write_out()

    critical = error


# What was configured, for `flush_logs`: one, or none.
_kept: list[_Together] = []


def _writer(stream: TextIO) -> Callable[..., _Logger]:
    together = _Together(stream)
    _kept[:] = [together]
    return lambda *_: _Logger(together)


@atexit.register
def flush_logs() -> None:
    """Writes the lines that still wait; for a process that forks, or that ends by `os._exit`, which asks nobody."""
    for together in _kept:
        together.write_out()


def _renderer(form: Literal["json", "console"]) -> Processor:
    if form == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _library_formatter(shared: list[Processor], render: Processor) -> logging.Formatter:
    """Gives the records of libraries, which log by the standard library, the form of ours."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


def redact(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Blanks what is secret or personal: by the names of the fields, and by its look inside any text."""
    return {key: _clean(key, value) for key, value in event.items()}


@lru_cache(maxsize=256)
def _is_secret(key: str) -> bool:
    """By the name of a field, of which there are few."""
    return _SECRET_KEYS.search(key) is not None


def _clean(key: str, value: Any) -> Any:
    if _is_secret(key):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_blank, value)
    if isinstance(value, Mapping):
        return {str(name): _clean(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", each) for each in value]
    return value


def _blank(match: re.Match[str]) -> str:
    """Keeps what tells the kind of secret: `mongodb://[redacted]@`, `Bearer [redacted]`."""
    if match["scheme"]:
        return f"{match['scheme']}{REDACTED}@"
    return f"{match['bearer'] or ''}{REDACTED}"
