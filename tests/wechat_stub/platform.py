"""What the stub knows: users, their codes and accepts, tokens, templates; and what it was asked."""

import secrets
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300
LOGINS_A_MINUTE = 100


@dataclass(slots=True)
class Code:
    """A single-use code and what it stands for."""

    value: str
    until: float
    used: bool = False


@dataclass(slots=True)
class Platform:
    """The state of WeChat, as far as one mini-program sees it. `now` moves with `advance`."""

    app_id: str = "wxba5fad812f8e6fb9"
    secret: str = "stub-secret-0123456789abcdef"
    ahead: float = 0
    unionids: bool = True
    # None: whatever template is asked for exists.
    templates: set[str] | None = None
    risky: tuple[str, ...] = ("违禁",)
    doubtful: tuple[str, ...] = ("可疑",)
    login_codes: dict[str, Code] = field(default_factory=dict)
    phone_codes: dict[str, Code] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    visited: dict[str, float] = field(default_factory=dict)
    accepts: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Templates that need no accept.
    long_term: set[str] = field(default_factory=set)
    tokens: dict[str, float] = field(default_factory=dict)
    newest: str | None = None
    logins: dict[str, deque[float]] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """The time of day."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Moves the time on: codes and tokens end."""
        self.ahead += seconds

    def code_for(self, openid: str) -> str:
        """A code as `wx.login` gives it; from now on the user is known, and was in the mini-program just now."""
        self.users.add(openid)
        return self._code(self.login_codes, openid)

    def phone_code(self, number: str) -> str:
        """A code as `getPhoneNumber` gives it."""
        return self._code(self.phone_codes, number)

    def accept(self, openid: str, template_id: str, count: int = 1) -> None:
        """The user accepts so many messages of a template."""
        self.users.add(openid)
        self.accepts[openid, template_id] += count

    def _code(self, codes: dict[str, Code], value: str) -> str:
        code = secrets.token_hex(16)
        codes[code] = Code(value, self.now + CODE_SECONDS)
        return code

    def redeem(self, codes: dict[str, Code], code: str) -> str | int:
        """What the code stands for, once; or the errcode."""
        found = codes.get(code)
        if found is None or found.until < self.now:
            return 40029
        if found.used:
            return 40163
        found.used = True
        return found.value

    def too_often(self, openid: str) -> bool:
        """Whether the user logs in more than a hundred times a minute."""
        recent = self.logins.setdefault(openid, deque())
        while recent and recent[0] < self.now - 60:
            recent.popleft()
        recent.append(self.now)
        return len(recent) > LOGINS_A_MINUTE

    def stable_token(self, *, force: bool = False) -> tuple[str, int]:
        """The token: the same until five minutes before its end; then the next, while the old one stays good."""
        until = self.tokens.get(self.newest or "", 0)
        if self.newest is None or force or until - self.now <= OVERLAP_SECONDS:
            if force and self.newest is not None:
                self.tokens[self.newest] = 0
            self.newest = f"{len(self.tokens)}_{secrets.token_urlsafe(60)}"
            until = self.tokens[self.newest] = self.now + TOKEN_SECONDS
        return self.newest, int(until - self.now)

    def token_error(self, token: str) -> int | None:
        """The errcode for a token that is no good."""
        if token not in self.tokens:
            return 40001
        if self.tokens[token] == 0:
            return 40001
        return None if self.tokens[token] > self.now else 42001

    def drop_tokens(self) -> None:
        """All tokens are void at once, as when somebody resets the secret."""
        for token in self.tokens:
            self.tokens[token] = 0
        self.newest = None

    def text_result(self, content: str) -> dict[str, Any]:
        """What msgSecCheck says of a text."""
        if any(word in content for word in self.risky):
            return {"suggest": "risky", "label": 20001}
        if any(word in content for word in self.doubtful):
            return {"suggest": "review", "label": 20006}
        return {"suggest": "pass", "label": 100}
