"""What SORT and THREAD read of a message: made at arrival, the same in every store, kept by COPY (RFC 5256, RFC 5957)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from imapkit.ports.store import Account, Column

from .conftest import Play
from .mail import WHEN, column, message, row

FIRST: Final = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <Smith@a.example>, other@b.example\r\n"
    b"To: bob@b.example\r\nCc: Carl <CARL@c.example>\r\n"
    b"Subject: Re: [list] =?utf-8?q?gr=C3=BCn?= (fwd)\r\n"
    b"Date: Sun, 1 Nov 2026 10:00:00 -0800\r\n"
    b'Message-ID: <"one"@x>\r\nIn-Reply-To: <zero@x> <minus@x>\r\n\r\ntext\r\n'
)
SECOND: Final = (
    b"Subject: plain\r\nDate: nonsense\r\nMessage-ID: <two@x>\r\n"
    b'References: <zero@x>\r\n <"one"@x>\r\nIn-Reply-To: <other@x>\r\n\r\ntext\r\n'
)
BARE: Final = b"\r\n\r\n"
SENT: Final = int(datetime(2026, 11, 1, 18, tzinfo=UTC).timestamp())
LATER: Final = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2)))

WANTED: Final[dict[Column, tuple[object, object, object]]] = {
    Column.ARRIVED: (int(WHEN.timestamp()), int(LATER.timestamp()), 0),
    Column.SENT: (SENT, int(LATER.timestamp()), 0),
    Column.BASE_SUBJECT: ("GRU\u0308N", "PLAIN", ""),
    Column.SORT_FROM: ("SMITH", "", ""),
    Column.SORT_TO: ("BOB", "", ""),
    Column.SORT_CC: ("CARL", "", ""),
    Column.DISPLAY_FROM: ("JU\u0308RGEN", "", ""),
    Column.DISPLAY_TO: ("BOB@B.EXAMPLE", "", ""),
    Column.IS_REPLY: (1, 0, 0),
    Column.MESSAGE_ID: ("one@x", "two@x", ""),
    Column.REFERENCES: ("zero@x", "zero@x one@x", ""),
}


def test_sort_keys(play: Play) -> None:
    async def scenario(account: Account) -> None:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        messages = [message(FIRST), message(SECOND, when=LATER), message(BARE, when=epoch)]
        await account.append(row(account, "INBOX").id, messages)
        inbox = await account.open("INBOX")
        await account.copy(inbox, inbox.everything(), row(account, "Sent").id)
        for mailbox in (inbox, await account.open("Sent")):
            found = {wanted: tuple(column(mailbox, wanted).values()) for wanted in WANTED}
            assert found == WANTED
            mixed = [
                Column.UID,
                Column.SENT,
                Column.SIZE,
                Column.BASE_SUBJECT,
                Column.ARRIVED,
                Column.ENVELOPE,
            ]
            for chunk in mailbox.rows(mailbox.everything(), mixed):
                for place, (uid, sent, size, subject, arrived, envelope) in enumerate(chunk):
                    assert (uid, sent) == (place + 1, WANTED[Column.SENT][place])
                    assert (subject, arrived) == (
                        WANTED[Column.BASE_SUBJECT][place],
                        WANTED[Column.ARRIVED][place],
                    )
                    assert size == len((FIRST, SECOND, BARE)[place])
                    assert isinstance(envelope, bytes)
            mailbox.release()

    play(scenario)
