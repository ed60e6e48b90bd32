"""Signing in and out: what is sent, and what is told about a session."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from backend.models.base import Id, Instant, Line, Model
from backend.models.people import Holding, HoldingView

# Secrets stand in fields with repr=False: so they are in no log and no traceback.
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
Account = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=128)]
NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=128)]


class RedeemLink(Model):
    """The token of a single-use sign-in link: what stands behind the # of its address."""

    link: Token = Field(repr=False)


class PasswordSignIn(Model):
    """An officer's account, which is their phone number, and password; the role, where they hold several."""

    account: Account = Field(repr=False)
    password: Password = Field(repr=False)
    holding: Holding | None = None


def _kind(data: Any) -> str:
    """Which of the two is meant. Tags stand in the places of errors, so no tag may be the name of a field."""
    return "RedeemLink" if isinstance(data, dict) and "link" in data else "PasswordSignIn"


SignIn = Annotated[
    Annotated[RedeemLink, Tag("RedeemLink")] | Annotated[PasswordSignIn, Tag("PasswordSignIn")], Discriminator(_kind)
]


class SessionView(Model):
    """A session's ends: it ends when it goes unused until `idle_until`, and at `expires_at` in any case."""

    id: Id
    opened_at: Instant
    idle_until: Instant
    expires_at: Instant


class Me(Model):
    """Who is signed in, in which role, and which roles they could switch to."""

    person_id: Id
    name: Line
    holding: HoldingView
    holdings: list[HoldingView]
    has_password: bool
    session: SessionView


class SessionOpened(Model):
    """A new session. The token is shown this once; it goes into `Authorization: Bearer` of every request."""

    token: Token = Field(repr=False)
    me: Me


class Switch(Model):
    """The role to go on in: one of the person's own."""

    holding: Holding


class PasswordChange(Model):
    """A new password; the current one, where there is one."""

    current: Password | None = Field(None, repr=False)
    new: NewPassword = Field(repr=False)


class LinkRequest(Model):
    """The role that the link signs in to; may be left out where the person holds just one."""

    holding: Holding | None = None


class LinkMade(Model):
    """A sign-in link, to be used once; `qr` is it as a PNG in a data: address."""

    url: str = Field(repr=False)
    qr: str = Field(repr=False)
    holding: HoldingView
    expires_at: Instant
