"""A changed rubric: looked at before it is taken or left."""

from backend.config_files import MAX_BYTES
from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.rubric_changes import Adopted, Adoption, Candidate, Candidates, ChangedOutcomes, OutcomesQuery
from backend.services import rubric_candidates, rubric_changes

# Browsers know no type of YAML.
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain", "application/octet-stream")


class RubricCandidates(Handler):
    """/api/rubric/candidates"""

    @operation("rubric_candidate.list", answer=Candidates, errors=(Conflict,))
    async def get(self) -> Candidates:
        """The rubrics that were uploaded and neither taken nor left."""
        return await rubric_candidates.listed(self.deps, self.actor)

    @operation(
        "rubric_candidate.upload", body=Media(YAML, limit=MAX_BYTES), answer=Candidate, status=201, errors=(Conflict,)
    )
    async def post(self) -> Candidate:
        """Upload a changed rubric as YAML; the answer says what differs. Nothing else comes of it."""
        return await rubric_candidates.upload(self.deps, self.actor, self.body)


class RubricCandidate(Handler):
    """/api/rubric/candidates/{rubric_hash}"""

    @operation("rubric_candidate.read", answer=Candidate, errors=(Conflict,))
    async def get(self, rubric_hash: str) -> Candidate:
        """A candidate against the cycle's rubric as it is now."""
        return await rubric_candidates.read(self.deps, self.actor, rubric_hash)

    @operation("rubric_candidate.leave")
    async def delete(self, rubric_hash: str) -> None:
        """Leave the candidate."""
        await rubric_candidates.leave(self.deps, self.actor, rubric_hash)


class CandidateOutcomes(Handler):
    """/api/rubric/candidates/{rubric_hash}/outcomes"""

    @operation("rubric_candidate.compare", query=OutcomesQuery, answer=ChangedOutcomes, errors=(Conflict,))
    async def get(self, rubric_hash: str) -> ChangedOutcomes:
        """The schools whose outcome would be another one, a hundred looked at at a time."""
        return await rubric_candidates.outcomes(self.deps, self.actor, rubric_hash, self.query)


class CandidateAdoption(Handler):
    """/api/rubric/candidates/{rubric_hash}/adoption"""

    @operation("rubric_candidate.adopt", body=Adoption, answer=Adopted, errors=(Conflict,))
    async def post(self, rubric_hash: str) -> Adopted:
        """Take the candidate as the cycle's rubric; what is published stays with its own."""
        return await rubric_changes.adopt(self.deps, self.actor, rubric_hash, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/rubric/candidates", RubricCandidates),
    Route("/api/rubric/candidates/{rubric_hash}", RubricCandidate),
    Route("/api/rubric/candidates/{rubric_hash}/outcomes", CandidateOutcomes),
    Route("/api/rubric/candidates/{rubric_hash}/adoption", CandidateAdoption),
)
