"""Sessions as a person types them: through `openssl s_client`, and through a bare socket as telnet does.

Lines end in LF alone, commands come in small letters, with empty lines and mistakes in between; the server answers
each mistake and the session goes on.
"""

import os
import re
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import pytest

from tests.programs import need

from .mail import Account, message
from .peer import TLS_NAME

pytestmark = pytest.mark.real_program


class Line(Protocol):
    """What a person types into and reads from."""

    def send(self, data: bytes) -> None: ...

    def receive(self, wait: float) -> bytes: ...


class Typist:
    """Types a line, then waits for what the server must answer."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.seen = b""

    def expect(self, pattern: str, deadline: float = 15.0) -> re.Match[bytes]:
        """Wait until a line matches; everything up to its end is then read."""
        compiled = re.compile(
            pattern.encode() + rb"[^\r\n]*\r?\n", re.MULTILINE
        )  # mail typed with LF comes back so
        give_up = time.monotonic() + deadline
        while not (match := compiled.search(self.seen)):
            left = give_up - time.monotonic()
            assert left > 0, f"waited for {pattern!r}, saw {self.seen!r}"
            data = self.line.receive(left)
            assert data, f"the server hung up; waited for {pattern!r}, saw {self.seen!r}"
            self.seen += data
        self.seen = self.seen[match.end() :]
        return match

    def type(self, text: str, answer: str) -> re.Match[bytes]:
        """Type a line with LF at its end, then wait for the answer."""
        self.line.send(text.encode() + b"\n")
        return self.expect(answer)


class SocketLine:
    """A bare connection, as telnet has; one byte at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, data: bytes) -> None:
        for byte in data:
            self.connection.sendall(bytes([byte]))

    def receive(self, wait: float) -> bytes:
        self.connection.settimeout(wait)
        return self.connection.recv(65536)


class ProgramLine:
    """Standard input and output of a program."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self, wait: float) -> bytes:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(wait), "silence"
        return os.read(self.process.stdout.fileno(), 65536)


@contextmanager
def s_client(account: Account, *arguments: str) -> Iterator[Typist]:
    """`openssl s_client`, with the server's certificate verified."""
    command = [need("openssl"), "s_client", "-quiet", "-verify_return_error", "-verify_hostname", TLS_NAME,
               "-CAfile", str(account.peer.certificate), *arguments]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Typist(ProgramLine(process))
        finally:
            process.terminate()


@contextmanager
def bare(account: Account) -> Iterator[Typist]:
    """A bare connection, the greeting read."""
    with socket.create_connection((account.peer.host, account.peer.port), timeout=15) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        typist = Typist(SocketLine(connection))
        typist.expect(r"^\* OK")
        yield typist


def quoted(account: Account) -> str:
    return '"' + account.password.replace("\\", "\\\\").replace('"', '\\"') + '"'


def a_first_session(typist: Typist, account: Account) -> None:
    """The session of every tutorial: log in, list, select, fetch, search, log out."""
    typist.type("a1 capability", r"^\* CAPABILITY .*IMAP4rev1")
    typist.expect("^a1 OK")
    typist.type(f"a2 login {account.name} {quoted(account)}", "^a2 OK")
    typist.type('a3 list "" "*"', r"^\* LIST \([^)]*\) \"/\" \"?INBOX")
    typist.expect("^a3 OK")
    typist.type("a4 select inbox", r"^\* 2 EXISTS")
    typist.expect(r"^a4 OK \[READ-WRITE\]")
    typist.type("a5 fetch 1 (flags body.peek[header.fields (subject)])", r"^\* 1 FETCH \(.*\{(\d+)\}")
    typist.expect("^Subject: Message 1")
    typist.expect("^a5 OK")
    typist.type("a6 uid search subject message", r"^\* SEARCH 1 2")
    typist.expect("^a6 OK")
    typist.type("a7 store 2 +flags (\\flagged)", r"^\* 2 FETCH \(.*\\Flagged")
    typist.expect("^a7 OK")
    typist.type("a8 logout", r"^\* BYE")
    typist.expect("^a8 OK")


def test_openssl_imaps(account: Account) -> None:
    account.deliver([message(1), message(2)])
    with s_client(account, "-connect", f"localhost:{account.peer.tls_port}") as typist:
        typist.expect(r"^\* OK")
        a_first_session(typist, account)


def test_openssl_starttls(account: Account) -> None:
    account.deliver([message(1), message(2)])
    with s_client(account, "-starttls", "imap", "-connect", f"localhost:{account.peer.port}") as typist:
        # s_client has read the greeting itself, and shows the rest of the plain text, if anything.
        a_first_session(typist, account)


def test_bare(account: Account) -> None:
    account.deliver([message(1), message(2)])
    with bare(account) as typist:
        a_first_session(typist, account)


def test_mistakes_are_answered_and_the_session_goes_on(account: Account) -> None:
    with bare(account) as typist:
        typist.type("a1 helo", "^a1 BAD")
        typist.type(f"a4 login {account.name} wrong", r"^a4 NO \[AUTHENTICATIONFAILED\]")
        typist.type(f"a5 login {account.name} {quoted(account)}", "^a5 OK")
        typist.type("a6 fetch 1 flags", "^a6 (BAD|NO)")
        typist.type("a7 select nowhere", r"^a7 NO")
        typist.type("a8 select inbox", "^a8 OK")
        typist.type("a9 fetch one flags", "^a9 BAD")
        typist.type("b1 fetch 1:* (flags", "^b1 BAD")
        typist.type('b2 list "" "*', "^b2 BAD")
        typist.type("b3 search from", "^b3 BAD")
        typist.type("b4 noop", "^b4 OK")


def test_literals_as_typed(account: Account) -> None:
    """The server asks for a literal with `+`; then the bytes that were counted, whatever their line ends."""
    with bare(account) as typist:
        typist.type(f"a1 login {{{len(account.name)}}}", r"^\+")
        typist.type(f"{account.name} {{{len(account.password)}}}", r"^\+")
        typist.type(account.password, "^a1 OK")
        text = "Subject: typed\n\nhello\n"
        typist.type(f"a2 append inbox (\\seen) {{{len(text)}}}", r"^\+")
        typist.type(text, r"^a2 OK \[APPENDUID \d+ 1\]")
        typist.type("a3 select inbox", r"^\* 1 EXISTS")
        typist.expect("^a3 OK")
        typist.type("a4 fetch 1 body[header.fields (subject)]", r"^Subject: typed")
        typist.expect("^a4 OK")


def test_authenticate_and_change_of_mind(account: Account) -> None:
    with bare(account) as typist:
        typist.type("a1 authenticate plain", r"^\+")
        typist.type("*", "^a1 BAD")
        typist.type("a2 noop", "^a2 OK")


def test_idle(account: Account) -> None:
    with bare(account) as typist:
        typist.type(f"a1 login {account.name} {quoted(account)}", "^a1 OK")
        typist.type("a2 select inbox", "^a2 OK")
        typist.type("a3 idle", r"^\+")
        account.deliver([message(1)])
        typist.expect(r"^\* 1 EXISTS")
        typist.type("done", "^a3 OK")
