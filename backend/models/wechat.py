"""Coming in through WeChat: sign-in, binding, invitations, and the messages that a user accepts."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag

from backend.models.base import FromJson, Id, Instant, Line, Model
from backend.models.people import Holding, HoldingView, Role
from backend.models.sessions import SessionOpened, Token
from backend.models.tables import TableFilters

# What `wx.login` and the phone button give: opaque, good for five minutes and once.
WeChatCode = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
# As people type it: any case, with blanks or dashes.
InvitationCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]
TemplateId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class WeChatSignIn(Model):
    """The code of `wx.login`; the role to go on in, where the person holds several."""

    code: WeChatCode = Field(repr=False)
    holding: Holding | None = None


class KnownUser(Model):
    """The WeChat user is bound to a person, who is signed in now."""

    state: Literal["signed_in"] = "signed_in"
    session: SessionOpened


class UnboundUser(Model):
    """The WeChat user is not bound to anybody. With the ticket they may bind, and nothing else."""

    state: Literal["unbound"] = "unbound"
    ticket: Token = Field(repr=False)
    expires_at: Instant


WeChatSession = Annotated[KnownUser | UnboundUser, Discriminator("state")]


class BindByInvitation(Model):
    """Binds the WeChat user of the ticket to the person whom the invitation code is for."""

    ticket: Token = Field(repr=False)
    invitation: InvitationCode = Field(repr=False)


class BindByPhone(Model):
    """Binds the WeChat user of the ticket to the person with the phone number that WeChat verified.

    `phone_code` is the code of the button `getPhoneNumber`.
    """

    ticket: Token = Field(repr=False)
    phone_code: WeChatCode = Field(repr=False)


def _kind(data: Any) -> str:
    return "BindByPhone" if isinstance(data, dict) and "phone_code" in data else "BindByInvitation"


Binding = Annotated[
    Annotated[BindByInvitation, Tag("BindByInvitation")] | Annotated[BindByPhone, Tag("BindByPhone")],
    Discriminator(_kind),
]


class WebViewTicket(Model):
    """An address for a web-view that signs in by itself: once, and within a minute."""

    url: str = Field(repr=False)
    expires_at: Instant


class InvitationRequest(Model):
    """The role that the invitation is for; may be left out where the person holds just one."""

    holding: Holding | None = None


InvitationState = Literal["open", "used", "revoked", "expired"]


class InvitationView(Model):
    """An invitation; its code is not stored, and shown only to whoever made it, then."""

    id: Id
    holding: HoldingView
    state: InvitationState
    made_at: Instant
    expires_at: Instant
    used_at: Instant | None


class InvitationTableQuery(TableFilters):
    """Which invitations: in a state, for a role, for a person."""

    state: InvitationState | None = None
    role: FromJson[Role] | None = None
    person_id: Id | None = Field(None, description="for whom")
    sort: Literal["made_at", "-made_at"] = "-made_at"


class InvitationRow(InvitationView):
    """An invitation in the table of all, with whom it is for; `role` is what for, in words."""

    person_id: Id
    person_name: Line | None
    role: str
    made_by_name: Line | None


class InvitationMade(InvitationView):
    """A new invitation. `scene` is what a mini-program code (小程序码) carries; `qr` is that code as an image in a
    data: address, null where WeChat didn't make one."""

    code: Line = Field(repr=False)
    scene: Line = Field(repr=False)
    qr: str | None = Field(repr=False)


class PushQuery(Model):
    """What the address of a push carries. What WeChat adds beyond it is no concern of ours."""

    model_config = ConfigDict(extra="ignore")

    signature: str = Field("", repr=False)
    timestamp: str = ""
    nonce: str = ""
    echostr: str = ""
    encrypt_type: str = ""
    msg_signature: str = Field("", repr=False)


class Accept(Model):
    """What a person chose for a template in `wx.requestSubscribeMessage`: accept, reject, ban or filter.

    The client makes the id; `at` is the moment of the tap by the phone's clock.
    """

    id: Id
    template_id: TemplateId
    result: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,40}$")]
    at: Instant


class Accepts(Model):
    """What a person chose since the last report. The server corrects the times by the phone's clock `device_now`."""

    device_now: Instant
    accepts: Annotated[FromJson[tuple[Accept, ...]], Field(min_length=1, max_length=50)]


class Quota(Model):
    """A template, the events that it tells of, and how many of its messages the user has accepted and not yet been
    sent."""

    template_id: TemplateId
    events: list[Line]
    left: int


class Quotas(Model):
    """All templates whose messages need an accept each, with the user's quotas."""

    quotas: list[Quota]
