"""Registered schools."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.paging import Page
from backend.models.people_requests import NewContact, PersonView
from backend.models.schools import NewSchool, SchoolChange, SchoolQuery, SchoolView
from backend.services import contacts, schools


class Schools(Handler):
    """/api/schools"""

    @operation("school.list", query=SchoolQuery, answer=Page[SchoolView])
    async def get(self) -> Page[SchoolView]:
        """The schools that one may see, by district and name."""
        return await schools.list_page(self.deps, self.actor, self.query)

    @operation("school.register", body=NewSchool, answer=SchoolView, status=201, errors=(Conflict,))
    async def post(self) -> SchoolView:
        """Register a school."""
        return await schools.register(self.deps, self.actor, self.body)


class School(Handler):
    """/api/schools/{school_id}"""

    @operation("school.read", answer=SchoolView)
    async def get(self, school_id: str) -> SchoolView:
        """A school."""
        return await schools.read(self.deps, self.actor, school_id)

    @operation("school.change", body=SchoolChange, answer=SchoolView, errors=(Conflict,))
    async def patch(self, school_id: str) -> SchoolView:
        """Change what is known of a school."""
        return await schools.change(self.deps, self.actor, school_id, self.body)


class SchoolContact(Handler):
    """/api/schools/{school_id}/contacts/{person_id}"""

    @operation("contact.replace", body=NewContact, answer=PersonView, errors=(Conflict,))
    async def put(self, school_id: str, person_id: str) -> PersonView:
        """Put another person in the place of a school's contact; messages and work go on with them."""
        return await contacts.replace(self.deps, self.actor, school_id, person_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/schools", Schools),
    Route("/api/schools/{school_id}", School),
    Route("/api/schools/{school_id}/contacts/{person_id}", SchoolContact),
)
