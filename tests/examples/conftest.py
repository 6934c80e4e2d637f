"""A server with the sample account, and the lesson scripts as users start them.

The server is the one that the other programs get: our own, or Dovecot with IMAPKIT_TEST_SERVER=dovecot in the
environment, so that the lessons are proved against a server that nobody here wrote. Every test runs once for each flavour of lessons found.
"""

from __future__ import annotations

import imaplib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from imapkit.tools.demo_mail import CATALOGUE, MAILBOXES, SampleMessage
from tests.real_programs.peer import PASSWORD, TLS_NAME, Peer, start

EXAMPLES = Path(__file__).parents[2] / "examples"
FLAVOURS = sorted(path.parent.name for path in EXAMPLES.glob("*/connection.py"))
# The owner of the sample account, which the tests only read; and one for the lessons that change something.
READER, WRITER = "ann1", "ann2"
WIRE_NAMES = {"Reisen/Köln": "Reisen/K&APY-ln"}


def wire_name(mailbox: str) -> str:
    """The mailbox name as a rev1 command takes it, quoted."""
    return '"' + WIRE_NAMES.get(mailbox, mailbox) + '"'


def held(mailbox: str) -> list[SampleMessage]:
    """The messages that the fixture loads into a mailbox, in UID order from 1."""
    return [entry for entry in CATALOGUE if entry.mailbox == mailbox and entry.fits_literal]


def append(client: imaplib.IMAP4, mailbox: str, message: SampleMessage) -> None:
    flags, date = f"({' '.join(message.flags)})", imaplib.Time2Internaldate(message.internaldate)
    status, data = client.append(mailbox, flags, date, message.read())
    assert status == "OK", (message.file, data)


def login(server: Peer, user: str) -> imaplib.IMAP4:
    client = imaplib.IMAP4(server.host, server.port, timeout=20)
    client.login(user, PASSWORD)
    return client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with start(tmp_path_factory.mktemp("server")) as running:
        running.add(READER)
        running.add(WRITER)
        with login(running, READER) as client:
            existing = b" ".join(line for line in client.list()[1] if isinstance(line, bytes)).decode()
            for name in MAILBOXES:
                if WIRE_NAMES.get(name, name) not in existing.replace('"', "").split():
                    status, data = client.create(wire_name(name))
                    assert status == "OK", (name, data)
                for message in held(name):
                    append(client, wire_name(name), message)
        yield running


@dataclass(frozen=True)
class Lessons:
    """Runs the lesson scripts of one flavour."""

    server: Peer
    flavour: str

    def process(
        self, name: str, *arguments: str, user: str = READER, stdin: str = "", password: str = PASSWORD
    ) -> subprocess.CompletedProcess[str]:
        """The ended process of a lesson, without TLS."""
        where = ("--host", self.server.host, "--port", str(self.server.port), "--no-tls")
        return self.start(name, *where, "--user", user, *arguments, stdin=stdin, password=password)

    def process_over_tls(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The ended process of a lesson, over TLS."""
        where = ("--host", TLS_NAME, "--port", str(self.server.tls_port))
        return self.start(name, *where, "--user", READER, *arguments)

    def start(
        self, name: str, *arguments: str, stdin: str = "", password: str = PASSWORD
    ) -> subprocess.CompletedProcess[str]:
        """Run the script; -W error makes forgotten sockets visible."""
        environment = {
            **os.environ,
            "IMAP_PASSWORD": password,
            "PYTHONIOENCODING": "utf-8:strict",
            "PYTHONUTF8": "1",  # what the command line passes on is UTF-8 too, whatever the locale
            "TZ": "UTC",
        }
        return subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLES / self.flavour / f"{name}.py"), *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=40,
        )

    def run(self, name: str, *arguments: str, user: str = READER, stdin: str = "") -> list[str]:
        """The lines that a lesson prints; it must end with exit code 0 and nothing on standard error."""
        ended = self.process(name, *arguments, user=user, stdin=stdin)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
        return ended.stdout.splitlines()


@pytest.fixture(params=FLAVOURS)
def lessons(request: pytest.FixtureRequest, server: Peer) -> Lessons:
    return Lessons(server, request.param)


@dataclass(frozen=True)
class Workplace:
    """A mailbox of its own for one test, with a connection that looks at what a lesson did."""

    client: imaplib.IMAP4
    mailbox: str

    def fill(self, *files: str) -> None:
        """Append sample messages, named by the beginnings of their files."""
        for beginning in files:
            (message,) = (entry for entry in CATALOGUE if entry.file.startswith(beginning))
            append(self.client, self.mailbox, message)

    def subjects(self, mailbox: str | None = None) -> list[str]:
        """What is in the mailbox now, in UID order."""
        assert self.client.select(mailbox or self.mailbox, readonly=True)[0] == "OK"
        _, data = self.client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return [
            item[1].decode().strip().removeprefix("Subject: ") for item in data if isinstance(item, tuple)
        ]

    def fetch(self, messages: str, items: str) -> tuple[bytes, bytes]:
        """What FETCH answers in the mailbox selected last: the text around literals, and the literals, joined."""
        status, data = self.client.fetch(messages, items)
        assert status == "OK"
        around = b" ".join(item[0] if isinstance(item, tuple) else item or b"" for item in data)
        return around, b"".join(item[1] for item in data if isinstance(item, tuple))

    def subscribed(self, mailbox: str) -> bool:
        """Whether LSUB lists the mailbox."""
        return any(mailbox.encode() in line for line in self.client.lsub()[1] if isinstance(line, bytes))


_numbers = count(1)


@pytest.fixture
def workplace(server: Peer) -> Iterator[Workplace]:
    name = f"Work{next(_numbers)}"
    with login(server, WRITER) as client:
        assert client.create(name)[0] == "OK"
        yield Workplace(client, name)
