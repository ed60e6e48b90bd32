"""Every field of the form (附件2 and 附件3) by its name: where it is stored, and what may stand in it.

Names are pointers: `/application/applied`, `/application/stages/primary/students`, `/items/1.1.1/points`,
`/items/1.1.1/clauses/basic`, `/items/1.1.1/note`, `/items/1.1.1/evidence`, `/indicators/1.1/note`, `/scans`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from backend.errors import Detail
from backend.models import schools
from backend.models.applications import Count, CountFromOne, Highlights, PersonName, Telephone
from backend.models.base import Id, Note
from backend.models.messages import details_of
from backend.store.submissions import item_key
from inspection.rules.case import School, Stage, applicable_clauses
from inspection.rules.points import as_number, hundredths
from inspection.rules.rubric import Rubric
from inspection.rules.ruleset import Rules

MOST_EVIDENCE = 50  # Photos and files of one item, and stamped scans of one form.

_STRICT = ConfigDict(strict=True)
_TYPES: Mapping[str, TypeAdapter[Any]] = {
    "telephone": TypeAdapter(Telephone, config=_STRICT),
    "name": TypeAdapter(PersonName, config=_STRICT),
    "count": TypeAdapter(Count, config=_STRICT),
    "count_from_one": TypeAdapter(CountFromOne, config=_STRICT),
    "highlights": TypeAdapter(Highlights, config=_STRICT),
    "note": TypeAdapter(Note, config=_STRICT),
    "claim": TypeAdapter(bool, config=_STRICT),
    "evidence": TypeAdapter(Annotated[list[Id], Field(max_length=MOST_EVIDENCE)], config=_STRICT),
}


@dataclass(frozen=True, slots=True)
class FormField:
    """A field: its name for people and clients, its key in the document's `fields`, its place in the document.

    `kind` says what may stand in it; `most` bounds points (hundredths). `label` is its Chinese name.
    """

    name: str
    path: str
    kind: str
    label: str
    most: int = 0

    @property
    def key(self) -> str:
        """The name as MongoDB can have it."""
        return item_key(self.name)

    @property
    def resets_to_none(self) -> bool:
        """Whether a cleared field stays in the document as None; others are removed."""
        return self.name.startswith("/application/")


_APPLICATION = (
    ("applied", "grade", "申报类型"),
    ("school_phone", "telephone", "学校联系电话"),
    ("responsible.name", "name", "负责人"),
    ("responsible.phone", "telephone", "负责人联系电话"),
    ("contact.name", "name", "联系人"),
    ("contact.phone", "telephone", "联系人电话"),
    ("teachers", "count_from_one", "教师数"),
    ("teacher_computers", "count", "教师用计算机数"),
    ("highlights", "highlights", "亮点特色"),
)
_STAGE = (
    ("classes", "count_from_one", "班级数"),
    ("students", "count_from_one", "学生人数"),
    ("student_devices", "count", "学生用终端数"),
)


@lru_cache(maxsize=256)
def form_fields(rubric: Rubric, stages: tuple[str, ...]) -> Mapping[str, FormField]:
    """All fields of the form of a school with these stages, by name, in the form's order."""
    scans = FormField("/scans", "scans", "evidence", "盖章扫描件")
    fields = [*_application_fields(stages), *_answer_fields(rubric, stages), scans]
    return {field.name: field for field in fields}


@lru_cache(maxsize=256)
def field_names(rubric: Rubric, stages: tuple[str, ...]) -> Mapping[str, FormField]:
    """The same fields by their keys."""
    return {field.key: field for field in form_fields(rubric, stages).values()}


def _application_fields(stages: tuple[str, ...]) -> list[FormField]:
    rows = [
        *_APPLICATION,
        *(
            (f"stages.{stage}.{name}", kind, f"{schools.STAGE_NAMES[schools.Stage(stage)]}{label}")
            for stage in stages
            for name, kind, label in _STAGE
        ),
    ]
    return [
        FormField("/application/" + path.replace(".", "/"), f"application.{path}", kind, label)
        for path, kind, label in rows
    ]


