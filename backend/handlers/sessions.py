"""Signing in, who one is, signing out."""

from backend.errors import Conflict, Forbidden, NotFound, Unauthorised
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.models.sessions import LinkMade, LinkRequest, Me, PasswordChange, RedeemLink, SessionOpened, SignIn, Switch
from backend.services import me, sessions, sign_in_links


class Sessions(Handler):
    """/api/sessions"""

    @operation(id="session.open", body=SignIn, answer=SessionOpened, status=201, errors=(Unauthorised, Forbidden))
    async def post(self) -> SessionOpened:
        """Sign in by a single-use link, or by account and password."""
        if isinstance(self.body, RedeemLink):
            return await sessions.redeem(self.deps, self.body, self.agent)
        return await sessions.sign_in(self.deps, self.body, self.client_address, self.agent)


class CurrentSession(Handler):
    """/api/sessions/current"""

    @operation("session.switch", body=Switch, answer=SessionOpened)
    async def put(self) -> SessionOpened:
        """Go on in another of one's roles; the token is a new one."""
        return await sessions.switch(self.deps, self.actor, self.body.holding)

    @operation("session.close")
    async def delete(self) -> None:
        """Sign out."""
        await sessions.close(self.deps, self.actor)


class CurrentPerson(Handler):
    """/api/me"""

    @operation("me.read", answer=Me)
    async def get(self) -> Me:
        """Who is signed in, and in which role."""
        return await me.read(self.deps, self.actor)


class Password(Handler):
    """/api/me/password"""

    @operation("me.set_password", body=PasswordChange, errors=(Conflict,))
    async def put(self) -> None:
        """Set one's password; all other sessions end."""
        await me.set_password(self.deps, self.actor, self.body)


class SignInLinks(Handler):
    """/api/people/{person_id}/sign-in-links"""

    @operation("sign_in_link.make", body=LinkRequest, answer=LinkMade, status=201, errors=(NotFound, Conflict))
    async def post(self, person_id: str) -> LinkMade:
        """Make a single-use sign-in link for a person."""
        return await sign_in_links.make(self.deps, self.actor, person_id, self.body.holding)
