"""Documents that people print: each content is kept once under a verification code, which stands on the paper.

What a document prints is a frozen dataclass of `backend.documents`. It is hashed as canonical JSON, so that the paper,
the hash and what `/verify` says of them are of the same content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from backend.codes import new_code
from backend.deps import Deps
from backend.documents.contents import Stamp
from backend.models.documents import DocumentKind
from backend.models.people import Actor
from backend.services.audit import audit
from backend.services.cycles import OpenCycle
from backend.services.snapshots import canonical, digest
from backend.store import documents
from backend.store.mongo import Session, transact

Form = Literal["docx", "xlsx"]

# The part of a content that offices add to what the school said: it makes no document superseded.
_ADDED_LATER = "opinions"


@dataclass(frozen=True, slots=True)
class Printed:
    """A document to print: what it is about (`subject` is an id), and its content, a frozen dataclass."""

    kind: DocumentKind
    subject: str
    cycle: OpenCycle
    content: Any
    school: str | None = None
    district: str | None = None

    @property
    def text(self) -> str:
        """The content as canonical JSON."""
        return canonical(self.content, _fields)

    @property
    def basis_sha256(self) -> str:
        """The hash by which a document is told to be superseded."""
        basis = {name: value for name, value in _fields(self.content).items() if name != _ADDED_LATER}
        return digest(canonical(basis, _fields))


def _fields(part: Any) -> dict[str, Any]:
    # dataclasses.asdict would copy everything below, which takes longer than writing it down.
    return {each.name: getattr(part, each.name) for each in fields(part)}


async def issue(deps: Deps, actor: Actor, printed: Printed) -> tuple[str, datetime]:
    """Keeps the content under a new code, or finds the code that it has; gives the code, and when it was made."""
    # Of a report it is some 100 KB of JSON.
    text, sha256 = await deps.threads.run(lambda: _hashed(printed))
    # A content that is kept stays. Only a new one is looked for again in a transaction.
    if known := await documents.find_same(deps.db, None, printed.kind, printed.subject, sha256):
        return known["_id"], known["made_at"]
    basis_sha256 = await deps.threads.run(lambda: printed.basis_sha256)

    async def work(transaction: Session) -> tuple[str, datetime]:
        known = await documents.find_same(deps.db, transaction, printed.kind, printed.subject, sha256)
        if known is not None:
            return known["_id"], known["made_at"]
        code, now = new_code(), deps.clock()
        document = {
            "_id": code,
            "kind": printed.kind.value,
            "subject": printed.subject,
            "cycle": printed.cycle.id,
            "cycle_title": printed.cycle.cycle.title,
            "school": printed.school,
            "district": printed.district,
            "made_at": now,
            "made_by": actor.person_id,
            "sha256": sha256,
            "basis_sha256": basis_sha256,
            "content": text,
        }
        await documents.insert(deps.db, transaction, document)
        after = {"kind": printed.kind.value, "subject": printed.subject, "sha256": sha256}
        await audit(deps, transaction, actor, "document.made", "document", code, after=after)
        return code, now

    return await transact(deps.db, work)


def _hashed(printed: Printed) -> tuple[str, str]:
    text = printed.text
    return text, digest(text)


async def render(
    deps: Deps, actor: Actor, printed: Printed, form: Form = "docx", pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The file of the content, with the stamp of its code; made in a thread. `pictures` are by their SHA-256."""
    stamp = await stamped(deps, actor, printed)
    return await deps.threads.run(lambda: make(printed.content, stamp, form, pictures or {}))


async def stamped(deps: Deps, actor: Actor, printed: Printed) -> Stamp:
    """What is printed at the foot of the content: its code, which it has or gets now."""
    code, made_at = await issue(deps, actor, printed)
    return Stamp(code, made_at, f"{deps.settings.base_url}/verify")


def make(content: Any, stamp: Stamp, form: Form, pictures: Mapping[str, bytes]) -> bytes:
    """The file itself; it takes its time."""
    from backend.documents import rendering  # Loads python-docx (see backend.documents.contents).

    return rendering.docx(content, stamp, pictures) if form == "docx" else rendering.xlsx(content, stamp)
