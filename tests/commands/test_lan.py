"""`python -m backend lan`: HTTPS by an authority of its own, which is made once and handed out over plain HTTP."""

import signal
import ssl
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from backend.lan import certificates, profile
from tests.commands.running import environment
from tests.faults.processes import free_port


@contextmanager
def lan(folder: Path, settings: dict[str, str], port: int, trust_port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The command as a process, ready; it ends in good order."""
    options = ["--address", "127.0.0.1", "--port", str(port), "--trust-port", str(trust_port), "--no-demo"]
    with (folder / "lan.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend", "lan", *options],
            env=environment(folder, **settings),
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while "智评已启动" not in (folder / "lan.log").read_text():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "lan.log").read_text()
            time.sleep(0.05)
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def fetch(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """The body of a GET."""
    with urllib.request.urlopen(url, timeout=20, context=context) as answer:  # noqa: S310 - our own address
        return bytes(answer.read())


def test_a_phone_that_trusts_the_authority_comes_in(tmp_path: Path, external: dict[str, str]) -> None:
    port, trust_port = free_port(), free_port()
    with lan(tmp_path, external, port, trust_port):
        page = fetch(f"http://127.0.0.1:{trust_port}/").decode()
        assert f"https://127.0.0.1:{port}" in page and "证书信任设置" in page
        authority = fetch(f"http://127.0.0.1:{trust_port}/ca.crt")
        assert b"<plist" in fetch(f"http://127.0.0.1:{trust_port}/ca.mobileconfig")
        trusting = ssl.create_default_context(cadata=authority.decode())
        assert b"ok" in fetch(f"https://127.0.0.1:{port}/healthz", trusting)
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(f"https://127.0.0.1:{port}/healthz", ssl.create_default_context())
    said = (tmp_path / "lan.log").read_text()
    assert f"http://127.0.0.1:{trust_port}/" in said and "█" in said
    folder = tmp_path / "data" / "lan"
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    # The next start has the same authority: phones need not trust anew.
    with lan(tmp_path, external, port, trust_port):
        assert fetch(f"http://127.0.0.1:{trust_port}/ca.crt") == authority
        assert b"ok" in fetch(f"https://127.0.0.1:{port}/healthz", trusting)


def test_the_certificate_is_renewed_and_lives_as_long_as_phones_accept(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    first = certificates(tmp_path, {"192.168.1.7"}, now)
    authority, chain = first.authority.read_bytes(), first.chain.read_bytes()
    second = certificates(tmp_path, {"10.0.0.3"}, now + timedelta(days=300))
    assert second.authority.read_bytes() == authority and second.chain.read_bytes() != chain
    leaf, root = (x509.load_pem_x509_certificate(file.read_bytes()) for file in (second.chain, second.authority))
    # Apple refuses more than 825 days, also from an authority that the person installed.
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=825)
    assert leaf.not_valid_after_utc > now + timedelta(days=600)
    assert root.not_valid_after_utc > now + timedelta(days=3650)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.3"]
    leaf.verify_directly_issued_by(root)


def test_an_iphone_gets_the_same_authority_in_its_own_form(tmp_path: Path) -> None:
    import plistlib

    authority = certificates(tmp_path, {"192.168.1.7"}).authority.read_bytes()
    (payload,) = plistlib.loads(profile(authority))["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == ssl.PEM_cert_to_DER_cert(authority.decode())
    assert profile(authority) == profile(authority)
