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


TWO = """
after: nothing
S: * OK …
S2: * OK …
C: a1 LOGIN ann secret
S: a1 OK …
C2: b1 LOGIN ann secret
S2: b1 OK …
C: a2 CREATE One
S: a2 OK [MAILBOXID (${id})] …
C2: b2 STATUS One (MAILBOXID)
S2: * STATUS One (MAILBOXID (${id}))
S2: b2 OK …
C: a3 APPEND One {#}
S: + …
C: A: b
C:
C: c
S: a3 OK [APPENDUID …
C: a4 LOGOUT
S: * BYE …
S: a4 OK …
E:
"""


def test_two_connections_words_and_counted_literals(imap_server: ImapServer) -> None:
    transcript = Transcript.parse(TWO)
    said = transcript.play_against_server(imap_server.host, imap_server.port)
    assert transcript.notes == {"after": "nothing"}
    assert b"a3 APPEND One {9}\r\nA: b\r\n\r\nc\r\n" in said[""].client
    assert said["2"].server.endswith(b"b2 OK STATUS completed\r\n")


def test_a_word_keeps_its_meaning(imap_server: ImapServer) -> None:
    wrong = TWO.replace("b2 STATUS One", "b2 STATUS INBOX").replace("* STATUS One", "* STATUS INBOX")
    with pytest.raises(Mismatch, match="line 12"):
        Transcript.parse(wrong).play_against_server(imap_server.host, imap_server.port)


def test_an_end_that_does_not_come(imap_server: ImapServer) -> None:
    with pytest.raises(Mismatch, match="the end of the connection"):
        Transcript.parse("S: * OK …\nC: a1 NOOP\nE:").play_against_server(imap_server.host, imap_server.port)


def test_a_line_of_nobody() -> None:
    with pytest.raises(UsageError, match="line 2"):
        Transcript.parse("S: * OK\nX: what")
