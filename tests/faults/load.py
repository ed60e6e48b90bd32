"""Clients that do what ours must do: repeat, unchanged, whatever was not acknowledged; and note what was.

Each client checks at every answer, and `check` in the database at the end, that each of its requests took effect once.
"""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.services.sheet_state import states
from backend.store.mongo import Database
from tests.faults.world import Form, Review, Sheet, World

_REQUEST_SECONDS = 30
# A run with its fault is over long before.
_RUN_SECONDS = 150


@dataclass(slots=True)
class Load:
    """Sends requests until they are acknowledged; counts answers, repeats and refusals."""

    port: int
    stopped: bool = False
    acknowledged: int = 0
    repeated: int = 0
    # Repeats that the service knew already: it had done them, and only its answer was lost.
    done_before: int = 0
    unavailable: int = 0
    _http: SimpleAsyncHTTPClient = field(
        default_factory=lambda: SimpleAsyncHTTPClient(force_instance=True, max_clients=100)
    )

    async def send(self, path: str, token: str, body: Any = None, method: str = "POST") -> "Reply":
        """The first answer that is neither lost nor 503, and how often the request was sent."""
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method,
            headers={"Authorization": f"Bearer {token}", **({"Content-Type": "application/json"} if body else {})},
            body=json.dumps(body).encode() if body else None,
            allow_nonstandard_methods=True,
            request_timeout=_REQUEST_SECONDS,
        )
        tries = 0
        while True:
            tries += 1
            try:
                answer = await self._http.fetch(request, raise_error=False)
            except (OSError, HTTPClientError):
                await asyncio.sleep(0.05)
                continue
            if answer.code != 503:
                break
            self.unavailable += 1
            assert float(answer.headers["Retry-After"]) > 0
            await asyncio.sleep(0.2)
        self.acknowledged += 1
        self.repeated += tries > 1
        return Reply(answer.code, json.loads(answer.body), tries)

    async def until(self, acknowledged: int) -> None:
        """Waits until so many requests were acknowledged."""
        while self.acknowledged < acknowledged:  # noqa: ASYNC110 - it is asked for rarely
            await asyncio.sleep(0.001)

    def close(self) -> None:
        """Ends the client."""
        self._http.close()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and after how many tries."""

    status: int
    json: Any
    tries: int


@dataclass(slots=True)
class Writer:
    """Types notes into a form: `written` counts how often each field was, `values` has the last value."""

    form: Form
    fields: Sequence[str]
    chance: Random
    written: Counter[str] = field(default_factory=Counter)
    values: dict[str, str] = field(default_factory=dict)

    async def run(self, load: Load) -> None:
        """Saves until stopped."""
        path = f"/api/submissions/{self.form.submission_id}"
        while not load.stopped:
            chosen = self.chance.sample(self.fields, self.chance.randint(1, 3))
            typed = {name: f"第 {self.written[name] + 1} 次填写" for name in chosen}
            changes = [{"field": name, "value": value, "version": self.written[name]} for name, value in typed.items()]
            reply = await load.send(path, self.form.token, {"changes": changes}, "PATCH")
            assert reply.status == 200, reply
            self.written.update(chosen)
            self.values |= typed
            assert reply.json["conflicts"] == []
            assert {each["field"]: each["version"] for each in reply.json["applied"]} == {
                name: self.written[name] for name in chosen
            }

    async def check(self, db: Database) -> None:
        """Each value is there, and was written once for each save."""
        stored = await db.submissions.find_one({"_id": self.form.submission_id})
        assert stored is not None
        for name in self.fields:
            state = stored["fields"].get(name.replace(".", "_"))
            if self.written[name]:
                assert (state["version"], state["conflicts"]) == (self.written[name], []), (name, state)
                key = name.split("/")[2].replace(".", "_")
                assert stored["items"][key]["note"] == self.values[name]
            else:
                assert state is None, (name, state)


@dataclass(slots=True)
class Phone:
    """Scores items: `sent` are its operations by id."""

    sheet: Sheet
    items: Sequence[str]
    chance: Random
    device: str = ""
    sent: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.device = self._new_id()

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def _operation(self) -> dict[str, Any]:
        points = self.chance.random() < 0.7
        return {
            "id": self._new_id(),
            "seq": len(self.sent) + 1,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "item": self.chance.choice(self.items),
            "field": "points" if points else "note",
            "value": self.chance.choice((0, 0.5)) if points else f"记录 {len(self.sent)}",
        }

    async def run(self, load: Load) -> None:
        """Sends batches until stopped."""
        path = f"/api/visits/{self.sheet.visit_id}/operations"
        while not load.stopped:
            batch = {each["id"]: each for each in (self._operation() for _ in range(self.chance.randint(1, 5)))}
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            body = {"device": self.device, "device_now": now, "operations": list(batch.values())}
            reply = await load.send(path, self.sheet.inspector.token, body)
            assert reply.status == 200, reply
            self.sent |= batch
            # All or nothing: a batch is one write.
            assert (reply.json["applied"], reply.json["known"]) in ((list(batch), []), ([], list(batch))), reply
            assert reply.json["refused"] == []
            assert reply.tries > 1 or not reply.json["known"]
            load.done_before += bool(reply.json["known"])


@dataclass(slots=True)
class Mover:
    """Submits a form and has it returned, by turns: `done` are the transitions that were acknowledged."""

    review: Review
    done: list[str] = field(default_factory=list)

    async def run(self, load: Load) -> None:
        """Moves until stopped."""
        while not load.stopped:
            action = ("submit", "return")[len(self.done) % 2]
            token = (self.review.school if action == "submit" else self.review.officer).token
            body = {"reason": f"第 {len(self.done)} 次退回"} if action == "return" else None
            reply = await load.send(f"/api/submissions/{self.review.submission_id}/{action}", token, body)
            if reply.status != 200:
                # The answer to the first try was lost: what the repeat would do has been done.
                assert (reply.status, reply.tries > 1) == (409, True), reply
                assert reply.json["error"]["code"] == "wrong_state", reply
                load.done_before += 1
            self.done.append(action)

    async def check(self, db: Database) -> None:
        """Each transition is there once: in the history, in the audit trail, in the inbox and in the outbox."""
        submission_id = self.review.submission_id
        stored = await db.submissions.find_one({"_id": submission_id})
        assert stored is not None
        events = {"submit": "submitted", "return": "returned"}
        assert [each["event"] for each in stored["history"]] == [events[action] for action in self.done]
        assert stored["state"] == (events[self.done[-1]] if self.done else "draft")
        for action, told in (("submit", "submission.received"), ("return", "submission.returned")):
            count = self.done.count(action)
            event = {"event": f"submission.{action}", "object.id": submission_id}
            assert await db.audit_events.count_documents(event) == count
            message = {"event": told, "link": f"/submissions/{submission_id}"}
            for collection in (db.inbox, db.outbox):
                rows = [row async for row in collection.find(message)]
                assert [row["person_id"] for row in rows] == [self.review.school.id] * count


@dataclass(slots=True)
class Clients:
    """All clients of a run."""

    writers: list[Writer]
    phones: list[Phone]
    movers: list[Mover]

    def runs(self) -> list[Callable[[Load], Coroutine[Any, Any, None]]]:
        """What each of them does."""
        return [
            *(writer.run for writer in self.writers),
            *(phone.run for phone in self.phones),
            *(mover.run for mover in self.movers),
        ]

    async def check(self, db: Database) -> None:
        """Everything acknowledged is there, once, and nothing else is."""
        for writer in self.writers:
            await writer.check(db)
        for mover in self.movers:
            await mover.check(db)
        for sheet in {phone.sheet for phone in self.phones}:
            await _check_sheet(db, sheet, [phone for phone in self.phones if phone.sheet == sheet])
        for submission_id in {phone.sheet.submission_id for phone in self.phones}:
            started = {"event": "submission.start_visit", "object.id": submission_id}
            assert await db.audit_events.count_documents(started) == 1
        # A message is in both or in neither.
        ids = [sorted([row["_id"] async for row in rows.find({}, {"_id": 1})]) for rows in (db.inbox, db.outbox)]
        assert ids[0] == ids[1]


async def _check_sheet(db: Database, sheet: Sheet, phones: Sequence[Phone]) -> None:
    """The sheet has what its phones sent, each once, and what follows from it."""
    wanted = {"visit_id": sheet.visit_id, "inspector_id": sheet.inspector.id}
    stored = await db.score_sheets.find_one(wanted)
    assert stored is not None
    sent = {key: (phone.device, each) for phone in phones for key, each in phone.sent.items()}
    kept = [(batch["device"], each) for batch in stored["batches"] for each in batch["operations"]]
    assert Counter(each["id"] for _, each in kept) == Counter(list(sent))
    for device, each in kept:
        sender, operation = sent[each["id"]]
        assert (device, each["item"], each["field"]) == (sender, operation["item"], operation["field"])
        value = operation["value"]
        assert each["value"] == (value if isinstance(value, str) else round(value * 100))
    stands = {name: state.current.value for name, state in states(stored["batches"]).items()}
    for name in ("points", "note"):
        assert stored[name] == {item.replace(".", "_"): value for (item, of), value in stands.items() if of == name}


def clients_of(world: World, chance: Random) -> Clients:
    """Two writers a form, a phone for each sheet and a second one for the first, one mover a school."""
    half = len(world.items) // 2
    notes = [f"/items/{item}/note" for item in world.items]
    return Clients(
        [
            Writer(form, fields, Random(chance.random()))
            for form in world.forms
            for fields in (notes[:half], notes[half:])
        ],
        [Phone(sheet, world.items, Random(chance.random())) for sheet in (*world.sheets, world.sheets[0])],
        [Mover(review) for review in world.reviews],
    )


async def under_load(load: Load, clients: Clients, fault: Coroutine[Any, Any, None]) -> dict[str, int]:
    """Lets the clients work while the fault takes its course, which ends with `load.stopped`; gives the figures.

    A client that fails ends the run at once.
    """
    tasks = [asyncio.create_task(each) for each in (fault, *(run(load) for run in clients.runs()))]
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        load.close()
    return {
        "requests acknowledged": load.acknowledged,
        "repeated": load.repeated,
        "of these done before": load.done_before,
        "answers of 503": load.unavailable,
    }
