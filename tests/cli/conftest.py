"""The commands against real servers: our own and Dovecot, both with the same mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from imapkit import connect
from imapkit.testing.plugin import ImapServer
from imapkit.tools.cli import main
from tests.support.dovecot import Dovecot, DovecotMissing, dovecot

PASSWORD = "secret"

PLAIN = (
    b"From: Bob <bob@example.org>\nTo: ann@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
    b"Date: Fri, 15 Mar 2024 10:01:07 +0100\n\nHello Ann,\nhow are you?\n"
)
MIXED = (
    b"From: carol@example.org\nTo: ann@example.org\nSubject: two files\nDate: Sat, 16 Mar 2024 10:01:07 +0100\n"
    b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n'
    b"--x\nContent-Type: text/html; charset=utf-8\n\n<p>First</p><p>second &amp; last\x1b[31m</p>\n"
    b'--x\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename="../../etc/passwd"\n'
    b"Content-Transfer-Encoding: base64\n\nAAECAw==\n--x--\n"
)

Run = Callable[..., tuple[int, str, str]]


USERS = 100
_numbers = count(1)


@pytest.fixture(scope="session")
def shared_dovecot() -> Iterator[Dovecot]:
    """One for all tests of this process, with a user for each."""
    try:
        with dovecot({f"ann{number}": PASSWORD for number in range(1, USERS)}) as server:
            yield server
    except DovecotMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["imapkit", "dovecot"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A server whose INBOX holds a plain message that was read and a mixed one that was not."""
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    if request.param == "imapkit":
        server: ImapServer = request.getfixturevalue("imap_server")
        found = server.url
    else:
        other: Dovecot = request.getfixturevalue("shared_dovecot")
        found = f"imap://ann{next(_numbers)}@{other.host}:{other.port}"
    with connect(found, password=PASSWORD, allow_plaintext=True) as client:
        client.append("INBOX", PLAIN, flags=["\\Seen"], date=datetime(2024, 3, 15, 9, tzinfo=UTC))
        client.append("INBOX", MIXED, date=datetime(2024, 3, 16, 9, tzinfo=UTC))
        client.create("Lists")
        client.create("Lists/Köln")
    return found


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: exit code, standard output, standard error."""

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return command
