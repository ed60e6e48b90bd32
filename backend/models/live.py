"""What a phone is told over the WebSocket while it has a network: how far the team is, and where visits stand.

No message holds a value of anybody's sheet or of a self-assessment: counts and states alone.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from backend.models.base import Id, Instant, Model
from backend.models.score_sheets import MemberProgress, Progress
from backend.models.sessions import Token
from backend.models.visits import VisitState


class LiveTicket(Model):
    """Opens one WebSocket: the first message there is `{"ticket": …}`. Good once, until `expires_at`."""

    ticket: Token = Field(repr=False)
    expires_at: Instant


class LiveHello(Model):
    """The first and only message of a client."""

    ticket: Token = Field(repr=False)


class LiveStanding(Model):
    """Where a visit stands."""

    visit_id: Id
    state: VisitState
    version: int


class LiveSnapshot(Model):
    """Everything, at first and whenever changes may have been missed: what was known before is void.

    `visits` are an inspector's own of the cycle, and for the city those under way; `progress` is of those under way.
    """

    type: Literal["snapshot"] = "snapshot"
    server_now: Instant
    visits: list[LiveStanding]
    progress: list[Progress]


class LiveProgress(Model):
    """How far a team is now; the same as GET /api/visits/{visit_id}/progress."""

    type: Literal["progress"] = "progress"
    visit_id: Id
    inspectors: list[MemberProgress]


class LiveVisit(Model):
    """Something about a visit has changed: read it again where its version is another."""

    type: Literal["visit"] = "visit"
    visit_id: Id
    state: VisitState
    version: int


class LiveGone(Model):
    """A visit is not the person's any more: it was cancelled, or they have left the team."""

    type: Literal["gone"] = "gone"
    visit_id: Id


LiveMessage = Annotated[LiveSnapshot | LiveProgress | LiveVisit | LiveGone, Discriminator("type")]
