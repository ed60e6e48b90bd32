"""`python -m backend lan`: the service over HTTPS for phones in the same network, as `make run-lan` starts it.

A small page over plain HTTP hands out the certificate authority's certificate and says how a phone comes to trust it.
"""

import argparse
import html
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from backend.lan import certificates, own_address, profile
from backend.services.sign_in_links import terminal_qr
from backend.settings import Settings, SettingsError, load_settings

SUMMARY = "在本机网络里以 HTTPS 启动服务，供同一网络里的手机试用（make run-lan）"

_PORT, _TRUST_PORT = 8443, 8080
_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>信任智评的证书</title>
<style>body{{font:1.1rem/1.7 sans-serif;max-width:40rem;margin:auto;padding:1rem}}
a{{display:inline-block;padding:.5rem 0}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}a{{color:#8cf}}}}</style>
<h1>先信任证书，再打开智评</h1>
<p>离线使用、拍照和长期保存需要安全连接。这台电脑用自己的证书，每部手机只需信任一次。</p>
<h2>安卓手机</h2>
<ol><li><a href="/ca.crt">下载证书 ca.crt</a></li>
<li>打开“设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书”，选刚下载的文件
（各品牌名称略有不同，可在设置里搜索“证书”）。</li></ol>
<h2>苹果手机</h2>
<ol><li>用 Safari 打开本页，<a href="/ca.mobileconfig">下载描述文件</a>，选“允许”。</li>
<li>打开“设置 → 通用 → VPN 与设备管理”，安装“智评（本机）”。</li>
<li>打开“设置 → 通用 → 关于本机 → 证书信任设置”，打开“智评（本机）”的开关。</li></ol>
<h2>然后</h2>
<p><a href="{url}">打开智评：{url}</a></p>
<p>证书只用于试用。不再使用时，请在手机的设置里删除它。</p>
</html>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--address", help="手机访问本机所用的地址；不写则取本机在网络里的地址")
    parser.add_argument("--port", type=int, default=_PORT, help=f"HTTPS 的端口，默认 {_PORT}")
    parser.add_argument("--trust-port", type=int, default=_TRUST_PORT, help=f"下载证书的端口，默认 {_TRUST_PORT}")
    parser.add_argument("--no-demo", action="store_true", help="不填入演示数据")


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; 2 where it can't start."""
    address = args.address or own_address()
    if address is None:
        sys.stderr.write("没有找到本机在网络里的地址。请连上 Wi-Fi 或网线，或用 --address 指定。\n")
        return 2
    url = f"https://{address}:{args.port}"
    try:
        settings = load_settings(host="0.0.0.0", port=args.port, public_url=url)  # noqa: S104 - phones come from outside
    except SettingsError as error:
        sys.stderr.write(f"智评没有启动。{error}\n")
        return 2
    made = certificates(settings.data_folder / "lan", {address, "127.0.0.1", "localhost"})
    try:
        trust = ThreadingHTTPServer(("", args.trust_port), partial(_Trust, url, made.authority.read_bytes()))
    except OSError as error:
        sys.stderr.write(f"不能监听端口 {args.trust_port}（{error.strerror}）。请用 --trust-port 换一个端口。\n")
        return 2
    with trust:
        threading.Thread(target=trust.serve_forever, daemon=True).start()
        _tell(f"http://{address}:{trust.server_port}/", url)
        try:
            return _serve(settings, made.chain, made.key, made.authority, demo=not args.no_demo)
        finally:
            trust.shutdown()


def _tell(trust_url: str, url: str) -> None:
    sys.stdout.write(
        f"{terminal_qr(trust_url)}\n请让手机连上与本机相同的网络，扫描上面的二维码（{trust_url}），"
        f"按页面提示信任证书，然后打开 {url}。\n电脑的防火墙须允许手机访问这两个端口。\n"
    )
    sys.stdout.flush()


def _serve(settings: Settings, chain: Path, key: Path, authority: Path, *, demo: bool) -> int:
    """The service as a process of its own; signals are passed on."""
    environment = os.environ | {
        "ZHIPING_HOST": settings.host,
        "ZHIPING_PORT": str(settings.port),
        "ZHIPING_PUBLIC_URL": settings.base_url,
        "ZHIPING_TLS_CERTIFICATE": str(chain.absolute()),
        "ZHIPING_TLS_KEY": str(key.absolute()),
        # The demonstration comes in by the same door as the phones.
        "SSL_CERT_FILE": str(authority.absolute()),
    }
    service = subprocess.Popen(
        [sys.executable, "-m", "backend", "serve", *(["--demo"] if demo else [])], env=environment
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: service.send_signal(signal.SIGTERM))
    return service.wait()


class _Trust(BaseHTTPRequestHandler):
    """The page with the steps, and the certificate in the two forms that phones take."""

    def __init__(self, url: str, certificate: bytes, *args: object) -> None:
        self.answers = {
            "/": ("text/html; charset=utf-8", _PAGE.format(url=html.escape(url)).encode()),
            "/ca.crt": ("application/x-x509-ca-cert", certificate),
            "/ca.mobileconfig": ("application/x-apple-aspen-config", profile(certificate)),
        }
        super().__init__(*args)  # type: ignore[arg-type] # what the server gives every handler

    def do_GET(self) -> None:
        """The page, or one of the files; the page too for whatever else is asked for."""
        content_type, body = self.answers.get(self.path, self.answers["/"])
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class has
        """Nothing: addresses of phones belong into no log."""
