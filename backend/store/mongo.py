"""The only file that imports Motor: how to connect, how a transaction runs, what the driver's errors mean."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, cast

from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import WriteConcern
from pymongo.database import Database as _SyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern

from backend.errors import AppError, TooLarge, Unavailable

Document: TypeAlias = dict[str, Any]
Database: TypeAlias = "AsyncIOMotorDatabase[Document]"
SyncDatabase: TypeAlias = "_SyncDatabase[Document]"
Collection: TypeAlias = "AsyncIOMotorCollection[Document]"
Session: TypeAlias = AsyncIOMotorClientSession

_T = TypeVar("_T")

_SELECTION_MS = 5_000
# A majority that can't be had must not hold a request for ever.
_WRITE_MS = 10_000
_TRANSACTION_SECONDS = 15.0

_MAJORITY = WriteConcern("majority", wtimeout=_WRITE_MS)

_TRANSIENT_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
# Elections, shutdowns and lost majorities that the driver passes on as plain failures, and a write conflict that
# outlasted its retries.
_TRANSIENT_CODES = {
    24,  # LockTimeout
    64,  # WriteConcernFailed (wtimeout)
    79,  # UnknownReplWriteConcern
    91,  # ShutdownInProgress
    100,  # UnsatisfiableWriteConcern
    112,  # WriteConflict
    133,  # FailedToSatisfyReadPreference
    134,  # ReadConcernMajorityNotAvailableYet
    189,  # PrimarySteppedDown
    10107,  # NotWritablePrimary
    11600,  # InterruptedAtShutdown
    11602,  # InterruptedDueToReplStateChange
    13435,  # NotPrimaryNoSecondaryOk
    13436,  # NotPrimaryOrSecondary
}


class Outrun(Exception):
    """Somebody was faster: what was read a moment ago does not hold any more."""


@contextmanager
def outrun() -> Iterator[None]:
    """Makes a key that is there already an `Outrun`."""
    try:
        yield
    except DuplicateKeyError as error:
        raise Outrun from error


def connect(uri: str, name: str) -> Database:
    """The database `name` of a replica set, as all of our code wants it; nothing is sent yet.

    Writes wait for a majority (10 s at most) and are retried once; reads see what a majority holds; datetimes are
    aware. A server that can't be found is an error after 5 s. The client belongs to the event loop that uses it first.
    """
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        uri,
        appname="zhiping",
        document_class=dict,
        retryReads=True,
        retryWrites=True,
        serverSelectionTimeoutMS=_SELECTION_MS,
        tz_aware=True,
        uuidRepresentation="standard",
    )
    return client.get_database(name, read_concern=ReadConcern("majority"), write_concern=_MAJORITY)


def blocking(db: Database) -> SyncDatabase:
    """The same database for threads, which its calls hold up.

    Motor changes threads twice for each round trip; one that has several to make, and work between, saves that.
    """
    return cast(SyncDatabase, db.delegate)


def close(db: Database) -> None:
    """Closes the connections of the client that the database belongs to."""
    db.client.close()


async def ping(db: Database) -> None:
    """Returns if the replica set has a primary that answers; a driver's error otherwise (see `translate`)."""
    await db.command("ping")


async def session_of(db: Database) -> Session:
    """A session for writes outside a transaction that a later one has to see: see `transact`."""
    return await db.client.start_session()


async def transact(db: Database, work: Callable[[Session], Awaitable[_T]], after: Session | None = None) -> _T:
    """Does the work in one transaction and commits it, both for a majority; gives what the work returns.

    It sees what was written in the session `after`: what was acknowledged elsewhere a moment ago, though not for a
    majority, may not be in its snapshot yet. The work passes the session to every call. It runs again where MongoDB
    asks for it (conflicts, elections), for up to 15 s, and so must do nothing else but read and write through the
    session. Whatever it raises aborts.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + _TRANSACTION_SECONDS
    async with await db.client.start_session() as session:
        if after is not None:
            session.advance_cluster_time(after.delegate.cluster_time)
            session.advance_operation_time(after.delegate.operation_time)
        delay = 0.002
        while True:
            try:
                return await _attempt(session, work, lambda: clock() < deadline)
            except PyMongoError as error:
                if not _worth_another_run(error) or clock() >= deadline:
                    raise
            await asyncio.sleep(random.uniform(0, delay))  # noqa: S311 - it only spreads the rivals
            delay = min(2 * delay, 0.5)


def _worth_another_run(error: PyMongoError) -> bool:
    """Whether MongoDB asks for another run; where no server was found for 5 s, waiting more only delays the answer."""
    return error.has_error_label("TransientTransactionError") and not isinstance(error, ServerSelectionTimeoutError)


async def _attempt(session: Session, work: Callable[[Session], Awaitable[_T]], in_time: Callable[[], bool]) -> _T:
    """One run of the work and its commit. A commit of unknown outcome is repeated: that can't commit it twice."""
    async with session.start_transaction(
        read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY, max_commit_time_ms=_WRITE_MS
    ):
        result = await work(session)
        while True:
            try:
                await session.commit_transaction()
                return result
            except PyMongoError as error:
                if not error.has_error_label("UnknownTransactionCommitResult") or not in_time():
                    raise


def translate(error: Exception) -> AppError | None:
    """The answer to a driver's error that passes by itself (no primary, a timeout), or says that a transaction writes
    more than the server's cache can take; None for all others."""
    if isinstance(error, PyMongoError) and _passes(error):
        return Unavailable("数据库暂时不可用，刚才的操作可能没有保存。请稍后重试。", code="database_unavailable")
    if isinstance(error, OperationFailure) and _is_too_much(error):
        return TooLarge(
            "一次改动的内容太多，数据库的缓存放不下。请分成几次，例如把表格分成几个文件。", code="too_much_at_once"
        )
    return None


def _is_too_much(error: OperationFailure) -> bool:
    """Whether it is MongoDB's TransactionTooLargeForCache, alone or among the errors of a bulk write."""
    return 388 in _codes(error)


def _codes(error: OperationFailure) -> set[int | None]:
    """The error's own code, and those of the writes of a bulk that failed."""
    details = error.details if isinstance(error, BulkWriteError) and error.details else {}
    return {error.code, *(each.get("code") for each in details.get("writeErrors", []))}


def _is_unconfirmed(error: PyMongoError) -> bool:
    """Whether all was written, and not confirmed by enough servers in time."""
    in_bulk = isinstance(error, BulkWriteError) and bool((error.details or {}).get("writeConcernErrors"))
    return in_bulk or isinstance(error, WriteConcernError)


def _passes(error: PyMongoError) -> bool:
    if isinstance(error, ConnectionFailure | ExecutionTimeout) or _is_unconfirmed(error):
        return True
    if isinstance(error, OperationFailure) and _codes(error) & _TRANSIENT_CODES:
        return True
    return any(error.has_error_label(label) for label in _TRANSIENT_LABELS)
