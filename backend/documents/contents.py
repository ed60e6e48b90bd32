"""What documents print, as plain frozen data: it is hashed and kept as it stands here.

python-docx and openpyxl take their time to load. What makes the files (`backend.documents.rendering`) loads them when
it runs, in its thread; what they are made of stands here without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Number = int | float


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the foot says: the verification code, when the document was first made so, and where to verify it."""

    code: str
    made_at: datetime
    page_url: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an office says of the school, and when (2022-08-20)."""

    text: str | None
    day: str | None


@dataclass(frozen=True, slots=True)
class ApplicationForm:
    """附件2. `grades` are the grades of the cycle in the form's order, `applied` is one of them; `day` is when it was
    submitted, None for a draft. What is not filled in is None; `opinions` are of "district" and "city"."""

    school: str
    school_phone: str | None
    responsible: str | None
    responsible_phone: str | None
    classes: int | None
    students: int | None
    teachers: int | None
    grades: tuple[str, ...]
    applied: str | None
    highlights: str | None
    day: str | None
    opinions: Mapping[str, Opinion]


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """An indicator (主要指标): its points, the sum of the school's own (None: nothing answered), the note (备注)."""

    name: str
    points: Number
    self_points: Number | None
    note: str | None


@dataclass(frozen=True, slots=True)
class GroupLines:
    """A group (评价项目) with its indicators."""

    name: str
    points: Number
    indicators: tuple[IndicatorLine, ...]


@dataclass(frozen=True, slots=True)
class SelfAssessmentForm:
    """附件3; `total` is None while nothing is answered, `day` (of submitting) None for a draft."""

    district: str
    school: str
    groups: tuple[GroupLines, ...]
    total: Number | None
    day: str | None


@dataclass(frozen=True, slots=True)
class RubricItem:
    """A 评估内容 with its points."""

    text: str
    points: Number


@dataclass(frozen=True, slots=True)
class RubricIndicator:
    """A 二级指标."""

    name: str
    points: Number
    items: tuple[RubricItem, ...]


@dataclass(frozen=True, slots=True)
class RubricGroup:
    """A 一级指标."""

    name: str
    points: Number
    indicators: tuple[RubricIndicator, ...]


@dataclass(frozen=True, slots=True)
class RubricDocument:
    """附件1. `title` and `edition` ("2022版") are two lines; `rubric_sha256` is that of the rubric's file."""

    title: str
    edition: str
    rubric_sha256: str
    groups: tuple[RubricGroup, ...]
    note: str


@dataclass(frozen=True, slots=True)
class RecommendedSchool:
    """A line of 附件4; `applied` is 示范, 优秀 or 合格."""

    school: str
    contact: str
    phone: str
    applied: str
    points: Number
    highlights: str


@dataclass(frozen=True, slots=True)
class RecommendationListDocument:
    """附件4; `day` is when it was handed in, None for a list that is not."""

    district: str
    contact: str | None
    phone: str | None
    schools: tuple[RecommendedSchool, ...]
    day: str | None


@dataclass(frozen=True, slots=True)
class AwardedLine:
    """A school that is awarded a grade."""

    district: str
    school: str
    grade: str


@dataclass(frozen=True, slots=True)
class PublicationDocument:
    """The awarded schools as published, in the order of the list; a correction says why. `public_sha256` is the hash of
    the public list as everybody can compute it."""

    title: str
    cycle_title: str
    version: int
    reason: str | None
    day: str
    schools: tuple[AwardedLine, ...]
    public_sha256: str


@dataclass(frozen=True, slots=True)
class ItemScores:
    """An item's points: what it can have, and what the school, the district and the team gave it; `unmet` are the
    clauses (★, ▲ …) that are not met on site."""

    code: str
    text: str
    points: Number
    self_points: Number | None
    district_points: Number | None
    agreed_points: Number | None
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicatorScores:
    """An indicator with its items and their sums."""

    name: str
    points: Number
    self_points: Number | None
    district_points: Number | None
    agreed_points: Number
    items: tuple[ItemScores, ...]


@dataclass(frozen=True, slots=True)
class DiscrepancyLine:
    """Where the self-assessment and the team part, and what became of it."""

    item: str
    kind: str
    delta: Number | None
    changes_grade: bool
    state: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class RulingLine:
    """A ruling: on what, how, why, whose and when (2022-09-05 10:30)."""

    item: str
    points: Number | None
    clauses: tuple[str, ...]
    reason: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class PhotoLine:
    """A photo of the visit: when it was taken, by whom, its hash (None: it never arrived, and `lost` says why)."""

    item: str
    taken_at: str
    by: str
    sha256: str | None
    lost: str | None


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """Who signed, as what, when; or why not (拒签). `sha256` is that of the picture of a countersignature."""

    name: str
    role: str
    at: str
    refused: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class InspectionReport:
    """The report of a visit. A school's own has no points of the district, which are advice to the city, and names
    offices instead of persons in rulings. `result` is the grade in a sentence, None while it is not decided."""

    title: str
    school: str
    district: str
    stages: str
    applied: str | None
    visited: str
    team: str
    with_district: bool
    total: Number | None
    agreed_total: Number
    result: str | None
    indicators: tuple[IndicatorScores, ...]
    discrepancies: tuple[DiscrepancyLine, ...]
    rulings: tuple[RulingLine, ...]
    photos: tuple[PhotoLine, ...]
    signatures: tuple[SignatureLine, ...]
