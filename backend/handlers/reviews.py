"""The district's review of a submission, and what comes of it."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.recommendation_lists import ReviewerBody, ReviewerView
from backend.models.reviews import ReviewBody, ReviewView
from backend.models.submissions import EndorseBody, ReasonBody, ReturnBody, StateChanged
from backend.services import reviewers, reviews, submission_steps


class Review(Handler):
    """/api/submissions/{submission_id}/review"""

    @operation("review.read", answer=ReviewView)
    async def get(self, submission_id: str) -> ReviewView:
        """The review as it stands, and the rounds so far."""
        return await reviews.read(self.deps, self.actor, submission_id)

    @operation("review.save", body=ReviewBody, answer=ReviewView, errors=(Conflict,))
    async def put(self, submission_id: str) -> ReviewView:
        """Save remarks, points and opinion; advice to the city, which inspectors never see."""
        return await reviews.save(self.deps, self.actor, submission_id, self.body)


class Return(Handler):
    """/api/submissions/{submission_id}/return"""

    @operation("submission.return", body=ReturnBody, answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Return to the school with reasons: the district what was submitted, the city what was endorsed."""
        return await submission_steps.send_back(self.deps, self.actor, submission_id, self.body)


class Endorse(Handler):
    """/api/submissions/{submission_id}/endorse"""

    @operation("submission.endorse", body=EndorseBody, answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Recommend the school, with the district's opinion."""
        return await submission_steps.endorse(self.deps, self.actor, submission_id, self.body)


class Decline(Handler):
    """/api/submissions/{submission_id}/decline"""

    @operation("submission.decline", body=ReasonBody, answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Do not recommend the school, with the reason."""
        return await submission_steps.decline(self.deps, self.actor, submission_id, self.body)


class UndoDecline(Handler):
    """/api/submissions/{submission_id}/undo-decline"""

    @operation("submission.undo_decline", body=ReasonBody, answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Take the declining back, with the reason."""
        return await submission_steps.undo_decline(self.deps, self.actor, submission_id, self.body)


class Reviewer(Handler):
    """/api/districts/{district}/reviewer"""

    @operation("reviewer.read", answer=ReviewerView, errors=(Conflict,))
    async def get(self, district: str) -> ReviewerView:
        """Who reviews the schools of the municipal district."""
        return await reviewers.read(self.deps, self.actor, district)

    @operation("reviewer.appoint", body=ReviewerBody, answer=ReviewerView, errors=(Conflict,))
    async def put(self, district: str) -> ReviewerView:
        """Name the city officer who reviews the schools of the municipal district."""
        return await reviewers.appoint(self.deps, self.actor, district, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/review", Review),
    Route("/api/submissions/{submission_id}/return", Return),
    Route("/api/submissions/{submission_id}/endorse", Endorse),
    Route("/api/submissions/{submission_id}/decline", Decline),
    Route("/api/submissions/{submission_id}/undo-decline", UndoDecline),
    Route("/api/districts/{district}/reviewer", Reviewer),
)
