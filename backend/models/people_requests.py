"""People as they are added, changed, listed and shown; their sessions, and the ties of inspectors."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.models.base import FromJson, Id, Instant, Line, Model, Phone
from backend.models.paging import PageQuery
from backend.models.people import Holding, HoldingView, Role
from backend.models.tables import TableFilters
from backend.names import tidy


def _tidy_name(name: str) -> str:
    tidied = tidy(name)
    if not tidied:
        raise PydanticCustomError("blank", "不能为空白")
    return tidied


PersonName = Annotated[Line, StringConstraints(max_length=50), AfterValidator(_tidy_name)]


def _each_once(holdings: tuple[Holding, ...]) -> tuple[Holding, ...]:
    if any(holding in holdings[:index] for index, holding in enumerate(holdings)):
        raise PydanticCustomError("duplicate", "同一个身份只写一次")
    return holdings


class AddedPerson(Model):
    """A person and the role to give them; who is known by the phone number gets the role beside what they hold."""

    name: PersonName
    phone: Phone
    holding: Holding


class NewContact(Model):
    """Who takes the place of a school's contact; who is known by the phone number gets the role beside what they
    hold."""

    name: PersonName
    phone: Phone


class PersonChange(Model):
    """What to change of the person as read in this version; what is left out stays. Without a role nobody signs in."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    version: int = Field(ge=1)
    # Factories, so that OpenAPI shows no default: what is left out stays as it is.
    name: PersonName = Field(default_factory=str)
    phone: Phone = Field(default_factory=str)
    holdings: Annotated[
        tuple[Holding, ...], Field(strict=False, max_length=50, default_factory=tuple), AfterValidator(_each_once)
    ]

    @model_validator(mode="after")
    def _check(self) -> "PersonChange":
        if self.model_fields_set == {"version"}:
            raise PydanticCustomError("nothing_to_change", "请写出要修改的内容")
        return self


class PeopleFilters(Model):
    """Which people: whose name begins so, in a role, of a school, or of a district: its officers and its schools'
    contacts."""

    name: Annotated[Line, StringConstraints(max_length=50)] | None = None
    role: FromJson[Role] | None = None
    district: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    school_id: Id | None = None


class PeopleQuery(PeopleFilters, PageQuery):
    """The query of the list."""


class PeopleTableQuery(PeopleFilters, TableFilters):
    """The query of the table; `bound` is whether a WeChat user is bound to the person."""

    bound: bool | None = None
    sort: Literal["name", "-name"] = "name"


class PersonView(Model):
    """A person; `ties` are the schools that an inspector must not be sent to (回避)."""

    id: Id
    version: int
    name: str
    phone: str = Field(repr=False)
    holdings: list[HoldingView]
    has_password: bool
    wechat_bound_at: Instant | None = Field(description="null: no WeChat user is bound")
    ties: list[Id]


class PersonRow(PersonView):
    """A person in the table; `roles` tells what they hold in words, each with its school or district."""

    roles: list[str]


class Ties(Model):
    """The schools that an inspector has a tie to; they take the place of those declared before."""

    school_ids: Annotated[tuple[Id, ...], Field(strict=False, max_length=200)]


class PersonSession(Model):
    """A session of a person; the reader's own is `current`. `device`: what it was opened on, in words."""

    id: Id
    device: str | None
    holding: HoldingView
    opened_at: Instant
    seen_at: Instant
    expires_at: Instant
    current: bool
