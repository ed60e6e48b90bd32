"""Coming in through WeChat: sign-in, binding, invitations, web-views, accepted messages."""

from backend.errors import Conflict, Forbidden, NotFound, Unauthorised
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.paging import Page, PageQuery, page_of
from backend.models.sessions import SessionOpened
from backend.models.wechat import (
    Accepts,
    Binding,
    InvitationMade,
    InvitationRequest,
    InvitationView,
    KnownUser,
    Quotas,
    UnboundUser,
    WebViewTicket,
    WeChatSession,
    WeChatSignIn,
)
from backend.services import accepts, invitations, sign_in_links, wechat_binding, wechat_sign_in


class WeChatSessions(Handler):
    """/api/wechat/sessions"""

    @operation(
        id="wechat.sign_in", body=WeChatSignIn, answer=WeChatSession, status=201, errors=(Unauthorised, Forbidden)
    )
    async def post(self) -> KnownUser | UnboundUser:
        """Sign in by the code of `wx.login`; whoever is unknown gets a ticket to bind with."""
        return await wechat_sign_in.sign_in(self.deps, self.body, self.agent)


class Bindings(Handler):
    """/api/wechat/bindings"""

    @operation(
        id="wechat.bind",
        body=Binding,
        answer=SessionOpened,
        status=201,
        errors=(Unauthorised, Forbidden, NotFound, Conflict),
    )
    async def post(self) -> SessionOpened:
        """Bind by an invitation code, or by the phone number that WeChat verified, and sign in."""
        return await wechat_binding.bind(self.deps, self.body, self.client_address, self.agent)


class WebViewTickets(Handler):
    """/api/wechat/web-view-tickets"""

    @operation("web_view_ticket.make", answer=WebViewTicket, status=201)
    async def post(self) -> WebViewTicket:
        """An address that carries oneself into a web-view: for one use, within a minute."""
        return await sign_in_links.make_for_web_view(self.deps, self.actor)


class AcceptReports(Handler):
    """/api/wechat/accepts"""

    @operation("accept.read", answer=Quotas, errors=(Conflict,))
    async def get(self) -> Quotas:
        """How many messages of each template one has accepted and not yet been sent."""
        return await accepts.read(self.deps, self.actor)

    @operation("accept.report", body=Accepts, answer=Quotas, errors=(Conflict,))
    async def post(self) -> Quotas:
        """Report what one chose for templates of messages; each choice counts once, however often it comes."""
        return await accepts.report(self.deps, self.actor, self.body)


class Invitations(Handler):
    """/api/people/{person_id}/invitations"""

    @operation("invitation.list", query=PageQuery, answer=page_of(InvitationView))
    async def get(self, person_id: str) -> Page[InvitationView]:
        """The invitations of a person, newest first; never their codes."""
        return await invitations.list_page(self.deps, self.actor, person_id, self.query)

    @operation("invitation.make", body=InvitationRequest, answer=InvitationMade, status=201, errors=(Conflict,))
    async def post(self, person_id: str) -> InvitationMade:
        """Make an invitation code for a person in a role; older ones for the same end."""
        return await invitations.make(self.deps, self.actor, person_id, self.body.holding)


class Invitation(Handler):
    """/api/people/{person_id}/invitations/{invitation_id}"""

    @operation("invitation.revoke", errors=(Conflict,))
    async def delete(self, person_id: str, invitation_id: str) -> None:
        """Make an invitation good for nothing."""
        await invitations.revoke(self.deps, self.actor, person_id, invitation_id)


class PersonWeChat(Handler):
    """/api/people/{person_id}/wechat"""

    @operation("wechat.unbind", errors=(Conflict,))
    async def delete(self, person_id: str) -> None:
        """Unbind a person's WeChat, and sign them out everywhere."""
        await wechat_binding.unbind(self.deps, self.actor, person_id)


ROUTES: tuple[Route, ...] = (
    Route("/api/wechat/sessions", WeChatSessions),
    Route("/api/wechat/bindings", Bindings),
    Route("/api/wechat/web-view-tickets", WebViewTickets),
    Route("/api/wechat/accepts", AcceptReports),
    Route("/api/people/{person_id}/invitations", Invitations),
    Route("/api/people/{person_id}/invitations/{invitation_id}", Invitation),
    Route("/api/people/{person_id}/wechat", PersonWeChat),
)
