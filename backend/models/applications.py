"""The words of the application (附件2): telephone numbers, figures, and the form as an answer shows it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.models.base import TELEPHONE, Line, Model, Note

MOST = 10_000_000  # No school has ten million of anything; a larger number is a slip.

StageName = Literal["primary", "junior", "senior"]

Telephone = Annotated[str, StringConstraints(pattern=TELEPHONE)]
PersonName = Annotated[Line, StringConstraints(max_length=50)]
Count = Annotated[int, Field(ge=0, le=MOST)]
CountFromOne = Annotated[int, Field(ge=1, le=MOST)]
Highlights = Note

# Codes of the rubric as keys and fields of requests.
ITEM_CODE = r"^[1-9][0-9]?\.[1-9][0-9]?\.[1-9][0-9]?$"
ItemCode = Annotated[str, StringConstraints(pattern=ITEM_CODE)]


class ContactView(Model):
    """A person named on the form."""

    name: str | None
    phone: str | None


class StageView(Model):
    """A stage of the school and its figures; a shared device counts for one stage."""

    stage: StageName
    classes: int | None
    students: int | None
    student_devices: int | None


class ApplicationView(Model):
    """The application (附件2); `classes` and `students` are the sums of the form, null while one is missing."""

    applied: str | None
    applied_name: str | None
    school_phone: str | None
    responsible: ContactView
    contact: ContactView
    stages: list[StageView]
    classes: int | None
    students: int | None
    teachers: int | None
    teacher_computers: int | None
    highlights: str | None
