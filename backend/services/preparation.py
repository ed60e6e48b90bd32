"""What one process does for all before the service answers or delivers."""

import asyncio

import structlog

from backend.deps import Deps
from backend.services import publications
from backend.store.errors import StoreError
from backend.store.migrations import migrate, readiness
from backend.store.opening import unusable

log = structlog.get_logger("server")


async def prepare_database(deps: Deps, *, own: bool) -> None:
    """Brings the service's own (embedded) database up to date; only looks at one that somebody else keeps.

    A publication that was interrupted is brought to its end. Raises `StoreError` with every reason why the service must
    not start on it.
    """
    try:
        if own:
            await migrate(deps.db)
        reasons = [] if own else await readiness(deps.db)
    except Exception as error:
        raise unusable(error) or error from None
    if reasons:
        raise StoreError("\n".join(reasons))
    if resumed := await publications.resume(deps):
        log.info("publication_resumed", count=resumed)


async def keep_assets(deps: Deps) -> None:
    """Keeps the assets of this build for pages that outlive it; a full disk must not stop the service."""
    try:
        await asyncio.to_thread(deps.web.keep)
    except OSError as error:
        log.warning("assets_not_kept", folder=str(deps.settings.web_archive), cause=str(error))
