"""Files that answers are: bytes to save under a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, and the name that it is saved under."""

    name: str
    content: bytes
