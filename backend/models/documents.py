"""Documents that were printed, and what the public may learn of one by its verification code."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from backend.codes import LENGTH, normal
from backend.models.base import Instant, Line, Model
from backend.models.submissions import DistrictId


class DocumentKind(StrEnum):
    """What a document is."""

    RUBRIC = "rubric"
    APPLICATION_FORM = "application_form"
    SELF_ASSESSMENT_FORM = "self_assessment_form"
    RECOMMENDATION_LIST = "recommendation_list"
    INSPECTION_REPORT = "inspection_report"
    SCHOOLS_INSPECTION_REPORT = "schools_inspection_report"
    PUBLICATION = "publication"
    ARCHIVE = "archive"


KIND_NAMES = {
    DocumentKind.RUBRIC: "附件1 泰州市中小学智慧校园建设评估细则",
    DocumentKind.APPLICATION_FORM: "附件2 泰州市中小学智慧校园申报表",
    DocumentKind.SELF_ASSESSMENT_FORM: "附件3 泰州市中小学智慧校园评估检查验收自评表",
    DocumentKind.RECOMMENDATION_LIST: "附件4 泰州市中小学智慧校园创建学校推荐名单表",
    DocumentKind.INSPECTION_REPORT: "现场评估报告",
    DocumentKind.SCHOOLS_INSPECTION_REPORT: "现场评估报告（学校存）",
    DocumentKind.PUBLICATION: "评估结果公布名单",
    DocumentKind.ARCHIVE: "周期归档（清单的 SHA-256）",
}


def _code(typed: str) -> str:
    code = normal(typed)
    if code is None:
        raise PydanticCustomError("bad_code", "验证码应为 {length} 位字母和数字，请核对", {"length": LENGTH})
    return code


# As it is typed from paper.
Code = Annotated[str, StringConstraints(max_length=100), AfterValidator(_code)]


class ListFormat(Model):
    """The kind of file that a list is wanted as."""

    format: Literal["docx", "xlsx"] = "docx"


class WorkbookFirst(Model):
    """The same, of a list that is a workbook where nothing is said."""

    format: Literal["docx", "xlsx"] = "xlsx"


class BundleQuery(Model):
    """Whose documents are wanted; all, where no district is given."""

    district: DistrictId | None = None


class VerifyQuery(Model):
    """The code that stands on the document, with or without its dashes."""

    code: Code


class VerifyPageQuery(Model):
    """The query of the page, which its script reads. Chat programs add parameters of their own to links."""

    model_config = ConfigDict(extra="ignore")

    code: str | None = None


class VerifiedDocument(Model):
    """What is stored of a document. `school` and `district` are null where it is not about one.

    `sha256` is the hash of its content as canonical JSON; it is `superseded` where what it says has changed since.
    """

    code: str = Field(description="as it is printed, with dashes")
    kind: DocumentKind
    kind_name: str
    cycle: str
    cycle_title: str
    school: Line | None
    district: Line | None
    made_at: Instant
    sha256: str
    state: Literal["current", "superseded"]
