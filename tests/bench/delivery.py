"""600 result messages through two worker processes, against a stub of WeChat that takes 100 ms for each.

Everything is a process of its own on this machine: MongoDB, the stub, the service, two `python -m backend worker`. The
service is asked all the while, by two connections that pause 20 ms after each answer: before the delivery, during it.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.config_files import default_config_folder
from backend.models.people import Holding, Role
from backend.store import embedded, people, quotas, sessions
from backend.store.migrations import migrate
from backend.store.mongo import Database, connect, transact
from backend.store.mongo import Session as Transaction
from backend.store.outbox import Message, enqueue
from backend.store.people import Person, WeChatUser
from backend.store.sessions import Session, hash_token
from tests.bench import operations
from tests.bench.figures import RUNS, Figure
from tests.wechat_stub import running_stub

MESSAGES, CONTACTS, LATENCY = 600, 300, 0.1
# Enough for all runs.
ACCEPTS = 2 * (RUNS + 1)
MOST_SECONDS, MOST_RATIO = 10.0, 2.0
TEMPLATE = "T" * 43
QUIET_SECONDS = 8.0
_TRANSACTION = 25


def figures() -> list[Figure]:
    """How long the delivery takes, and how much longer the service takes to answer meanwhile."""
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder) / "mongodb")
        processes: list[subprocess.Popen[str]] = []
        try:
            seconds, ratios = asyncio.run(_measure(server.uri, Path(folder), processes))
        finally:
            for process in processes:
                process.kill()
                process.communicate()
            server.kill()
    return [
        Figure("600 messages, two workers, WeChat takes 100 ms", tuple(seconds), "s", MOST_SECONDS, floor=False),
        Figure("API p99 during it ÷ without", tuple(ratios), "×", MOST_RATIO, floor=False),
    ]


async def _measure(
    uri: str, folder: Path, processes: "list[subprocess.Popen[str]]"
) -> tuple[Sequence[float], Sequence[float]]:
    db = connect(uri, operations.DATABASE)
    await migrate(db)
    contacts = [await _contact(db, number) for number in range(CONTACTS)]
    token = await _signed_in(db)
    stub = _start([sys.executable, "-m", "tests.bench.delivery", "stub"], {})
    processes.append(stub)
    settings = json.loads(_line(stub))
    service = _start([sys.executable, "-m", "tests.bench.operations", "serve", "service", uri], {})
    processes.append(service)
    url = f"http://127.0.0.1:{_line(service).strip()}"
    settings |= {"mongodb_uri": uri, "database": operations.DATABASE, "config_folder": str(_config(folder))}
    workers = [_start([sys.executable, "-m", "backend", "worker"], settings) for _ in range(2)]
    processes += workers
    runs = [await _one_run(db, contacts, url, token, settings["wechat_base_url"], workers) for _ in range(RUNS + 1)]
    return [seconds for seconds, _ in runs[1:]], [ratio for _, ratio in runs[1:]]


async def _one_run(
    db: Database, contacts: Sequence[str], url: str, token: str, stub: str, workers: "Sequence[subprocess.Popen[str]]"
) -> tuple[float, float]:
    quiet = await _latencies(url, token, lambda spent: spent > QUIET_SECONDS)
    before = len(await _delivered(stub))
    done = asyncio.Event()
    asking = asyncio.create_task(_latencies(url, token, lambda spent: done.is_set()))
    start = time.perf_counter()
    await _enqueue(db, contacts)
    while await db.outbox.find_one({"live": True}, {"_id": 1}) is not None:
        await asyncio.sleep(0.1)
        if any(worker.poll() is not None for worker in workers):
            raise RuntimeError("a worker has ended")
    seconds = time.perf_counter() - start
    done.set()
    busy = await asking
    _check((await _delivered(stub))[before:])
    print(f"{seconds:.2f} s; p99 {quiet:.1f} ms without, {busy:.1f} ms during", file=sys.stderr)
    return seconds, busy / quiet


async def _latencies(url: str, token: str, over: Callable[[float], bool]) -> float:
    """The p99 in milliseconds of requests that read, on two connections."""
    times: list[float] = []
    client, began = SimpleAsyncHTTPClient(force_instance=True), time.perf_counter()

    async def ask() -> None:
        while not over(time.perf_counter() - began):
            for path in ("/api/inbox", "/api/me"):
                start = time.perf_counter()
                await client.fetch(url + path, headers={"Authorization": f"Bearer {token}"})
                times.append((time.perf_counter() - start) * 1000)
                await asyncio.sleep(0.02)

    await asyncio.gather(ask(), ask())
    client.close()
    return sorted(times)[int(len(times) * 0.99)]


async def _enqueue(db: Database, contacts: Sequence[str]) -> None:
    """As a publication tells its schools: some at a time, in transactions."""
    for start in range(0, MESSAGES, _TRANSACTION):
        batch = [_message(contacts, number) for number in range(start, start + _TRANSACTION)]

        async def work(transaction: Transaction, batch: list[Message] = batch) -> None:
            await enqueue(db, transaction, batch)

        await transact(db, work)


def _message(contacts: Sequence[str], number: int) -> Message:
    now, message_id = datetime.now(UTC), operations.new_id()
    return Message(
        id=message_id,
        dedupe_key=message_id,
        person_id=contacts[number % len(contacts)],
        event="result.published",
        at=now.replace(microsecond=now.microsecond // 1000 * 1000),
        title="评估结果已公布",
        text="认定为优秀型",
        values={"school": f"第{number}号学校", "result": f"{number:04}", "grade": "优秀型", "title": "2022"},
        link="/results",
    )


def _check(messages: Sequence[Any]) -> None:
    """Every message once, and to each person in the order in which they were written."""
    numbers = [message["data"]["thing3"]["value"] for message in messages]
    if sorted(numbers) != [f"{number:04}" for number in range(MESSAGES)]:
        raise RuntimeError(f"{len(numbers)} messages arrived, {len(set(numbers))} of them different ones")
    last: dict[str, str] = {}
    for message, number in zip(messages, numbers, strict=True):
        if last.get(message["touser"], "") > number:
            raise RuntimeError(f"{message['touser']} got {number} too late")
        last[message["touser"]] = number


async def _delivered(stub: str) -> list[Any]:
    client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=1 << 28, max_buffer_size=1 << 28)
    answer = await client.fetch(f"{stub}/control/messages", request_timeout=60)
    client.close()
    return list(json.loads(answer.body))


async def _contact(db: Database, number: int) -> str:
    holding, user = Holding(role=Role.SCHOOL, school_id=operations.new_id()), f"o-{number}"
    person = Person(operations.new_id(), f"联系人{number}", f"139{number:08}", (holding,))
    bound = WeChatUser(user, None, datetime.now(UTC))
    await people.insert(db, Person(person.id, person.name, person.phone, person.holdings, wechat=bound))
    for _ in range(ACCEPTS):
        report_id, at = operations.new_id(), datetime.now(UTC)
        await quotas.add(db, user, TEMPLATE, report_id=report_id, source=quotas.APP, at=at)
    return person.id


async def _signed_in(db: Database) -> str:
    holding, token, person_id, now = (
        Holding(role=Role.CITY),
        secrets.token_urlsafe(32),
        operations.new_id(),
        datetime.now(UTC),
    )
    await people.insert(db, Person(person_id, "市局", "13700000000", (holding,)))
    until = now + timedelta(days=1)
    await sessions.insert(
        db, Session(operations.new_id(), hash_token(token), person_id, "市局", holding, now, now, until)
    )
    return token


def _config(folder: Path) -> Path:
    """The config folder, with a one-time template for every event."""
    config = folder / "config"
    shutil.copytree(default_config_folder(), config)
    notices = config / "notices.yaml"
    notices.write_text(notices.read_text().replace("    template: null", f"    template: {TEMPLATE}"))
    return config


def _start(command: Sequence[str], settings: dict[str, str]) -> "subprocess.Popen[str]":
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ZHIPING_")}
    environment = bare | {f"ZHIPING_{name.upper()}": value for name, value in settings.items()}
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=nothing, text=True)


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""


async def _serve_stub() -> None:
    async with running_stub() as stub:
        stub.latency = LATENCY
        for number in range(CONTACTS):
            stub.platform.accept(f"o-{number}", TEMPLATE, ACCEPTS)
        print(json.dumps(stub.settings), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:] == ["stub"]:
        asyncio.run(_serve_stub())
    else:
        for figure in figures():
            print(figure.row())
