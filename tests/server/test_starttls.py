"""STARTTLS and imaps: injected commands die, passwords wait for TLS, and the made certificate is one a client can trust."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from imapkit.errors import UsageError
from imapkit.server import tls
from imapkit.server.address import Address
from imapkit.server.app import App
from imapkit.server.tls import CertificateFiles

from .wire import Wire, connect, options, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return tls.self_signed(tmp_path_factory.mktemp("tls"))[0]


def trusting(files: CertificateFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


async def upgrade(wire: Wire, files: CertificateFiles) -> None:
    await wire.writer.start_tls(trusting(files), server_hostname="localhost")


async def test_passwords_wait_for_tls(certificate: CertificateFiles) -> None:
    async with (
        serving(options(insecure=False), tls=certificate) as server,
        connect(server.host, server.port) as wire,
    ):
        words = (await wire.command(b"a1 CAPABILITY"))[0].split()
        assert b"LOGINDISABLED" in words and b"STARTTLS" in words
        assert not [word for word in words if word.startswith(b"AUTH=")]
        assert b"a2 NO [PRIVACYREQUIRED]" in (await wire.command(b"a2 LOGIN ann secret"))[-1]
        assert (
            b"a3 NO [PRIVACYREQUIRED]" in (await wire.command(b"a3 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ="))[-1]
        )
        await wire.command(b"a4 STARTTLS")
        await upgrade(wire, certificate)
        words = (await wire.command(b"a5 CAPABILITY"))[0].split()
        assert b"AUTH=PLAIN" in words
        assert b"LOGINDISABLED" not in words and b"STARTTLS" not in words
        assert b"a6 OK" in (await wire.command(b"a6 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ="))[-1]
        assert b"a7 BAD" in (await wire.command(b"a7 STARTTLS"))[-1]


async def test_what_is_pipelined_behind_starttls_is_never_run(certificate: CertificateFiles) -> None:
    async with serving(tls=certificate) as server, connect(server.host, server.port) as wire:
        await wire.send(b"a1 STARTTLS\r\na2 LOGIN ann secret\r\na3 NOO")
        assert (await wire.line()).startswith(b"a1 OK")
        await upgrade(wire, certificate)
        assert await wire.command(b"b1 NOOP") == [b"b1 OK NOOP completed\r\n"]
        assert b"b2 BAD" in (await wire.command(b"b2 SELECT INBOX"))[-1], "the injected LOGIN was not run"


async def test_a_failed_handshake_ends_that_session_alone(certificate: CertificateFiles) -> None:
    async with serving(tls=certificate) as server:
        async with connect(server.host, server.port) as wire:
            await wire.command(b"a1 STARTTLS")
            await wire.send(b"this is no handshake\r\n" * 10)
            try:
                assert b"OK" not in await wire.rest()
            except ConnectionResetError:
                pass  # as good an end
        async with connect(server.host, server.port) as wire:
            await wire.login()


async def test_without_a_certificate_there_is_no_starttls() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        assert b"STARTTLS" not in (await wire.command(b"a1 CAPABILITY"))[0]
        assert (await wire.command(b"a2 STARTTLS"))[-1].startswith(b"a2 NO")


async def test_imaps_and_a_renewed_certificate(certificate: CertificateFiles, tmp_path: Path) -> None:
    context = tls.make_context(certificate)
    async with serving() as server:
        app = App(server.store, server.directory, options(insecure=False), tls=context)
        try:
            await app.start([Address("imaps", "127.0.0.1")])
            port = app.addresses[0].port
            async with connect("127.0.0.1", port, context=trusting(certificate)) as wire:
                await wire.login()
                renewed, made = tls.self_signed(tmp_path)
                assert made
                tls.load(context, renewed)
                async with connect("127.0.0.1", port, context=trusting(renewed)) as other:
                    await other.login()
                assert (await wire.command(b"a1 NOOP"))[-1].startswith(b"a1 OK")
        finally:
            await app.stop()


def test_the_certificate_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    files, made = tls.self_signed(tmp_path / "tls")
    again, made_again = tls.self_signed(tmp_path / "tls")
    assert made and not made_again and again == files
    assert os.stat(files.key).st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "tls").st_mode & 0o777 == 0o700


def test_a_certificate_for_names_is_made_anew_when_one_is_missing(tmp_path: Path) -> None:
    def names(files: CertificateFiles) -> set[str]:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return {str(name.value) for name in alternative}

    files, _ = tls.self_signed(tmp_path)
    assert {"localhost", "127.0.0.1", "::1"} <= names(files)
    wanted = ["mail.example.com", "münchen.example", "192.0.2.1", "*.example.org"]
    files, made = tls.self_signed(tmp_path, wanted)
    has = names(files)
    assert (
        made
        and {"mail.example.com", "xn--mnchen-3ya.example", "192.0.2.1", "*.example.org", "localhost"} <= has
    )
    assert not tls.self_signed(tmp_path, wanted[:2])[1], "what has more names than asked for stays"
    assert tls.self_signed(tmp_path, ["other.example"])[1]


@pytest.mark.parametrize(
    "name", ["", "mail example.com", "a..b", "imaps://mail.example.com", "mail/x", "x" * 64 + ".de"]
)
def test_what_is_no_host_name_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="host names like mail.example.com"):
        tls.self_signed(tmp_path, [name])
    assert list(tmp_path.iterdir()) == []


def test_a_spoilt_certificate_is_made_anew(tmp_path: Path) -> None:
    files, _ = tls.self_signed(tmp_path)
    files.certificate.write_text("spoilt")
    assert tls.self_signed(tmp_path)[1]
    tls.make_context(files)


def test_files_that_do_not_fit_are_named_and_the_old_ones_stay(
    certificate: CertificateFiles, tmp_path: Path
) -> None:
    context = tls.make_context(certificate)
    other, _ = tls.self_signed(tmp_path)
    with pytest.raises(UsageError, match=str(other.key)):
        tls.load(context, CertificateFiles(certificate.certificate, other.key))
    with pytest.raises(UsageError, match="No such file"):
        tls.make_context(CertificateFiles(tmp_path / "none.pem", tmp_path / "none.key"))

    async def still_serves() -> None:
        async with serving(tls=certificate) as server, connect(server.host, server.port) as wire:
            await wire.command(b"a1 STARTTLS")
            await upgrade(wire, certificate)

    asyncio.run(still_serves())
