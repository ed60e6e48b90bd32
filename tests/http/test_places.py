"""Where a photo was taken is for officers alone: no answer that a school may have holds a place."""

import io
import zipfile
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from backend.services.permissions import PERMISSIONS
from tests.http.arriving import Arrivals
from tests.http.conftest import Clock, StartService
from tests.http.samples import LINES, Case, actor_for, request_of
from tests.http.world import NOW, World, make_world
from tests.photos import photo
from tests.wechat_stub import running_stub

# Of which no other number in an answer has the digits.
IN_EXIF, AS_SAID = (41.876543, 87.612345), {"latitude": 43.198765, "longitude": 89.654321}
DIGITS = (b"41.87", b"87.61", b"43.19", b"89.65")


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> AsyncIterator[World]:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


def text_of(body: bytes) -> bytes:
    """What an answer says, unpacked where it is a document."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as document:
        return b"".join(document.read(name) for name in document.namelist())


async def test_no_answer_that_a_school_may_have_holds_a_place(world: World) -> None:
    subject, arrivals = await world.everything("hailing"), Arrivals(world.service.deps)
    school = SimpleNamespace(id=subject.school_id, submission_id=subject.submission_id)
    subject.evidence_id = await arrivals.evidence(school, "1.1.1", photo(1, size=(640, 480), place=IN_EXIF))
    said = {"location": AS_SAID, "taken_at": NOW}
    await arrivals.evidence(school, "1.1.2", photo(2, size=(640, 480)), said=said)
    taken = photo(3, size=(640, 480), place=IN_EXIF, taken_at=NOW)
    await arrivals.visit_photo(school, subject.visit_id, subject.member.person.id, "1.1.1", taken, NOW)
    await arrivals.check_all()
    path = f"/api/submissions/{subject.submission_id}/evidence"
    told = (await world.service.get(path, world.city.token)).body
    assert all(digits in told for digits in DIGITS), "the city is told, so that there is something to keep to oneself"
    asked, leaks = 0, []
    for role in ("school", "inspector", "lead"):
        actor = await actor_for(world, subject, role)
        held = "school" if role == "school" else "inspector"
        for line in LINES:
            may = line.operation.may is None or held in {each.value for each in PERMISSIONS[line.operation.may]}
            if line.verb != "GET" or not may:
                continue
            request = await request_of(line, Case(world, subject, actor, role))
            answer = await world.service.request("GET", request.path, token=actor.token, **request.sent)
            asked += answer.status == 200
            if any(digits in text_of(answer.body) for digits in DIGITS):
                leaks.append(f"{line.operation.id} as {role}")
    assert leaks == []
    assert asked > 30
