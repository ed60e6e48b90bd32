import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError, WriteConcernError

from backend.errors import Conflict, Unavailable
from backend.store import mongo
from backend.store.mongo import Database, Session, close, connect, ping, transact, translate

NOT_PRIMARY = 10107
WRITE_CONFLICT = 112
STEPPED_DOWN = 189


@asynccontextmanager
async def failing(db: Database, command: str, times: int, **how: Any) -> AsyncIterator[None]:
    """The server fails the next `times` calls of the command."""
    data = {"failCommands": [command], **how}
    await db.client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)
    yield
    await db.client.admin.command("configureFailPoint", "failCommand", mode="off")


async def test_reads_and_writes_are_for_a_majority_and_datetimes_are_aware(database: Database) -> None:
    assert database.write_concern.document["w"] == "majority"
    assert database.read_concern.level == "majority"
    assert database.codec_options.tz_aware
    await ping(database)


async def test_a_transaction_commits_all_it_wrote_and_gives_what_the_work_returns(database: Database) -> None:
    async def work(session: Session) -> str:
        await database.things.insert_one({"_id": 1}, session=session)
        await database.others.insert_one({"_id": 1}, session=session)
        return "done"

    assert await transact(database, work) == "done"
    assert await database.things.count_documents({}) == 1
    assert await database.others.count_documents({}) == 1


async def test_an_error_of_ours_undoes_all(database: Database) -> None:
    async def work(session: Session) -> None:
        await database.things.insert_one({"_id": 1}, session=session)
        raise Conflict("不行")

    with pytest.raises(Conflict, match="不行"):
        await transact(database, work)
    assert await database.things.count_documents({}) == 0


async def test_a_duplicate_is_the_callers_business(database: Database) -> None:
    await database.things.insert_one({"_id": 1})

    async def work(session: Session) -> None:
        await database.things.insert_one({"_id": 1}, session=session)

    with pytest.raises(DuplicateKeyError) as caught:
        await transact(database, work)
    assert translate(caught.value) is None


async def test_rivals_wait_for_each_other_and_none_is_lost(database: Database) -> None:
    await database.counters.insert_one({"_id": 1, "n": 0})

    async def increase(session: Session) -> None:
        counter = await database.counters.find_one({"_id": 1}, session=session)
        assert counter
        await database.counters.update_one({"_id": 1}, {"$set": {"n": counter["n"] + 1}}, session=session)

    await asyncio.gather(*(transact(database, increase) for _ in range(8)))
    assert await database.counters.find_one() == {"_id": 1, "n": 8}


async def test_work_that_meets_a_passing_error_runs_again(database: Database) -> None:
    runs = 0

    async def work(session: Session) -> None:
        nonlocal runs
        runs += 1
        await database.things.insert_one({"_id": runs}, session=session)

    async with failing(database, "insert", 2, errorCode=WRITE_CONFLICT, errorLabels=["TransientTransactionError"]):
        await transact(database, work)
    assert runs == 3
    assert await database.things.find().to_list(None) == [{"_id": 3}]


async def test_a_commit_of_unknown_outcome_is_repeated_and_not_the_work(database: Database) -> None:
    runs = 0

    async def work(session: Session) -> None:
        nonlocal runs
        runs += 1
        await database.things.insert_one({}, session=session)

    # The driver itself repeats a commit once; the third failure is ours to see.
    async with failing(database, "commitTransaction", 3, closeConnection=True):
        await transact(database, work)
    assert runs == 1
    assert await database.things.count_documents({}) == 1


async def test_retries_come_to_an_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "_TRANSACTION_SECONDS", 0.1)

    async def work(session: Session) -> None:
        await database.things.insert_one({}, session=session)

    async with failing(database, "insert", 10_000, errorCode=WRITE_CONFLICT, errorLabels=["TransientTransactionError"]):
        with pytest.raises(OperationFailure) as caught:
            await transact(database, work)
    assert isinstance(translate(caught.value), Unavailable)


async def test_without_a_server_the_answer_is_503_after_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "_SELECTION_MS", 50)
    nowhere = connect("mongodb://127.0.0.1:1/?replicaSet=zhiping", "tests")
    runs = 0

    async def work(session: Session) -> None:
        nonlocal runs
        runs += 1
        await nowhere.things.insert_one({}, session=session)

    with pytest.raises(PyMongoError) as caught:
        await transact(nowhere, work)
    close(nowhere)
    answer = translate(caught.value)
    assert isinstance(answer, Unavailable)
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert runs <= 1


@pytest.mark.parametrize("code", [NOT_PRIMARY, STEPPED_DOWN])
async def test_an_election_is_outlasted_once_and_then_said(database: Database, code: int) -> None:
    await database.things.insert_one({"_id": 1})
    async with failing(database, "find", 1, errorCode=code):
        assert await database.things.find_one() == {"_id": 1}
    async with failing(database, "find", 2, errorCode=code):
        with pytest.raises(PyMongoError) as caught:
            await database.things.find_one()
    assert isinstance(translate(caught.value), Unavailable)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (WriteConcernError("waiting for replication timed out", 64), True),
        (BulkWriteError({"writeConcernErrors": [{"code": 64, "errmsg": "waiting for replication timed out"}]}), True),
        (BulkWriteError({"writeErrors": [{"index": 1, "code": NOT_PRIMARY, "errmsg": "not primary"}]}), True),
        (BulkWriteError({"writeErrors": [{"index": 1, "code": 10334, "errmsg": "too large"}]}), False),
        (OperationFailure("no such command", 59), False),
        (ValueError("not the database's"), False),
        (Conflict("已改动"), False),
    ],
)
def test_only_what_passes_by_itself_is_translated(error: Exception, passes: bool) -> None:
    assert (translate(error) is not None) == passes


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("no room", 388),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 388, "errmsg": "no room"}]}),
    ],
)
def test_what_is_too_large_for_the_cache_says_so(error: Exception) -> None:
    answer = translate(error)
    assert answer is not None
    assert (answer.status, answer.code) == (413, "too_much_at_once")
    assert "请分成几次" in answer.message
