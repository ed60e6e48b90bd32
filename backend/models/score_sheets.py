"""A score sheet as its inspector sees it, and the progress of a team."""

from pydantic import Field

from backend.models.applications import StageView
from backend.models.base import Id, Instant, Line, Model, PointsOut
from backend.models.cycles import GradeView, Share
from backend.models.operations import SelfAssessed, SheetConflict, ValueOut
from backend.models.submissions import Reason
from backend.models.visits import SheetState, VisitView


class SheetQuery(Model):
    """From which version of the sheet on."""

    since: int = Field(0, ge=0, description="fields that have not changed since this version are left out")


class SheetField(Model):
    """A field that was set: its value, by which operation, which the next one on this field has to name as `saw`."""

    item: str
    field: str
    value: ValueOut
    id: Id
    device: Id
    at: Instant


class SheetView(Model):
    """One's own sheet. `assigned` are the items to score. `revealed` holds the school's own answers on the items that
    have been scored; `first_points` those with which each was first scored, blind."""

    server_now: Instant
    visit_id: Id
    state: SheetState
    version: int
    signed_at: Instant | None
    assigned: list[str]
    fields: list[SheetField]
    conflicts: list[SheetConflict]
    first_points: dict[str, PointsOut]
    revealed: dict[str, SelfAssessed]


class SignBody(Model):
    """The version of the sheet that the inspector has before them."""

    version: int


class SheetSigned(Model):
    """The sheet as signed; `waiting_for` are the members of the team who have not signed yet."""

    version: int
    signed_at: Instant
    waiting_for: list[Line]


class ReopenBody(Model):
    """Why something that was closed is open again."""

    reason: Reason


class MemberProgress(Model):
    """How far an inspector is: items, never values. `member` is false for one who has left, and had signed."""

    inspector_id: Id
    name: Line
    lead: bool
    member: bool
    state: SheetState
    assigned: int
    scored: int = Field(description="of the assigned items")
    scored_in_all: int
    signed_at: Instant | None


class Progress(Model):
    """How far the team is."""

    visit_id: Id
    inspectors: list[MemberProgress]


class PackRubric(Model):
    """Which rubric the visit is scored by; it is read once, at /api/rubric."""

    name: str
    sha256: str


class PackRules(Model):
    """The numbers that the cycle decides by."""

    score_step: PointsOut
    spread_tolerance: PointsOut
    discrepancy_share: Share
    evidence_required: str
    grades: list[GradeView]


class PackSchool(Model):
    """The school and its declared figures, which decide two clauses; nothing that it says of itself otherwise."""

    id: Id
    name: Line
    stages: list[StageView]
    teachers: int
    teacher_computers: int


class Pack(Model):
    """What a phone needs to work without a network."""

    server_now: Instant
    visit: VisitView
    rubric: PackRubric
    rules: PackRules
    school: PackSchool
    assigned: list[str]
    sheet_state: SheetState
    sheet_version: int
