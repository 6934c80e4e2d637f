"""The transcript runner, against our server and with our client; and that it notices."""

from __future__ import annotations

import pytest

from imapkit import connect
from imapkit.errors import UsageError
from imapkit.testing.plugin import ImapServer
from imapkit.testing.transcript import Mismatch, Transcript

APPEND = """
# RFC 9051 section 6.3.12, with a literal that does not wait
S: * OK …
C: a1 LOGIN ann secret
S: a1 OK …
C: a2 APPEND Drafts (\\Draft) {15+}
C: Subject: x
C:
C: y
S: a2 OK [APPENDUID … 1] …
C: a3 STATUS Drafts (MESSAGES)
S: * STATUS Drafts (MESSAGES 1)
S: a3 OK …
"""

SESSION = """
S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready
C: A AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
S: A OK [CAPABILITY IMAP4rev1] in
C: B STATUS Lists (…)
S: * STATUS Lists (MESSAGES 7)
S: B OK done
C: C LOGOUT
S: * BYE …
S: C OK done
"""


def test_against_a_server(imap_server: ImapServer) -> None:
    Transcript.parse(APPEND).play_against_server(imap_server.host, imap_server.port)


def test_against_a_client() -> None:
    with (
        Transcript.parse(SESSION).as_server() as (host, port),
        connect(f"imap://ann@{host}:{port}", password="secret", allow_plaintext=True) as client,
    ):
        assert client.status("Lists", "MESSAGES").messages == 7


def test_a_server_that_strays_is_noticed(imap_server: ImapServer) -> None:
    wrong = APPEND.replace("(MESSAGES 1)", "(MESSAGES 2)")
    with pytest.raises(Mismatch) as caught:
        Transcript.parse(wrong).play_against_server(imap_server.host, imap_server.port)
    assert (caught.value.line, caught.value.got) == (12, "* STATUS Drafts (MESSAGES 1)")


def test_a_client_that_strays_is_noticed() -> None:
    with pytest.raises(Mismatch) as caught, Transcript.parse(SESSION).as_server() as (host, port):
        connect(f"imap://ann@{host}:{port}", password="secret", allow_plaintext=True).logout()  # no STATUS
    assert caught.value.line == 5


def test_a_line_of_nobody() -> None:
    with pytest.raises(UsageError, match="line 2"):
        Transcript.parse("S: * OK\nX: what")
