"""A certificate authority of our own, for phones in the same network: browsers keep service workers, storage that lasts
and the camera for pages that come over HTTPS, and nobody sells certificates for 192.168.…

The authority is made once and stays in the data folder, its key for nobody but the owner; phones trust it once. The
certificate of the service is made anew at each start, for the addresses of that moment, and no longer valid than phones
accept (Apple: 825 days at most).
"""

import base64
import ipaddress
import os
import socket
import ssl
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

NAME = "智评（本机）"
_LEAF_DAYS = 397


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority's certificate, which phones install, and the service's chain and key."""

    authority: Path
    chain: Path
    key: Path


def own_address() -> str | None:
    """The address of this machine in its network, IPv4; None where it is in none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket only asks the routing table; the address is one reserved for documentation.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(address).is_loopback else address


def certificates(folder: Path, names: Iterable[str], now: datetime | None = None) -> Certificates:
    """The authority of `folder`, which is made where there is none, and a fresh certificate for these names."""
    now = now or datetime.now(UTC)
    made = Certificates(folder / "ca.crt", folder / "service.crt", folder / "service.key")
    authority = _authority(made.authority, folder / "ca.key")
    leaf = authority.issue_cert(*names, not_before=now - timedelta(days=1), not_after=now + timedelta(days=_LEAF_DAYS))
    _write(made.key, leaf.private_key_pem.bytes())
    _write(made.chain, b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    return made


def _authority(certificate: Path, key: Path) -> trustme.CA:
    if certificate.is_file() and key.is_file():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = trustme.CA(organization_name=NAME, organization_unit_name="本机证书")
    # The key first: a certificate without its key is made anew, and phones would trust the wrong one.
    _write(key, new.private_key_pem.bytes())
    _write(certificate, new.cert_pem.bytes())
    return new


def _write(file: Path, content: bytes) -> None:
    """Writes the file whole or not at all, readable by its owner alone."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
    half.replace(file)


def profile(certificate: bytes) -> bytes:
    """The authority as a configuration profile (.mobileconfig), the form in which iPhones install one.

    Source: Apple, "Configuration Profile Reference", payload com.apple.security.root.
    """
    body = base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate.decode())).decode()
    own = uuid.uuid5(uuid.NAMESPACE_OID, body)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array><dict>
<key>PayloadContent</key><data>{body}</data>
<key>PayloadIdentifier</key><string>zhiping.ca.{own}</string>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadUUID</key><string>{uuid.uuid5(own, "root")}</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadDisplayName</key><string>{NAME}</string>
</dict></array>
<key>PayloadDisplayName</key><string>{NAME}</string>
<key>PayloadIdentifier</key><string>zhiping.{own}</string>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>{own}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>
""".encode()
