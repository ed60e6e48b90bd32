"""Structured logs: one JSON object a line on standard error, with a request id and without personal data."""

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

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
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
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
