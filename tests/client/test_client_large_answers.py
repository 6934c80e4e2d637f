"""Answers that name more messages than there can be end in a typed error, at once and in little memory, in both clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import imapkit

from .test_client_session import opened
from .twins import Script, Twin, logged_in, server

USES: dict[str, Callable[[Any], object]] = {
    "uids": lambda query: query.uids(),
    "count": lambda query: query.count(),
    "fetch": lambda query: list(query.fetch()),
    "flag": lambda query: query.flag(seen=True),
    "delete": lambda query: query.delete(),
    "copy": lambda query: query.copy("Archive"),
}


GREETING = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS ESEARCH UNSELECT] hi"


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_search_that_finds_thousands_of_millions(twin: Twin, use: Callable[[Any], object]) -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("UID SEARCH ")
        s.send(f'* ESEARCH (TAG "{tag}") UID ALL 1:4294967295', f"{tag} OK done")
        s.goodbye()

    refused = pytest.raises(imapkit.LimitExceeded, match="messages of an answer")
    with server(logged_in(play, GREETING)) as port, opened(twin, port) as mail, refused:
        use(mail.select().search(answered=True))


def test_a_limit_of_thousands_of_digits_is_none(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.answer("NOOP", "* CAPABILITY IMAP4rev1 LITERAL+ APPENDLIMIT=" + "9" * 5000)
        tag = s.command("APPEND INBOX {16+}")
        s.take(16 + 2)
        s.send(f"{tag} OK done")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        mail.noop()
        assert mail.append("INBOX", b"Subject: x\r\n\r\nab") is None
