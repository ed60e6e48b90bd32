"""Public notices (公示) and objections."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.paging import Page, PageQuery, page_of
from backend.models.public_notices import (
    NoticeSummary,
    NoticeView,
    ObjectionView,
    OpenNotice,
    RecordObjection,
    SettleObjection,
)
from backend.services import public_notices


class PublicNotices(Handler):
    """/api/public-notices"""

    @operation("public_notice.list", query=PageQuery, answer=page_of(NoticeSummary), errors=(Conflict,))
    async def get(self) -> Page[NoticeSummary]:
        """The public notices of the cycle, newest first."""
        return await public_notices.page_of(self.deps, self.actor, self.query)

    @operation("public_notice.open", body=OpenNotice, answer=NoticeView, status=201, errors=(Conflict,))
    async def post(self) -> NoticeView:
        """Open a public notice over all decided schools."""
        return await public_notices.open_notice(self.deps, self.actor, self.body)


class PublicNotice(Handler):
    """/api/public-notices/{notice_id}"""

    @operation("public_notice.read", answer=NoticeView)
    async def get(self, notice_id: str) -> NoticeView:
        """A public notice with the schools that are to be awarded."""
        return await public_notices.read(self.deps, self.actor, notice_id)


class Objections(Handler):
    """/api/public-notices/{notice_id}/objections"""

    @operation("objection.list", query=PageQuery, answer=page_of(ObjectionView))
    async def get(self, notice_id: str) -> Page[ObjectionView]:
        """The objections to a public notice."""
        return await public_notices.objections_of(self.deps, self.actor, notice_id, self.query)

    @operation("objection.record", body=RecordObjection, answer=ObjectionView, status=201, errors=(Conflict,))
    async def post(self, notice_id: str) -> ObjectionView:
        """Record an objection to a public notice."""
        return await public_notices.record_objection(self.deps, self.actor, notice_id, self.body)


class ObjectionSettled(Handler):
    """/api/public-notices/{notice_id}/objections/{objection_id}/settle"""

    @operation("objection.settle", body=SettleObjection, answer=ObjectionView, errors=(Conflict,))
    async def post(self, notice_id: str, objection_id: str) -> ObjectionView:
        """Settle an objection."""
        return await public_notices.settle_objection(self.deps, self.actor, notice_id, objection_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/public-notices", PublicNotices),
    Route("/api/public-notices/{notice_id}", PublicNotice),
    Route("/api/public-notices/{notice_id}/objections", Objections),
    Route("/api/public-notices/{notice_id}/objections/{objection_id}/settle", ObjectionSettled),
)
