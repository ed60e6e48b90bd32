"""Logs hold neither secrets nor personal data, whatever is handed to them."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from backend.logs import configure_logs, redact


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_secret_fields_are_blanked() -> None:
    names = (
        "token",
        "access_token",
        "Authorization",
        "client_secret",
        "password_hash",
        "phone",
        "openid",
        "Set-Cookie",
    )
    event = redact(None, "", dict.fromkeys(names, "value") | {"deep": {"phones": ["1"], "ok": 1}, "route": "/x"})
    assert {event[name] for name in names} == {"[redacted]"}
    assert event["deep"] == {"phones": "[redacted]", "ok": 1}
    assert event["route"] == "/x"


def test_secrets_within_texts_are_blanked() -> None:
    text = (
        "E11000 dup key: { phone: '13812345678' } at mongodb://admin:hunter2@db:27017/?x with "
        f"Bearer {'a' * 20} and {'Zz9_-' * 8}abc; id 6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11, 123456789012345"
    )
    cleaned = redact(None, "", {"exception": text, "list": [text]})
    for value in (cleaned["exception"], cleaned["list"][0]):
        assert "13812345678" not in value and "hunter2" not in value and "Zz9" not in value and "aaaa" not in value
        assert "6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11" in value and "123456789012345" in value and "db:27017" in value


def test_each_event_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    structlog.get_logger("x").debug("unseen")
    structlog.get_logger("x").info("seen", school="海陵")
    try:
        raise ValueError("phone 13812345678")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    logging.getLogger("pymongo.pool").warning("connection to %s lost", "mongodb://a:hunter2@db")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["seen", "failed", "connection to mongodb://[redacted]@db lost"]
    assert lines[0]["school"] == "海陵" and lines[0]["level"] == "info" and lines[0]["at"].endswith("Z")
    assert "ValueError" in lines[1]["exception"] and "13812345678" not in lines[1]["exception"]


class Written(StringIO):
    """A stream that counts what is written at once, and tells of it."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0
        self.told = asyncio.Event()

    def write(self, text: str) -> int:
        """Counts and tells."""
        self.times += 1
        self.told.set()
        return super().write(text)

    def events(self) -> list[str]:
        """What the lines so far say."""
        return [json.loads(line)["event"] for line in self.getvalue().splitlines()]


async def test_lines_are_written_together_and_errors_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Written()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs("info", "json")
    log = structlog.get_logger("x")
    log.info("first")
    log.warning("second")
    assert written.events() == []
    log.error("third")
    assert (written.events(), written.times) == (["first", "second", "third"], 1)
    written.told.clear()
    log.info("fourth")
    log.info("fifth")
    await asyncio.wait_for(written.told.wait(), 10)
    assert (written.events()[3:], written.times) == (["fourth", "fifth"], 2)
    # Where no loop runs nothing would write it later.
    await asyncio.to_thread(log.info, "sixth")
    assert written.events()[5:] == ["sixth"]
