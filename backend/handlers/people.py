"""People: their roles, their sessions, and the ties of inspectors."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.paging import Page, PageQuery
from backend.models.people_requests import AddedPerson, PeopleQuery, PersonChange, PersonSession, PersonView, Ties
from backend.services import people, people_access


class People(Handler):
    """/api/people"""

    @operation("person.list", query=PeopleQuery, answer=Page[PersonView])
    async def get(self) -> Page[PersonView]:
        """People by name; a district sees its officers and its schools' contacts."""
        return await people.list_page(self.deps, self.actor, self.query)

    @operation("person.add", body=AddedPerson, answer=PersonView, status=201, errors=(Conflict,))
    async def post(self) -> PersonView:
        """Add a person in a role; who is known by the phone number gets the role beside what they hold."""
        return await people.add(self.deps, self.actor, self.body)


class Person(Handler):
    """/api/people/{person_id}"""

    @operation("person.read", answer=PersonView)
    async def get(self, person_id: str) -> PersonView:
        """A person."""
        return await people.read(self.deps, self.actor, person_id)

    @operation("person.change", body=PersonChange, answer=PersonView, errors=(Conflict,))
    async def patch(self, person_id: str) -> PersonView:
        """Change a person's name, phone number or roles."""
        return await people.change(self.deps, self.actor, person_id, self.body)


class PersonSessions(Handler):
    """/api/people/{person_id}/sessions"""

    @operation("person.list_sessions", query=PageQuery, answer=Page[PersonSession])
    async def get(self, person_id: str) -> Page[PersonSession]:
        """Where a person is signed in."""
        return await people_access.list_sessions(self.deps, self.actor, person_id, self.query)

    @operation("person.end_sessions")
    async def delete(self, person_id: str) -> None:
        """Sign a person out everywhere, and make their sign-in links useless."""
        await people_access.end_sessions(self.deps, self.actor, person_id)


class OneSession(Handler):
    """/api/people/{person_id}/sessions/{session_id}"""

    @operation("person.end_session")
    async def delete(self, person_id: str, session_id: str) -> None:
        """Sign a person out on one device."""
        await people_access.end_session(self.deps, self.actor, person_id, session_id)


class PersonTies(Handler):
    """/api/people/{person_id}/ties"""

    @operation("person.set_ties", body=Ties, answer=PersonView, errors=(Conflict,))
    async def put(self, person_id: str) -> PersonView:
        """Declare the schools that an inspector must not be sent to (回避)."""
        return await people.set_ties(self.deps, self.actor, person_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/people", People),
    Route("/api/people/{person_id}", Person),
    Route("/api/people/{person_id}/sessions", PersonSessions),
    Route("/api/people/{person_id}/sessions/{session_id}", OneSession),
    Route("/api/people/{person_id}/ties", PersonTies),
)
