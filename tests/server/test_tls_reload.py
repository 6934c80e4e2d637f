"""A certificate renewed in place: the next handshake has it, whatever its type, and sessions of before are resumed."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from imapkit.errors import UsageError
from imapkit.server import tls


def make(folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> tls.CertificateFiles:
    folder.mkdir()
    files = tls.CertificateFiles(folder / "cert.pem", folder / "key.pem")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def handshake(
    server: ssl.SSLContext, client: ssl.SSLContext, host: str | None, session: ssl.SSLSession | None = None
) -> ssl.SSLObject:
    """The client's side, done, with a ticket."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    ours = client.wrap_bio(to_client, to_server, server_hostname=host, session=session)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    theirs.write(b"x")
    assert ours.read(1) == b"x"
    return ours


@pytest.mark.parametrize("host", ["localhost", None])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_another_type_of_key(tmp_path: Path, host: str | None, version: ssl.TLSVersion) -> None:
    curve = make(tmp_path / "ec", ec.generate_private_key(ec.SECP256R1()))
    modulus = make(tmp_path / "rsa", rsa.generate_private_key(65537, 2048))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.minimum_version = client.maximum_version = version
    context = tls.make_context(curve)
    session = handshake(context, client, host).session
    for files in (modulus, curve, modulus):
        tls.load(context, files)
        new = handshake(context, client, host)
        pem = files.certificate.read_text()
        assert new.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(pem)
        assert not new.session_reused
        assert handshake(context, client, host, session).session_reused


def test_what_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    files = make(tmp_path / "ec", ec.generate_private_key(ec.SECP256R1()))
    other = make(tmp_path / "other", ec.generate_private_key(ec.SECP256R1()))
    context = tls.make_context(files)
    client = ssl.create_default_context(cafile=str(files.certificate))
    client.check_hostname = False
    with pytest.raises(UsageError, match=r"cert\.pem"):
        tls.load(context, tls.CertificateFiles(files.certificate, other.key))
    with pytest.raises(UsageError, match=r"none\.pem"):
        tls.load(context, tls.CertificateFiles(tmp_path / "none.pem", other.key))
    handshake(context, client, "localhost")
