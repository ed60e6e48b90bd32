"""A WeChat of our own, over HTTP: it behaves as the platform's documentation says, and fails on demand."""

from tests.wechat_stub.rules import Rule
from tests.wechat_stub.server import Stub, running_stub

__all__ = ["Rule", "Stub", "running_stub"]
