"""The school's answers to its discrepancies."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.answers import (
    AnswerView,
    GiveAnswer,
    OpenWindow,
    OpenWindows,
    SettleAnswer,
    WindowsOpened,
    WindowView,
)
from backend.services import answer_windows, answers


class AnswerWindow(Handler):
    """/api/submissions/{submission_id}/answer-window"""

    @operation("answer_window.open", body=OpenWindow, answer=WindowView, errors=(Conflict,))
    async def post(self, submission_id: str) -> WindowView:
        """Let a school answer its discrepancies until a time, or move that time."""
        return await answer_windows.open_one(self.deps, self.actor, submission_id, self.body)


class AnswerWindows(Handler):
    """/api/answer-windows"""

    @operation("answer_window.open_many", body=OpenWindows, answer=WindowsOpened, errors=(Conflict,))
    async def post(self) -> WindowsOpened:
        """Let many schools answer their discrepancies until a time."""
        return await answer_windows.open_many(self.deps, self.actor, self.body)


class Answer(Handler):
    """/api/submissions/{submission_id}/answers/{item}"""

    @operation("answer.give", body=GiveAnswer, answer=AnswerView, errors=(Conflict,))
    async def put(self, submission_id: str, item: str) -> AnswerView:
        """Answer the discrepancies on an item."""
        return await answers.give(self.deps, self.actor, submission_id, item, self.body)


class AnswerSettled(Handler):
    """/api/submissions/{submission_id}/answers/{item}/settle"""

    @operation("answer.settle", body=SettleAnswer, answer=AnswerView, errors=(Conflict,))
    async def post(self, submission_id: str, item: str) -> AnswerView:
        """Settle an answer: what is agreed stands, or is revised by a ruling."""
        return await answers.settle(self.deps, self.actor, submission_id, item, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/answer-window", AnswerWindow),
    Route("/api/answer-windows", AnswerWindows),
    Route("/api/submissions/{submission_id}/answers/{item}", Answer),
    Route("/api/submissions/{submission_id}/answers/{item}/settle", AnswerSettled),
)
