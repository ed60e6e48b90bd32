"""What the fault tests share: the world, made once a worker."""

from collections.abc import AsyncIterator

import pytest

from backend.store.embedded import Embedded
from backend.store.mongo import Database, close, connect
from tests.faults.world import World, make_world

# What a killed service had open stands in the way until MongoDB gives it up: by itself, after a minute.
_TRANSACTION_SECONDS = 2


@pytest.fixture(scope="session")
async def world(mongodb: Embedded) -> World:
    """The city that every run starts with."""
    db = connect(mongodb.uri, "faults-world")
    try:
        return await make_world(db)
    finally:
        await db.client.drop_database("faults-world")
        close(db)


@pytest.fixture(scope="module")
async def faults_database(mongodb: Embedded) -> AsyncIterator[Database]:
    """A database on the worker's server, which drops abandoned transactions soon."""
    db = connect(mongodb.uri, "faults")
    lifetime = {"setParameter": 1, "transactionLifetimeLimitSeconds": _TRANSACTION_SECONDS}
    before = await db.client.admin.command(lifetime)
    yield db
    # While what was abandoned is given up soon: dropping waits for it.
    await db.client.drop_database("faults")
    await db.client.admin.command(lifetime | {"transactionLifetimeLimitSeconds": before["was"]})
    close(db)
