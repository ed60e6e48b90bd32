"""People: the roles that they hold, and who acts in a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from backend.models.base import FromJson, Id, Line, Model, Phone


class Role(StrEnum):
    """What a person is in this session. A lead inspector is an inspector, whom a visit names as its lead."""

    SCHOOL = "school"
    INSPECTOR = "inspector"
    DISTRICT = "district"
    CITY = "city"
    ADMIN = "admin"


ROLE_NAMES: Mapping[Role, str] = {
    Role.SCHOOL: "学校联系人",
    Role.INSPECTOR: "市级评估专家",
    Role.DISTRICT: "市（区）教育局",
    Role.CITY: "市教育局",
    Role.ADMIN: "系统管理员",
}


def _roles(*roles: Role, **needs: str) -> dict[str, Any]:
    """The JSON schema of a holding of one of the roles, which has what it needs and nothing else."""
    types = {name: {"type": needs.get(name, "null")} for name in ("school_id", "district")}
    return {"required": [*needs], "properties": {"role": {"enum": [role.value for role in roles]}, **types}}


class Holding(Model):
    """A role as one person holds it: a school contact has a school, a district officer a district, others neither."""

    model_config = ConfigDict(
        # The document says what `_check` checks.
        json_schema_extra={
            "oneOf": [
                _roles(Role.SCHOOL, school_id="string"),
                _roles(Role.DISTRICT, district="string"),
                _roles(Role.INSPECTOR, Role.CITY, Role.ADMIN),
            ]
        }
    )

    role: FromJson[Role]
    school_id: Id | None = None
    district: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="the district's id")

    @model_validator(mode="after")
    def _check(self) -> "Holding":
        if (self.role is Role.SCHOOL) != (self.school_id is not None):
            raise PydanticCustomError("wrong_school", "学校联系人要指明学校（school_id），其他角色不要")
        if (self.role is Role.DISTRICT) != (self.district is not None):
            raise PydanticCustomError("wrong_district", "市（区）教育局人员要指明市（区）（district），其他角色不要")
        return self


class NewPerson(Model):
    """What is known of a person beside their roles."""

    name: Line
    phone: Phone


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person in one of their roles, in one session. `name` may be shown, never logged."""

    person_id: str
    name: str
    role: Role
    school_id: str | None
    district: str | None
    session_id: str

    def to_audit(self) -> dict[str, Any]:
        """How the audit trail names the actor."""
        return {"person_id": self.person_id, "role": self.role.value, "session_id": self.session_id}


class HoldingView(Model):
    """A role that a person holds, with its Chinese name."""

    role: Role
    role_name: Line
    school_id: Id | None
    district: str | None


def holding_view(holding: Holding) -> HoldingView:
    """How an answer shows a role."""
    return HoldingView(
        role=holding.role,
        role_name=ROLE_NAMES[holding.role],
        school_id=holding.school_id,
        district=holding.district,
    )