def _answer_fields(rubric: Rubric, stages: tuple[str, ...]) -> list[FormField]:
    fields = []
    clauses = applicable_clauses(rubric, School(tuple(Stage(stage, 0, 0) for stage in stages), 0, 0))
    for code, item in rubric.items.items():
        name, path = f"/items/{code}", f"items.{item_key(code)}"
        fields.append(FormField(f"{name}/points", f"{path}.points", "points", f"{code} 自评得分", item.points))
        fields += [
            FormField(f"{name}/clauses/{clause.name}", f"{path}.clauses.{clause.name}", "claim", f"{code} 是否达到要求")
            for clause in clauses[code]
        ]
        fields.append(FormField(f"{name}/note", f"{path}.note", "note", f"{code} 说明"))
        fields.append(FormField(f"{name}/evidence", f"{path}.evidence", "evidence", f"{code} 佐证"))
    fields += [
        FormField(f"/indicators/{code}/note", f"indicator_notes.{item_key(code)}", "note", f"{code} 备注")
        for code in (each.code for group in rubric.groups for each in group.indicators)
    ]
    return fields


def no_such_field(name: str, rubric: Rubric, path: str) -> Detail:
    """What to say of a name that is no field of this school's form."""
    parts = name.split("/")
    if len(parts) > 3 and parts[1] == "items":
        if parts[2] not in rubric.items:
            return Detail(path, "unknown_item", f"细则中没有编号为“{parts[2][:64]}”的指标，请改正")
        if parts[3] == "clauses":
            return Detail(path, "unknown_clause", "该指标没有这项要求，或不适用于本校的学段，请改正")
    if len(parts) > 2 and parts[1:3] == ["application", "stages"]:
        return Detail(path, "unknown_stage", "本校没有这个学段，或没有这个数据，请改正")
    return Detail(path, "unknown_field", "表中没有这个字段，请检查拼写")


def read_value(field: FormField, value: Any, rules: Rules, path: str) -> tuple[Any, list[Detail]]:
    """The value as stored, None where it clears the field; and what is wrong with it."""
    if value is None or value == "" or value == []:
        return None, []
    if field.kind == "points":
        return _read_points(field, value, rules, path)
    if field.kind == "grade":
        return _read_grade(value, rules, path)
    try:
        checked = _TYPES[field.kind].validate_python(value)
    except ValidationError as error:
        return None, details_of(error, value, path)
    if field.kind == "evidence" and len(set(checked)) < len(checked):
        return None, [Detail(path, "duplicate", "同一份材料只需附一次，请去掉重复的")]
    return checked, []


def _read_points(field: FormField, value: Any, rules: Rules, path: str) -> tuple[int | None, list[Detail]]:
    points = hundredths(value)
    if points is None or not is_on_scale(points, field.most, rules):
        return None, [Detail(path, "points_off_scale", scale_message(field.most, rules))]
    return points, []


def is_on_scale(points: int, most: int, rules: Rules) -> bool:
    """Whether an item of `most` hundredths may have these points."""
    return 0 <= points <= most and points % rules.score_step == 0


def scale_message(most: int, rules: Rules) -> str:
    """Which points an item may have, for whoever gave others."""
    return f"得分应为 0 到 {as_number(most)} 的数字，且为 {as_number(rules.score_step)} 的倍数，请改正"


def _read_grade(value: Any, rules: Rules, path: str) -> tuple[str | None, list[Detail]]:
    grades = {grade.name: grade.title for grade in rules.grades}
    if isinstance(value, str) and value in grades:
        return value, []
    choices = "、".join(f"{name}（{title}）" for name, title in grades.items())
    return None, [Detail(path, "not_a_choice", f"只能是 {choices} 之一")]


def shown_value(field: FormField, value: Any) -> Any:
    """A stored value as JSON has it."""
    return as_number(value) if field.kind == "points" and value is not None else value
