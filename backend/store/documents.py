"""Documents as they were printed: each content once, under its verification code. Nothing is ever changed here.

{_id: the code, schema, kind, subject (what it is about: an id), cycle, cycle_title, school (name) | None, district
(name) | None, made_at, made_by (person id), sha256, basis_sha256, content}

`content` is canonical JSON of what was printed and holds personal data; `sha256` is its hash. `basis_sha256` is the
hash of that part of it which, once changed, makes the document superseded.
"""

from collections.abc import Mapping
from typing import Any

from backend.store.mongo import Database, Document, Session

SCHEMA = 1
_WITHOUT_CONTENT = {"content": 0}


async def find_same(db: Database, session: Session | None, kind: str, subject: str, sha256: str) -> Document | None:
    """The document with this content, without it."""
    wanted = {"kind": kind, "subject": subject, "sha256": sha256}
    return await db.documents.find_one(wanted, _WITHOUT_CONTENT, session=session)


async def insert(db: Database, session: Session, document: Mapping[str, Any]) -> None:
    """Adds a document; there was none with its content within this transaction."""
    await db.documents.insert_one({"schema": SCHEMA, **document}, session=session)


async def find(db: Database, code: str) -> Document | None:
    """The document with this verification code, without its content."""
    return await db.documents.find_one({"_id": code}, _WITHOUT_CONTENT)
