"""`python -m backend wechat-stub`: a WeChat of our own on this machine, for trying things without an account."""

import argparse
import asyncio
import signal
import sys
from importlib import import_module
from typing import Any

SUMMARY = "启动一个假的微信（只用于试用和测试），并给出所需的设置"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--port", type=int, default=8899, help="监听的端口（默认 8899）")
    parser.add_argument("--push-url", help="把事件推送到哪里，如 http://127.0.0.1:8888/wechat/push")
    parser.add_argument("--latency", type=float, default=0, help="每次回答前等多少秒（默认 0）")


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; gives 2 where it can't."""
    try:
        stub = import_module("tests.wechat_stub")
    except ModuleNotFoundError:
        sys.stderr.write("假的微信只在源代码里，安装包里没有。请在源代码的目录里执行这个命令。\n")
        return 2
    try:
        asyncio.run(_serve(stub.running_stub, args))
    except OSError as error:
        sys.stderr.write(f"不能监听端口 {args.port}（{error.strerror or error}）。请用 --port 换一个端口。\n")
        return 2
    return 0


async def _serve(running_stub: Any, args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_stub(args.port) as stub:
        stub.push_url, stub.latency, stub.tells = args.push_url, args.latency, args.push_url is not None
        settings = [f"ZHIPING_{name.upper()}={value}" for name, value in stub.settings.items()]
        sys.stdout.write(
            "\n".join(["假的微信已启动。智评用它时的设置：", *settings, "", _HELP.format(url=stub.url), ""])
        )
        sys.stdout.flush()
        await stop.wait()


_HELP = """试用（POST 的内容为 JSON）：
  curl -d '{{"openid": "o-1"}}' {url}/control/login-code        wx.login 的 code
  curl -d '{{"number": "13800000001"}}' {url}/control/phone-code  手机号的 code
  curl -d '{{"openid": "o-1", "template_id": "T"}}' {url}/control/accept  同意接收一条消息
  curl -d '{{"endpoint": "send", "errcode": -1, "times": 2}}' {url}/control/rule  接下来两次发送都回答 -1
  curl {url}/control/messages                                收到的消息（calls 为所有请求）
按 Ctrl-C 停止。"""
