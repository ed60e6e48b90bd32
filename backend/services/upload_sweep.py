"""Forgets uploads whose time is over, and drops what came of those that never ended."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from backend.deps import Deps
from backend.store import gridfs, uploads
from backend.store.gridfs import ORIGINALS
from backend.store.uploads import Lease

# Another goes on for a sweeper that died after so long.
LEASE = timedelta(minutes=1)
_EVERY_SECONDS = 300.0

log = structlog.get_logger("upload_sweep")


async def run(deps: Deps, stop: asyncio.Event) -> None:
    """Sweeps now and every few minutes, until `stop`."""
    while not stop.is_set():
        try:
            await sweep(deps)
        # Whatever the database is up to: what is left over now is swept the next time.
        except Exception as error:
            log.warning("sweep_failed", cause=f"{type(error).__name__}: {error}")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)


async def sweep(deps: Deps) -> int:
    """Sweeps all there is, and gives how many uploads that was. Any number of processes may do so at once."""
    swept = 0
    while True:
        now = deps.clock()
        lease = Lease(deps.new_id(), now + LEASE)
        upload = await uploads.claim_expired(deps.db, now, lease)
        if upload is None:
            return swept
        # Where it became a blob, the chunks are the blob's.
        if await gridfs.find_file(deps.db, ORIGINALS, upload["_id"]) is None:
            await gridfs.delete_chunks(deps.db, ORIGINALS, upload["_id"])
        await uploads.delete(deps.db, upload["_id"], lease.token)
        swept += 1
