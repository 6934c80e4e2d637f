"""Our client against our server through a relay that cuts every octet stream anywhere: the same session, whatever the cuts."""

from __future__ import annotations

import pytest

import imapkit

from .chopper import chopped

SMALL = b"From: Bob <bob@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"
LARGE = b"From: ann@example.org\r\nSubject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 9000
TRICKY = b"Subject: literal {5}\r\n\r\n* 1 EXISTS\r\na1 OK no\r\n{3}\r\n+ go\r\n"


@pytest.mark.parametrize("seed", range(4))
def test_a_session_through_the_chopper(seed: int) -> None:
    with (
        imapkit.serve_in_thread({"ann": "secret"}) as server,
        chopped(server.port, seed) as port,
        imapkit.connect(f"imap://ann@127.0.0.1:{port}", password="secret", allow_plaintext=True) as client,
    ):
        client.create("Größe/日本")
        for message in (SMALL, LARGE, TRICKY):
            client.append("INBOX", message, flags=["\\Flagged"])
        inbox = client.select("INBOX")
        assert inbox.search(imapkit.ALL).uids() == [1, 2, 3]
        assert inbox.search(imapkit.FROM("bob") & imapkit.SUBJECT("grüße")).uids() == [1]
        assert inbox.search(imapkit.LARGER(100_000)).uids() == [2]
        assert [message.raw for message in inbox.all().fetch(imapkit.Body)] == [SMALL, LARGE, TRICKY]
        assert inbox.search(imapkit.SUBJECT("large")).move("Größe/日本") == {2: 1}
        assert inbox.all().uids() == [1, 3]
        assert client.status("Größe/日本", "MESSAGES", "UNSEEN").messages == 1
        inbox.uids(1).flag(deleted=True)
        inbox.expunge()
        assert inbox.all().uids() == [3]
        client.logout()
