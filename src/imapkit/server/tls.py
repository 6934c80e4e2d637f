"""TLS on the server's side: the context, the certificate made when none is configured, and its renewal in place.

The context stays the same object for the life of the server, so a reload reaches listeners that are open, and sessions that resume.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import UsageError
from ..record import record

if TYPE_CHECKING:
    from cryptography import x509

DAYS: Final = 730
_RENEW_DAYS: Final = 30
_HOST: Final = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@record
class CertificateFiles:
    certificate: Path
    """The chain, the server's own first, in PEM."""
    key: Path


def make_context(files: CertificateFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer. Raises UsageError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Each costs a handshake its making and its sending, and whoever resumes gets a new one.
    context.num_tickets = 1
    try:
        context.load_cert_chain(files.certificate, files.key)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"the TLS certificate {files.certificate} with key {files.key} cannot be used: {reason}"
        ) from error
    return context


def load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    """Use these files for handshakes from now on. Raises UsageError, and then the ones before stay in use."""
    # A context keeps one certificate for each type of key, so loading an RSA one would leave an ECDSA one of before in use. A handshake
    # therefore borrows the certificate of a new context; the keys of session tickets stay those of the first.
    new = make_context(files)

    def lend(handshake: ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
        handshake.context = new  # called for clients that name no host, too

    context.sni_callback = lend


def self_signed(directory: Path, names: Sequence[str] = ()) -> tuple[CertificateFiles, bool]:
    """The certificate in ``directory``, made if there is none, it ends soon or lacks a name; True when it was made now.

    It is for loopback, the machine's name, and the host names and IP addresses of ``names``. Raises UsageError for what is neither.
    """
    files = CertificateFiles(directory / "cert.pem", directory / "key.pem")
    wanted = [_general_name(name) for name in names]
    if _is_good(files, wanted):
        return files, False
    certificate, key = _make(socket.gethostname(), wanted)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(files.key, key)
    _write(files.certificate, certificate)
    return files, True


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        ascii_name = ""
    if not _HOST.fullmatch(ascii_name):
        raise UsageError(f"a certificate is for host names like mail.example.com, not {name!r}")
    return x509.DNSName(ascii_name)


def _is_good(files: CertificateFiles, wanted: Sequence[x509.GeneralName]) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    except ValueError:
        return False
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    if left <= datetime.timedelta(days=_RENEW_DAYS):
        return False
    has = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(wanted) <= set(has)


def _make(host: str, wanted: Sequence[x509.GeneralName]) -> tuple[bytes, bytes]:
    """Certificate and key in PEM, for loopback, ``host`` and the names that are wanted."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (host or "localhost")[:64])])
    hosts = dict.fromkeys(["localhost", host or "localhost"])
    names: list[x509.GeneralName] = [x509.DNSName(each) for each in hosts if each.isascii()]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
    names = list(dict.fromkeys((*names, *wanted)))
    now = datetime.datetime.now(datetime.UTC)
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the owner's eyes only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
