"""Guessing passwords and invitation codes is slowed by account and by address, in all processes together."""

from datetime import timedelta
from hashlib import sha256
from math import ceil

from backend.deps import Deps
from backend.errors import TooManyRequests
from backend.store import attempts

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 50
PER_OPENID = 10


async def count_account(deps: Deps, account: str) -> None:
    """Counts an attempt at an account, known or not; raises `TooManyRequests` from the 11th in 15 minutes."""
    await _count(
        deps, _key("account", account), PER_ACCOUNT, "这个账号尝试的次数太多，请 15 分钟后再试，或使用登录链接"
    )


async def count_address(deps: Deps, address: str) -> None:
    """Counts an attempt from an address; raises `TooManyRequests` from the 51st in 15 minutes."""
    await _count(deps, _key("address", address), PER_ADDRESS, "您所在的网络尝试登录的次数太多，请 15 分钟后再试")


async def count_openid(deps: Deps, openid: str) -> None:
    """Counts an attempt of a WeChat user to bind; raises `TooManyRequests` from the 11th in 15 minutes."""
    await _count(deps, _key("openid", openid), PER_OPENID, "尝试绑定的次数太多，请 15 分钟后再试，或联系邀请您的管理员")


async def forget_openid(deps: Deps, openid: str) -> None:
    """The attempts of a WeChat user count no more: the last one was right."""
    await attempts.forget(deps.db, _key("openid", openid))


async def forget_account(deps: Deps, account: str) -> None:
    """The attempts at an account count no more: the last one was right."""
    await attempts.forget(deps.db, _key("account", account))


async def forgive_address(deps: Deps, address: str) -> None:
    """Takes the attempt back that was right: a whole office may share one address."""
    await attempts.take_back(deps.db, _key("address", address))


async def count_code(deps: Deps, address: str) -> None:
    """Counts a verification code that was asked for; raises `TooManyRequests` from the 51st wrong one in 15 minutes."""
    await _count(deps, _key("code", address), PER_ADDRESS, "您所在的网络输错的验证码太多，请 15 分钟后再试")


async def forgive_code(deps: Deps, address: str) -> None:
    """Takes the code back that was right."""
    await attempts.take_back(deps.db, _key("code", address))


async def _count(deps: Deps, key: str, limit: int, message: str) -> None:
    now = deps.clock()
    counted = await attempts.add(deps.db, key, now, WINDOW)
    if counted.count > limit:
        raise TooManyRequests(message, retry_after=ceil((counted.until - now).total_seconds()))


def _key(kind: str, value: str) -> str:
    """Phone numbers and addresses are personal data; their hash counts as well."""
    return f"{kind}:{sha256(value.encode()).hexdigest()}"
