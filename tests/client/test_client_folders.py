"""Lists of mailboxes with counts, some of which the server does not give."""

from __future__ import annotations

import pytest

from .twins import Script, Twin, logged_in, server, url

LISTED = (
    '* LIST () "/" INBOX',
    '* LIST () "/" Broken',
    '* LIST (\\Noselect) "/" Above',
    '* LIST () "/" Fine',
)


@pytest.mark.parametrize("refusal", ["NO [UNAVAILABLE] corrupt", "NO no", "BAD never heard of it"])
def test_one_status_that_fails(twin: Twin, refusal: str) -> None:
    def play(s: Script) -> None:
        s.answer("LIST", *LISTED)
        for _ in range(3):
            line = s.line().decode()
            tag, name = line.split()[0], line.split()[2]
            if name == "Broken":
                s.send(f"{tag} {refusal}")
            else:
                s.send(f"* STATUS {name} (MESSAGES 5)", f"{tag} OK")
        s.goodbye()

    with server(logged_in(play)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        inbox, above, broken, fine = mail.folders(status=True)
        assert (inbox.status.messages, fine.status.messages) == (5, 5)
        assert broken.status is None and refusal.partition(" ")[2] in broken.status_error
        assert (above.status, above.status_error) == (None, None)


GREETING = "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS] hi"


def test_list_status_that_leaves_one_out(twin: Twin) -> None:
    """A server drops the counts that it cannot give (RFC 5819 section 2)."""

    def play(s: Script) -> None:
        s.answer("LIST", *LISTED)
        s.answer("LIST", *LISTED, "* STATUS INBOX (MESSAGES 3)", "* STATUS Fine (MESSAGES 5)")
        s.goodbye()

    with server(logged_in(play, GREETING)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        inbox, above, broken, fine = mail.folders(status=True)
        assert (inbox.status.messages, fine.status.messages) == (3, 5)
        assert (broken.status, broken.status_error) == (None, "the server told no counts")
        assert (above.status, above.status_error) == (None, None)


def test_list_status_that_fails(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.answer("LIST", *LISTED[:2])
        s.answer("LIST", status="NO [SERVERBUG] Broken is broken")
        s.answer("STATUS INBOX", "* STATUS INBOX (MESSAGES 3)")
        s.answer("STATUS Broken", status="NO [SERVERBUG] broken")
        s.goodbye()

    with server(logged_in(play, GREETING)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        inbox, broken = mail.folders(status=True)
        assert inbox.status.messages == 3 and "broken" in broken.status_error
