"""What everybody may learn of a document by its verification code: what it is, and whether it still holds."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from backend.codes import spaced
from backend.deps import Deps
from backend.errors import NotFound
from backend.models.documents import KIND_NAMES, DocumentKind, VerifiedDocument
from backend.services import inspection_reports, official_lists, school_forms, throttle
from backend.services.documents import Printed
from backend.store import documents

# What a document would print now, by kind.
_AGAIN: Mapping[DocumentKind, Callable[[Deps, DocumentKind, str], Awaitable[Printed | None]]] = {
    DocumentKind.RUBRIC: official_lists.print_rubric_again,
    DocumentKind.APPLICATION_FORM: school_forms.print_again,
    DocumentKind.SELF_ASSESSMENT_FORM: school_forms.print_again,
    DocumentKind.RECOMMENDATION_LIST: official_lists.print_recommendation_list_again,
    DocumentKind.INSPECTION_REPORT: inspection_reports.print_again,
    DocumentKind.SCHOOLS_INSPECTION_REPORT: inspection_reports.print_again,
    DocumentKind.PUBLICATION: official_lists.print_publication_again,
}


async def verify(deps: Deps, address: str, code: str) -> VerifiedDocument:
    """The document with this code. Raises `NotFound`, and `TooManyRequests` for an address that guesses."""
    await throttle.count_code(deps, address)
    document = await documents.find(deps.db, code)
    if document is None:
        raise NotFound("没有验证码相符的文件，请核对验证码；若无误，这份文件不是由本系统生成的", code="unknown_code")
    await throttle.forgive_code(deps, address)
    kind = DocumentKind(document["kind"])
    # An archive says how things stood when it was made, and stays right.
    holds = kind is DocumentKind.ARCHIVE or await _still_says_so(deps, kind, document)
    return VerifiedDocument(
        code=spaced(code),
        kind=kind,
        kind_name=KIND_NAMES[kind],
        cycle=document["cycle"],
        cycle_title=document["cycle_title"],
        school=document["school"],
        district=document["district"],
        made_at=document["made_at"],
        sha256=document["sha256"],
        state="current" if holds else "superseded",
    )


async def _still_says_so(deps: Deps, kind: DocumentKind, document: Mapping[str, Any]) -> bool:
    now = await _AGAIN[kind](deps, kind, document["subject"])
    return now is not None and now.basis_sha256 == document["basis_sha256"]
