"""Registered schools: how they are registered, changed and shown."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.models.base import TELEPHONE, FromJson, Id, Instant, Line, Model
from backend.models.cycles import Name
from backend.models.paging import PageQuery
from backend.names import tidy


class Stage(StrEnum):
    """A school's stage; a 九年一贯制 school has two of them."""

    PRIMARY = "primary"
    JUNIOR = "junior"
    SENIOR = "senior"


STAGE_NAMES = {Stage.PRIMARY: "小学", Stage.JUNIOR: "初中", Stage.SENIOR: "高中"}


def _in_order(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    if not stages:
        raise PydanticCustomError("blank", "至少写一个学段")
    if len(set(stages)) < len(stages):
        raise PydanticCustomError("duplicate", "同一个学段只写一次")
    return tuple(stage for stage in Stage if stage in stages)


def _tidy(name: str) -> str:
    tidied = tidy(name)
    if not tidied:
        raise PydanticCustomError("blank", "不能为空白")
    return tidied


TidyName = Annotated[Line, StringConstraints(max_length=100), AfterValidator(_tidy)]
Stages = Annotated[
    tuple[FromJson[Stage], ...],
    # Pydantic counts what is left of a tuple when wrong members are out: the least number is checked after it.
    Field(strict=False, max_length=len(Stage), json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_in_order),
]
Telephone = Annotated[str, StringConstraints(pattern=TELEPHONE)]


class Location(Model):
    """A place in degrees (WGS 84)."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Award(Model):
    """A grade that the school was awarded in an earlier year."""

    year: int = Field(ge=2000, le=2999)
    grade: Name


def _one_a_year(awards: tuple[Award, ...]) -> tuple[Award, ...]:
    if len({award.year for award in awards}) < len(awards):
        raise PydanticCustomError("duplicate", "同一年只能有一个等级")
    return tuple(sorted(awards, key=lambda award: award.year))


Awards = Annotated[tuple[Award, ...], Field(strict=False, max_length=50), AfterValidator(_one_a_year)]


class NewSchool(Model):
    """A school to register."""

    district: Name
    name: TidyName
    stages: Stages
    phone: Telephone | None = None
    location: Location | None = None
    past_awards: Awards = ()


class SchoolChange(Model):
    """What to change of the school as read in this version; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    version: int = Field(ge=1)
    # Factories, so that OpenAPI shows no default: what is left out stays as it is.
    name: TidyName = Field(default_factory=str)
    stages: Stages = Field(default_factory=tuple)
    phone: Telephone | None = None
    location: Location | None = None
    past_awards: Awards = Field(default_factory=tuple)

    @model_validator(mode="after")
    def _check(self) -> "SchoolChange":
        if self.model_fields_set == {"version"}:
            raise PydanticCustomError("nothing_to_change", "请写出要修改的内容")
        return self


class SchoolQuery(PageQuery):
    """Which schools: of a district, with a name that begins so."""

    district: Name | None = None
    name: str | None = Field(None, min_length=1, max_length=100)


class SchoolView(Model):
    """A registered school."""

    id: Id
    version: int
    district: str
    name: str
    stages: list[Stage]
    phone: str | None
    location: Location | None
    past_awards: list[Award]
    registered_at: Instant
