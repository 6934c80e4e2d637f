"""Reaching a server from the command line: URLs, passwords, certificates."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imapkit.testing.plugin import ImapServer
from imapkit.tools.location import Access, is_local
from tests.support.imapkit_server import ImapkitServer, imapkit_server
from tests.support.process import free_port

from .conftest import Run


@pytest.mark.parametrize(
    ("url", "mailbox", "uid"),
    [
        ("imap://ann@host", None, None),
        ("imap://ann@host/", None, None),
        ("imaps://ann@host:993/Lists/K%C3%B6ln", "Lists/Köln", None),
        ("imap://ann@host/INBOX/;UID=20", "INBOX", "20"),
        ("imap://ann@host/INBOX;UIDVALIDITY=7/;UID=20/;SECTION=1", "INBOX", "20"),
        ("unix:/run/imap", None, None),
    ],
)
def test_what_a_url_names(url: str, mailbox: str | None, uid: str | None) -> None:
    access = Access(url)
    assert (access.mailbox, access.uid) == (mailbox, uid)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False),
     ("localhost.example.org", False), ("", False)],
)  # fmt: skip
def test_where_nobody_can_listen(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImapkitServer]:
    """A server with TLS alone, and a certificate that nobody vouches for."""
    data = tmp_path_factory.mktemp("secure") / "data"
    with imapkit_server(data, {"ann": "secret"}, arguments=("--listen", "imaps://127.0.0.1:0")) as server:
        yield server


def test_an_unknown_certificate_is_refused_with_its_fingerprint(
    secure: ImapkitServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "secret")
    url = f"imaps://ann@{secure.host}:{secure.port}"
    code, _, err = run("ls", url)
    assert code == 1 and "--cafile" in err and len(err.splitlines()) == 1
    fingerprint = err.rpartition("--fingerprint ")[2].strip()
    assert run("ls", url, "--fingerprint", fingerprint)[0] == 0
    assert run("ls", url, "--cafile", str(secure.data / "tls" / "cert.pem"))[0] == 0
    other = fingerprint[:-4] + ("0000" if not fingerprint.endswith("0000") else "1111")
    code, _, err = run("ls", url, "--fingerprint", other)
    assert code == 1 and "not the certificate" in err
    assert run("ls", url, "--fingerprint", "abc")[0] == 2


def test_passwords(secure: ImapkitServer) -> None:
    """From standard input, from the environment; never from nowhere, and never asked for in a pipe."""
    url = f"imaps://ann@{secure.host}:{secure.port}"
    command = [sys.executable, "-m", "imapkit", "ls", url, "--cafile", str(secure.data / "tls" / "cert.pem")]
    bare = {name: value for name, value in os.environ.items() if name != "IMAP_PASSWORD"}
    for extra, given, environment, code in (
        (["--password-stdin"], "secret\n", bare, 0),
        ([], "", bare | {"IMAP_PASSWORD": "secret"}, 0),
        ([], "", bare, 2),
        (["--password-stdin"], "", bare, 2),
    ):
        done = subprocess.run(
            [*command, *extra], input=given, env=environment, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == code, done.stderr
        assert len(done.stderr.splitlines()) == (code != 0)


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("imap://ann@127.0.0.1:{}", 1, "Connection refused"),
        ("imap://ann:secret@127.0.0.1:{}", 2, "password does not belong"),
        ("imap://127.0.0.1:{}", 2, "imap://NAME@127.0.0.1"),
        ("http://ann@127.0.0.1:{}", 2, "imaps://"),
        ("mail.example.org", 2, "imaps://user@host"),
        ("imap://ann@127.0.0.1:99999", 2, "ort"),
    ],
)
def test_where_there_is_no_server(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str, code: int, told: str
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "secret")
    got, _, err = run("ls", url.format(free_port()))
    assert got == code and told in err and len(err.splitlines()) == 1


def test_something_that_is_no_imap_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "secret")

    async def talk() -> tuple[int, str, str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await asyncio.to_thread(run, "ls", f"imap://ann@127.0.0.1:{port}")

    code, _, err = asyncio.run(talk())
    assert code == 1 and "not an IMAP server" in err and len(err.splitlines()) == 1


def test_a_server_that_says_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "secret")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code, _, err = run("ls", f"imap://ann@127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.3")
    assert code == 1 and "nothing came" in err and len(err.splitlines()) == 1


def test_a_url_is_not_a_path(tmp_path: Path, run: Run) -> None:
    code, _, err = run("ls", str(tmp_path))
    assert code == 2 and len(err.splitlines()) == 1


def test_a_port_without_tls_is_no_question_of_trust(
    imap_server: ImapServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", imap_server.password)
    code, _, err = run("ls", imap_server.url.replace("imap://", "imaps://"))
    assert code == 1
    assert (
        err
        == f"imapkit: {imap_server.host} does not begin with TLS on this port: imap:// begins it by STARTTLS\n"
    )


@pytest.mark.parametrize(
    ("where", "more", "told"),
    [
        ("imap://ann@mail..example.org", (), "not the name of a host: 'mail..example.org'"),
        (
            "imap://ann@localhost:1",
            ("--timeout", "-1"),
            "timeout is a number of seconds above zero, not -1.0",
        ),
        (
            "imap://ann@localhost:1",
            ("--timeout", "nan"),
            "timeout is a number of seconds above zero, not nan",
        ),
        ("imap://ann@localhost:1", ("--timeout", "0"), "timeout is a number of seconds above zero, not 0.0"),
    ],
)
def test_odd_values_are_wrong_usage(
    run: Run, monkeypatch: pytest.MonkeyPatch, where: str, more: tuple[str, ...], told: str
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "secret")
    assert run("ls", where, *more) == (2, "", f"imapkit: {told}\n")
