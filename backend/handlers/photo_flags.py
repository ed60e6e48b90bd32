"""Photos that a person should look into."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.paging import Page, page_of
from backend.models.photo_flags import FlaggedPhoto, FlagsQuery, SettleFlag
from backend.services import flag_lists


class FlaggedPhotos(Handler):
    """/api/photo-flags"""

    @operation("photo_flag.list", query=FlagsQuery, answer=page_of(FlaggedPhoto), errors=(Conflict,))
    async def get(self) -> Page[FlaggedPhoto]:
        """The photos to look into, what weighs most first, each with its twins."""
        return await flag_lists.read_page(self.deps, self.actor, self.query)


class FlagSettlement(Handler):
    """/api/photo-flags/{record_id}/settlement"""

    @operation("photo_flag.settle", body=SettleFlag, answer=FlaggedPhoto, errors=(Conflict,))
    async def put(self, record_id: str) -> FlaggedPhoto:
        """Note what came out of looking into a photo, or open it again."""
        return await flag_lists.settle(self.deps, self.actor, record_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/photo-flags", FlaggedPhotos),
    Route("/api/photo-flags/{record_id}/settlement", FlagSettlement),
)
