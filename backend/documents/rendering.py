"""Makes the file of whatever document there is. It can run in a thread as well as in a process of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from backend.documents import (
    application_form,
    inspection_report,
    publication,
    recommendation_list,
    rubric,
    self_assessment_form,
)
from backend.documents.contents import (
    ApplicationForm,
    InspectionReport,
    PublicationDocument,
    RecommendationListDocument,
    RubricDocument,
    SelfAssessmentForm,
    Stamp,
)
from backend.documents.inspection_report import Pictures

_DOCX: Mapping[type[Any], Callable[[Any, Stamp], bytes]] = {
    ApplicationForm: application_form.docx,
    PublicationDocument: publication.docx,
    RecommendationListDocument: recommendation_list.docx,
    RubricDocument: rubric.docx,
    SelfAssessmentForm: self_assessment_form.docx,
}
_XLSX: Mapping[type[Any], Callable[[Any, Stamp], bytes]] = {
    PublicationDocument: publication.xlsx,
    RecommendationListDocument: recommendation_list.xlsx,
}


def docx(content: Any, stamp: Stamp, pictures: Pictures) -> bytes:
    """The bytes of the .docx file of a content."""
    if isinstance(content, InspectionReport):
        return inspection_report.docx(content, stamp, pictures)
    return _DOCX[type(content)](content, stamp)


def xlsx(content: Any, stamp: Stamp) -> bytes:
    """The bytes of the .xlsx file of a content that is a table."""
    return _XLSX[type(content)](content, stamp)
