"""SIGTERM and the sockets that are open: each process tells its own to come again, and ends at once."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.models.people import Holding, Role
from backend.services.sessions import new_token
from backend.store import people, sessions
from backend.store.embedded import Embedded
from backend.store.mongo import Database, close, connect
from backend.store.people import Person
from backend.store.sessions import Session, hash_token
from tests.commands.test_serve import listens, logged, running, until
from tests.http.conftest import new_id
from tests.http.listening import close_all, listen

SOCKETS = 12


async def officer(db: Database) -> str:
    """The token of a city officer who is signed in."""
    token, now, holding = new_token(), datetime.now(UTC), Holding(role=Role.CITY)
    person = Person(new_id(), "周文华", f"137{int(now.timestamp() * 1000) % 10**8:08}", (holding,))
    until = now + timedelta(days=1)
    await people.insert(db, person)
    await sessions.insert(db, Session(new_id(), hash_token(token), person.id, person.name, holding, now, now, until))
    return token


@pytest.mark.parametrize("processes", ["1", "2"])
async def test_sigterm_closes_sockets_with_1012(
    tmp_path: Path, external: dict[str, str], mongodb: Embedded, processes: str
) -> None:
    db = connect(mongodb.uri, external["database"])
    tokens = [await officer(db) for _ in range(2)]
    close(db)
    with running(tmp_path, "--processes", processes, **external) as (process, port):
        ears = [(await listen(port, tokens[number % 2]))[0] for number in range(SOCKETS)]
        until(lambda: len(logged(tmp_path, "started")) == int(processes))
        process.send_signal(signal.SIGTERM)
        assert [await ear.closed() for ear in ears] == [1012] * SOCKETS
        until(lambda: process.poll() is not None, 20)
        assert process.returncode == 0
        assert not listens(port)
    await close_all()
    assert len(logged(tmp_path, "stopped")) == int(processes)
    assert len(logged(tmp_path, "live_closed")) == SOCKETS
