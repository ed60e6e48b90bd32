"""What the tests of commands share."""

import uuid

import pytest

from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import close, connect


@pytest.fixture
async def external(mongodb: Embedded) -> dict[str, str]:
    """Settings for a migrated database of its own on the worker's server."""
    name = f"serve-{uuid.uuid4().hex[:8]}"
    db = connect(mongodb.uri, name)
    await migrate(db)
    close(db)
    return {"mongodb_uri": mongodb.uri, "database": name}
