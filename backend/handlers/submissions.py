"""Submissions: reading them, saving drafts, submitting and withdrawing."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.drafts import ChangesQuery, ChangesSince, DraftChanges, DraftSaved
from backend.models.paging import Page, page_of
from backend.models.submissions import ReasonBody, StateChanged, SubmissionsQuery, SubmissionSummary, SubmissionView
from backend.services import drafts, submission_reading, submission_steps


class Submissions(Handler):
    """/api/submissions"""

    @operation("submission.list", query=SubmissionsQuery, answer=page_of(SubmissionSummary), errors=(Conflict,))
    async def get(self) -> Page[SubmissionSummary]:
        """The submissions of the running cycle that one may see, by the schools' names."""
        return await submission_reading.read_page(self.deps, self.actor, self.query)


class Submission(Handler):
    """/api/submissions/{submission_id}"""

    @operation("submission.read", answer=SubmissionView)
    async def get(self, submission_id: str) -> SubmissionView:
        """A submission whole: form, answers, sums, what is missing, what can be done, what happened."""
        return await submission_reading.read(self.deps, self.actor, submission_id)

    @operation("submission.save", body=DraftChanges, answer=DraftSaved, errors=(Conflict,))
    async def patch(self, submission_id: str) -> DraftSaved:
        """Save what was typed, field by field; a stale change is kept beside the current value."""
        return await drafts.save(self.deps, self.actor, submission_id, self.body)


class Changes(Handler):
    """/api/submissions/{submission_id}/changes"""

    @operation("submission.read_changes", query=ChangesQuery, answer=ChangesSince)
    async def get(self, submission_id: str) -> ChangesSince:
        """What was written after a version: for two people who fill the form in at once."""
        return await drafts.changes_since(self.deps, self.actor, submission_id, self.query)


class Submit(Handler):
    """/api/submissions/{submission_id}/submit"""

    @operation("submission.submit", answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Hand the form in to the district; 409 says all that is missing."""
        return await submission_steps.submit(self.deps, self.actor, submission_id)


class Withdraw(Handler):
    """/api/submissions/{submission_id}/withdraw"""

    @operation("submission.withdraw", body=ReasonBody, answer=StateChanged, errors=(Conflict,))
    async def post(self, submission_id: str) -> StateChanged:
        """Withdraw: the school until its district's list is handed in, then the city."""
        return await submission_steps.withdraw(self.deps, self.actor, submission_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions", Submissions),
    Route("/api/submissions/{submission_id}", Submission),
    Route("/api/submissions/{submission_id}/changes", Changes),
    Route("/api/submissions/{submission_id}/submit", Submit),
    Route("/api/submissions/{submission_id}/withdraw", Withdraw),
)
