"""Files that answers are: to save under a name, whole or piece by piece."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, and the name that it is saved under."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """A file of unknown size, which is made while it is sent."""

    name: str
    pieces: AsyncGenerator[bytes]
