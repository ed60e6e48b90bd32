"""What a process of its own is asked for: it loads nothing of the service but how documents are made."""

from typing import Any

from backend.documents.contents import Stamp


def docx(content: Any, stamp: Stamp, pictures: dict[str, bytes]) -> bytes:
    """The bytes of the .docx file of a content."""
    from backend.documents import rendering  # Loads python-docx (see backend.documents.contents).

    return rendering.docx(content, stamp, pictures)
