"""Makes the .docx file of whatever document there is."""

from collections.abc import Callable, Mapping
from typing import Any

from backend.documents import application_form, self_assessment_form
from backend.documents.contents import ApplicationForm, SelfAssessmentForm, Stamp

_MAKERS: Mapping[type[Any], Callable[[Any, Stamp], bytes]] = {
    ApplicationForm: application_form.docx,
    SelfAssessmentForm: self_assessment_form.docx,
}


def docx(content: Any, stamp: Stamp) -> bytes:
    """The bytes of the .docx file of a content."""
    return _MAKERS[type(content)](content, stamp)
