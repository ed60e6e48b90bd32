"""What a call of WeChat may come to: a small closed set, so that nobody outside the gateway sees a raw exception.

Nothing in here holds a secret, a token or WeChat's own text: answers may be stored and logged.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Refusal(StrEnum):
    """Why WeChat will not do it, however often it is asked."""

    BAD_CODE = "bad_code"  # 40029, 40163: unknown, expired or used
    BLOCKED = "blocked"  # 40226: the user is held to be dangerous
    NOT_ACCEPTED = "not_accepted"  # 43101: the user has not accepted, or no accept is left
    NO_SUCH_USER = "no_such_user"  # 40003
    NOT_VISITED = "not_visited"  # 61010: the user was not in the mini-program within two hours
    BAD_TEMPLATE = "bad_template"  # 40037
    BAD_PAGE = "bad_page"  # 41030
    BAD_FIELD = "bad_field"  # 47003
    OTHER = "other"


class Fault(StrEnum):
    """Why it did not work this time."""

    BUSY = "busy"  # -1
    TOO_OFTEN = "too_often"  # 45011: so many a minute
    AT_ONCE = "at_once"  # 43108: another message to the same person is under way
    DAY_LIMIT = "day_limit"  # 45009: no more until the next day
    UNREACHABLE = "unreachable"  # No connection came about.
    NO_ANSWER = "no_answer"  # Asked, and nothing (or not all) came back in time.
    NOT_WECHAT = "not_wechat"  # A 5xx, HTML, or anything else that WeChat does not say.
    OVERLOADED = "overloaded"  # Too many calls of our own wait already.
    NO_TOKEN = "no_token"  # noqa: S105 - a reason  # Another process was to fetch one, and did not in time.


class Wrong(StrEnum):
    """What an operator must put right in the settings or at WeChat."""

    CREDENTIALS = "credentials"  # 40001, 40014, 42001 with a fresh token; 40125: the secret
    APP_ID = "app_id"  # 40013
    ADDRESS = "address"  # 40164: this server's address is not on the list
    NOT_ALLOWED = "not_allowed"  # 48001: the mini-program has no right to this call


@dataclass(frozen=True, slots=True)
class Done(Generic[T_co]):
    """It is done; `value` is what came of it."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Refused:
    """WeChat refuses it for good. `field` is the template's field that 47003 complains of."""

    reason: Refusal
    errcode: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """A fault that passes. With `maybe_done`, WeChat may have done it all the same, and only its word is lost."""

    reason: Fault
    maybe_done: bool = False


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """No call will work until an operator puts it right."""

    reason: Wrong
    errcode: int


Failed: TypeAlias = Refused | RetryLater | Misconfigured
Answer: TypeAlias = Done[T_co] | Failed


@dataclass(frozen=True, slots=True)
class Login:
    """Who a `wx.login` code stands for. The session key stays out: nothing of ours needs it."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number that WeChat verified, without its country code."""

    number: str
    country_code: str


@dataclass(frozen=True, slots=True)
class TextCheck:
    """What WeChat thinks of a text; `label` is its number for what is wrong with it (100: nothing)."""

    suggest: Literal["pass", "review", "risky"]
    label: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A subscription message: values by the template's field keys, as they are to be shown."""

    openid: str
    template_id: str
    page: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and the seconds that it is good for."""

    value: str
    seconds: int
