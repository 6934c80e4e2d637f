"""TLS on the server's side: the context, the certificate made when none is configured, and its renewal in place.

The context stays the same object for the life of the server, so a reload reaches listeners that are open, and sessions that resume.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path

from ..errors import UsageError
from ..record import record

DAYS = 730
_RENEW_DAYS = 30


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


def self_signed(directory: Path) -> tuple[CertificateFiles, bool]:
    """The certificate in ``directory``, made if there is none or it ends soon; True when it was made now."""
    files = CertificateFiles(directory / "cert.pem", directory / "key.pem")
    if _is_good(files):
        return files, False
    certificate, key = _make(socket.gethostname())
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(files.key, key)
    _write(files.certificate, certificate)
    return files, True


def _is_good(files: CertificateFiles) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    except ValueError:
        return False
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left > datetime.timedelta(days=_RENEW_DAYS)


def _make(host: str) -> tuple[bytes, bytes]:
    """Certificate and key in PEM, for loopback and ``host``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (host or "localhost")[:64])])
    hosts = dict.fromkeys(["localhost", host or "localhost"])
    names: list[x509.GeneralName] = [x509.DNSName(each) for each in hosts if each.isascii()]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
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
