"""HTTPS at a fake supplier: a certificate of its own, and handshakes that fail on purpose."""

from __future__ import annotations

import ipaddress
import itertools
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gerbang.sandbox.faults import FaultSettings, OtherFault, happens

VALID_DAYS: Final = 365


def write_certificate(journal: Path, host: str) -> Path:
    """Write a key and its certificate beside the journal, as ``NAME.pem``; buyers must trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = journal.with_suffix(".pem")
    path.parent.mkdir(parents=True, exist_ok=True)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = _certificate(key, host).public_bytes(serialization.Encoding.PEM)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private + public)
    return path


def _certificate(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gerbang sandbox supplier")])
    begin = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=VALID_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    names = x509.SubjectAlternativeName([_general_name(host), x509.DNSName("localhost")])
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def refuse_some_handshakes(context: ssl.SSLContext, faults: FaultSettings) -> None:
    """Make the handshakes fail that `tls_failure` picks, by the number of the connection."""
    numbers = itertools.count(1)

    def greet(
        _connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        if happens(faults, OtherFault.TLS_FAILURE, f"connection {next(numbers)}"):
            return int(ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)
        return None

    # It is called for every hello, also for one that names no server.
    context.sni_callback = greet
