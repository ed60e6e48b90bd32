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
