"""A changed rubric: what differs, which schools' outcomes would change, and taking it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.models.base import Id, Instant, Line, Model, PointsOut
from backend.models.cycles import ClauseView
from backend.models.evidence import Sha256
from backend.models.paging import Page
from backend.models.submissions import Reason

RUBRIC_SHA = r"^[0-9a-f]{64}$"


class ItemSide(Model):
    """An item as one of both rubrics has it."""

    points: PointsOut
    text: str
    clauses: list[ClauseView]


class ItemDifference(Model):
    """An item that is new (`before` null), gone (`after` null), or otherwise in these parts."""

    code: str
    kind: Literal["added", "removed", "changed"]
    parts: list[Literal["points", "text", "clauses"]]
    before: ItemSide | None
    after: ItemSide | None


class IndicatorSide(Model):
    """An indicator as one of both rubrics has it."""

    name: Line
    points: PointsOut


class IndicatorDifference(Model):
    """An indicator of another name or other points; new or gone where one of both is null."""

    code: str
    before: IndicatorSide | None
    after: IndicatorSide | None


class Candidate(Model):
    """A rubric that was uploaded to be looked at, against the cycle's present one.

    `schools` are those whose outcome it would be computed anew for; `published` ones stay as they are, whatever becomes
    of the rubric. `blocked` says why it can't be taken just now. `present` is true for the cycle's own.
    """

    sha256: Sha256
    present_sha256: Sha256
    present: bool
    name: Line
    title: str
    points: PointsOut
    present_points: PointsOut
    note_changed: bool
    uploaded_at: Instant
    uploaded_by: Line
    items: list[ItemDifference]
    indicators: list[IndicatorDifference]
    schools: int
    published: int
    blocked: list[str]


class Candidates(Model):
    """The rubrics that were uploaded and neither taken nor left, newest first."""

    candidates: list[Candidate]


class OutcomeSide(Model):
    """An outcome by one of both rubrics. `total` is null where something would have to be scored anew."""

    total: PointsOut | None
    attained: str | None
    awarded: str | None
    statement: str | None


class ChangedOutcome(Model):
    """A school whose outcome would be another one. `open_items` would have to be scored anew, or ruled."""

    submission_id: Id
    school_name: Line
    district: str
    district_name: Line
    before: OutcomeSide
    after: OutcomeSide
    grade_changes: bool
    open_items: list[str]


class ChangedOutcomes(Page[ChangedOutcome]):
    """The schools among the next ones whose outcome would change; `checked` is how many were looked at.

    Go on with `next_cursor` until it is null: that says how far it is, too.
    """

    checked: int


class OutcomesQuery(Model):
    """Where to go on. It goes by schools, of which some change and others don't."""

    cursor: Annotated[str, StringConstraints(max_length=100, pattern=r"^[0-9a-f-]+$")] | None = Field(
        None, description="`next_cursor` of the answer before; left out at first"
    )


class Adoption(Model):
    """To take the candidate: why, and the rubric that it was compared with."""

    reason: Reason
    present_sha256: Sha256


class Adopted(Model):
    """The cycle's rubric from now on. `remaining` outcomes are still those of the one before: send it again."""

    sha256: Sha256
    remaining: int
