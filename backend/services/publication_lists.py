"""Reading publications: everybody sees who was awarded, the city sees all of it and can check the hashes."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor, Role
from backend.models.public_notices import AwardedSchool
from backend.models.publications import (
    EntryView,
    PublicationSummary,
    PublicationView,
    PublicPublication,
    Verified,
)
from backend.services.cycles import current
from backend.services.outbox import summed
from backend.services.snapshots import canonical, digest, snapshot_text
from backend.store import publications, publishing
from backend.store.mongo import Document


async def page_of(deps: Deps, actor: Actor, query: PageQuery) -> Page[PublicationSummary]:
    """A page of the cycle's publications, newest first."""
    cycle = await current(deps)
    rows, cursor = await publications.page_of(deps.db, cycle.id, query.limit, query.cursor)
    return Page[PublicationSummary](items=[PublicationSummary(**_summary(row)) for row in rows], next_cursor=cursor)


async def read(deps: Deps, actor: Actor, publication_id: str) -> PublicationView:
    """A publication with its public list. Raises `NotFound`, also while it is being prepared."""
    view = publication_view(await find(deps, publication_id))
    if actor.role is not Role.CITY:
        return view
    return view.model_copy(update={"deliveries": await summed(deps, publication_id)})


async def find(deps: Deps, publication_id: str) -> Document:
    """The publication as stored, once it is complete; raises `NotFound` before."""
    publication = await publications.find(deps.db, publication_id)
    if publication is None or publication["state"] != "published":
        raise _not_there()
    return publication


def _not_there() -> NotFound:
    return NotFound("没有这次公布的结果，请检查网址")


async def entries(deps: Deps, actor: Actor, publication_id: str, query: PageQuery) -> Page[EntryView]:
    """A page of all results of a publication, as frozen. Raises `NotFound`."""
    await find(deps, publication_id)
    rows, cursor = await publications.page_of_entries(deps.db, publication_id, {}, query.limit, query.cursor)
    items = [
        EntryView(
            submission_id=row["submission_id"],
            school_id=row["school_id"],
            district=row["district"],
            awarded=row["awarded"],
            content=row["content"],
        )
        for row in rows
    ]
    return Page[EntryView](items=items, next_cursor=cursor)


async def snapshot(deps: Deps, actor: Actor, publication_id: str) -> bytes:
    """All of a publication as canonical JSON: the SHA-256 of these bytes is its hash. Raises `NotFound`."""
    publication = await find(deps, publication_id)
    return (await _text(deps, publication)).encode()


async def _text(deps: Deps, publication: Mapping[str, Any]) -> str:
    frozen = await publications.entries_of(deps.db, publication["_id"])
    return snapshot_text(header_of(publication), [entry["content"] for entry in frozen])


def header_of(publication: Mapping[str, Any]) -> dict[str, Any]:
    """What is hashed beside the schools."""
    return {name: publication[name] for name in ("cycle", "kind", "reason", "title", "version")}


async def verify(deps: Deps, actor: Actor, publication_id: str) -> Verified:
    """Hashes what is stored now, to compare with what was published. Raises `NotFound`."""
    publication = await find(deps, publication_id)
    text = await _text(deps, publication)
    found, public = await asyncio.to_thread(_hashes, text, header_of(publication), publication["public"])
    return Verified(
        intact=(found, public) == (publication["sha256"], publication["public_sha256"]),
        sha256=publication["sha256"],
        found_sha256=found,
        public_sha256=publication["public_sha256"],
        found_public_sha256=public,
    )


def _hashes(text: str, header: Mapping[str, Any], public: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    return digest(text), digest(snapshot_text(header, map(canonical, public)))


async def latest_public(deps: Deps) -> PublicPublication:
    """The newest complete publication of the cycle, for everybody. Raises `NotFound` before the first."""
    cycle = await current(deps)
    publication = await publications.find(deps.db, (await publishing.read(deps.db, cycle.id))["latest"])
    if publication is None:
        raise NotFound("评估结果尚未公布")
    return PublicPublication(
        **header_of(publication),
        published_at=publication["published_at"],
        public_sha256=publication["public_sha256"],
        sha256=publication["sha256"],
        schools=_schools(publication),
    )


def publication_view(publication: Mapping[str, Any]) -> PublicationView:
    """How a publication is shown, with its public list."""
    return PublicationView(**_summary(publication), awarded=_schools(publication))


def _schools(publication: Mapping[str, Any]) -> list[AwardedSchool]:
    return [AwardedSchool(**each) for each in publication["public"]]


def _summary(publication: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": publication["_id"],
        **header_of(publication),
        "published_at": publication["published_at"],
        "sha256": publication["sha256"],
        "public_sha256": publication["public_sha256"],
        "schools": publication["schools"],
    }
