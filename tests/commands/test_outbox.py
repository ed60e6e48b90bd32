"""The commands of delivery: a worker alone, and what could not be delivered."""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from backend.config_files import default_config_folder
from backend.store.mongo import Database, Session, close, connect, transact
from backend.store.outbox import Message, enqueue
from tests.commands.running import environment, run


async def enqueued(db: Database, count: int) -> list[str]:
    """Messages to people whom nobody knows; their ids."""
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(count)]
    at = datetime.now(UTC).replace(microsecond=0)
    values = {"school": "海陵小学"}
    messages = [Message(each, each, each, "visit.all_signed", at, "题", "文", values) for each in ids]

    async def work(session: Session) -> None:
        await enqueue(db, session, messages)

    await transact(db, work)
    return ids


async def test_dead_letters_are_listed_and_sent_again(tmp_path: Path, external: dict[str, str]) -> None:
    db = connect(external["mongodb_uri"], external["database"])
    first, second, _ = await enqueued(db, 3)
    dead = {"state": "dead", "live": False, "last_error": "bad_field:47003:thing1"}
    await db.outbox.update_many({"_id": {"$in": [first, second]}}, {"$set": dead})
    listed = await asyncio.to_thread(run, "outbox", tmp_path, external, "list")
    assert listed.returncode == 0, listed.stderr
    assert "dead：2 条" in listed.stdout
    assert first in listed.stdout
    assert "bad_field:47003:thing1" in listed.stdout
    again = await asyncio.to_thread(run, "outbox", tmp_path, external, "resend", first)
    assert again.stdout == "将重新发送 1 条消息。\n"
    assert await db.outbox.count_documents({"state": "pending", "last_error": None}) == 2
    nothing = await asyncio.to_thread(run, "outbox", tmp_path, external, "resend")
    assert nothing.returncode == 2
    assert "--state" in nothing.stderr
    close(db)


async def test_a_worker_alone_delivers_and_stops(tmp_path: Path, external: dict[str, str]) -> None:
    db = connect(external["mongodb_uri"], external["database"])
    await enqueued(db, 3)
    process = subprocess.Popen(  # noqa: ASYNC220 - a millisecond
        [sys.executable, "-m", "backend", "worker"],
        env=environment(tmp_path, **external),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while await db.outbox.count_documents({"live": True}):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert await db.outbox.count_documents({"state": "inbox_only", "last_error": "not_configured"}) == 3
    process.send_signal(signal.SIGTERM)
    _, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, said
    assert '"stopped"' in said
    close(db)


def test_a_worker_on_a_database_that_is_not_ready(tmp_path: Path, external: dict[str, str]) -> None:
    refused = run("worker", tmp_path, external | {"database": "zhiping-not-migrated"})
    assert refused.returncode == 2
    assert "python -m backend migrate" in refused.stderr


def test_notices_that_cannot_fit_fail_at_the_start(tmp_path: Path, external: dict[str, str]) -> None:
    shutil.copytree(default_config_folder(), tmp_path / "config")
    notices = tmp_path / "config" / "notices.yaml"
    notices.write_text(notices.read_text("utf-8").replace('phrase2: "{grade}"', 'phrase2: "{school}"'), "utf-8")
    refused = run("serve", tmp_path, external | {"config_folder": str(tmp_path / "config"), "port": "0"})
    assert refused.returncode == 2
    assert "放不下 school" in refused.stderr
