"""Publications of the results."""

from backend.errors import Conflict, NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.paging import Page, PageQuery, page_of
from backend.models.publications import (
    Correct,
    EntryView,
    PublicationPreview,
    PublicationSummary,
    PublicationView,
    PublicPublication,
    Publish,
    ResultView,
    Verified,
)
from backend.services import corrections, publication_lists, publication_previews, publications, results


class Publications(Handler):
    """/api/publications"""

    @operation("publication.list", query=PageQuery, answer=page_of(PublicationSummary), errors=(Conflict,))
    async def get(self) -> Page[PublicationSummary]:
        """The publications of the cycle, newest first."""
        return await publication_lists.page_of(self.deps, self.actor, self.query)

    @operation("publication.publish", body=Publish, answer=PublicationView, status=201, errors=(Conflict,))
    async def post(self) -> PublicationView:
        """Publish all that is decided; one that was interrupted goes on."""
        return await publications.publish(self.deps, self.actor, self.body)


class Preview(Handler):
    """/api/publications/preview"""

    @operation("publication.preview", query=PageQuery, answer=PublicationPreview, errors=(Conflict,))
    async def get(self) -> PublicationPreview:
        """What would be published now, with every message; nothing is sent."""
        return await publication_previews.read_page(self.deps, self.actor, self.query)


class Publication(Handler):
    """/api/publications/{publication_id}"""

    @operation("publication.read", answer=PublicationView)
    async def get(self, publication_id: str) -> PublicationView:
        """A publication with the schools that it awards."""
        return await publication_lists.read(self.deps, self.actor, publication_id)


class Entries(Handler):
    """/api/publications/{publication_id}/entries"""

    @operation("publication.entries", query=PageQuery, answer=page_of(EntryView))
    async def get(self, publication_id: str) -> Page[EntryView]:
        """All results of a publication, with those that reached no grade."""
        return await publication_lists.entries(self.deps, self.actor, publication_id, self.query)


class Snapshot(Handler):
    """/api/publications/{publication_id}/snapshot"""

    @operation("publication.snapshot", answer=Media(("application/json",)))
    async def get(self, publication_id: str) -> bytes:
        """All of a publication as canonical JSON; the SHA-256 of these bytes is its hash."""
        return await publication_lists.snapshot(self.deps, self.actor, publication_id)


class Verification(Handler):
    """/api/publications/{publication_id}/verify"""

    @operation("publication.verify", answer=Verified)
    async def get(self, publication_id: str) -> Verified:
        """Whether what is stored is still what was published."""
        return await publication_lists.verify(self.deps, self.actor, publication_id)


class Corrections(Handler):
    """/api/publications/{publication_id}/corrections"""

    @operation("publication.correct", body=Correct, answer=PublicationView, status=201, errors=(Conflict,))
    async def post(self, publication_id: str) -> PublicationView:
        """Correct a published result, by a further version with its reason."""
        return await corrections.correct(self.deps, self.actor, publication_id, self.body)


class LatestPublic(Handler):
    """/api/public/publications/latest"""

    @operation(id="publication.read_public", answer=PublicPublication, errors=(NotFound, Conflict))
    async def get(self) -> PublicPublication:
        """The newest public list of awarded schools, with its hash."""
        return await publication_lists.latest_public(self.deps)


class Results(Handler):
    """/api/results"""

    @operation("result.read", query=PageQuery, answer=page_of(ResultView), errors=(Conflict,))
    async def get(self) -> Page[ResultView]:
        """Published results with their explanation: one's school's, one's district's, or all."""
        return await results.read(self.deps, self.actor, self.query)


ROUTES: tuple[Route, ...] = (
    Route("/api/publications", Publications),
    Route("/api/publications/preview", Preview),
    Route("/api/publications/{publication_id}", Publication),
    Route("/api/publications/{publication_id}/entries", Entries),
    Route("/api/publications/{publication_id}/snapshot", Snapshot),
    Route("/api/publications/{publication_id}/verify", Verification),
    Route("/api/publications/{publication_id}/corrections", Corrections),
    Route("/api/public/publications/latest", LatestPublic),
    Route("/api/results", Results),
)
