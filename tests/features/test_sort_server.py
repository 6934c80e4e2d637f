"""SORT, THREAD and WITHIN as a real session answers them, over an in-memory store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from imapkit.features.sort import SortData, gather
from imapkit.message.index import index_message
from imapkit.ports.store import Column, NewMessage
from imapkit.protocol.status import Kind
from imapkit.wire.frame import HeldLiteral

from .talk import Room, Talk

Test = Callable[[Room, Talk], Awaitable[None]]


def mail(
    subject: str, day: int | None, sender: str, *, ident: str = "", refs: str = "", extra: str = ""
) -> bytes:
    lines = [f"Subject: {subject}", f"From: {sender}"]
    if day is not None:
        lines.append(f"Date: {day} Oct 2026 10:00:00 +0000")
    if ident:
        lines.append(f"Message-ID: <{ident}>")
    if refs:
        lines.append("References: " + " ".join(f"<{ref}>" for ref in refs.split()))
    return ("\r\n".join(lines) + f"\r\n{extra}\r\ntext\r\n").encode()


MESSAGES = [
    mail("Apples", 5, "Zoe <ann@example.org>", ident="1@x"),
    mail(
        "Re: apples",
        6,
        "=?utf-8?q?=C3=84nne?= <bob@example.org>",
        ident="2@x",
        refs="1@x",
        extra="Cc: m@x\r\n",
    ),
    mail("pears", None, "carl@example.org", extra="To: Yan <b@x>\r\n"),
    mail(
        "Fwd: Apples",
        2,
        "Bob <BOB@example.org>",
        extra="X-Long: text text text text text text\r\nTo: a@x\r\n",
    ),
    mail("Apples", 6, "Ann <ann@example.org>", ident="5@x", refs="1@x 2@x"),
]


def in_room(test: Test, messages: list[bytes] = MESSAGES) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Room.open(messages) as room:
            await test(room, await room.talk())

    asyncio.run(main())


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("SORT (SUBJECT) UTF-8 ALL", b"* SORT 1 2 4 5 3"),
        ("UID SORT (REVERSE SUBJECT) UTF-8 ALL", b"* SORT 3 1 2 4 5"),
        ("SORT (DATE) UTF-8 ALL", b"* SORT 4 1 2 5 3"),
        ("SORT (REVERSE DATE) US-ASCII ALL", b"* SORT 3 2 5 1 4"),
        ("SORT (SUBJECT REVERSE DATE) UTF-8 ALL", b"* SORT 2 5 1 4 3"),
        ("SORT (FROM) UTF-8 ALL", b"* SORT 1 5 2 4 3"),
        ("SORT (FROM REVERSE DATE) UTF-8 NOT SUBJECT pears", b"* SORT 5 1 2 4"),
        ("SORT (TO) UTF-8 ALL", b"* SORT 1 2 5 4 3"),
        ("SORT (CC) UTF-8 ALL", b"* SORT 1 3 4 5 2"),
        ("SORT (REVERSE CC) UTF-8 ALL", b"* SORT 2 1 3 4 5"),
        ("SORT (SIZE) UTF-8 ALL", b"* SORT 3 1 5 4 2"),
        ("SORT (REVERSE ARRIVAL) UTF-8 ALL", b"* SORT 1 2 3 4 5"),
        ("SORT (DISPLAYFROM) UTF-8 ALL", b"* SORT 5 2 4 3 1"),
        ("UID SORT (REVERSE DISPLAYTO) UTF-8 ALL", b"* SORT 3 4 1 2 5"),
        ("SORT (DATE) UTF-8 TEXT nowhere", b"* SORT"),
        ("SORT (DATE) UTF-8 2:4", b"* SORT 4 2 3"),
        ("SORT (SUBJECT REVERSE DATE REVERSE SUBJECT DATE) UTF-8 ALL", b"* SORT 2 5 1 4 3"),
        ("SORT (" + "DATE REVERSE SIZE " * 3000 + "DATE) UTF-8 ALL", b"* SORT 4 1 2 5 3"),
        ("THREAD ORDEREDSUBJECT UTF-8 ALL", b"* THREAD (4 (1)(2)(5))(3)"),
        ("THREAD REFERENCES UTF-8 ALL", b"* THREAD (1 (4)(2 5))(3)"),
        ("UID THREAD REFS UTF-8 ALL", b"* THREAD (3)(4)(1 2 5)"),
        ("THREAD REFERENCES US-ASCII 2:5", b"* THREAD ((4)(2 5))(3)"),
        ("THREAD REFS UTF-8 OR 2 3", b"* THREAD (2)(3)"),
        ("THREAD REFERENCES UTF-8 TEXT gewp", b"* THREAD"),
        ("SEARCH YOUNGER 4294967295", b"* SEARCH 1 2 3 4 5"),
        ("SEARCH OLDER 4294967295", b"* SEARCH"),
    ],
)
def test_answers(command: str, line: bytes) -> None:
    async def test(room: Room, talk: Talk) -> None:
        assert (await talk.good(command)).lines == [line]

    in_room(test)


@pytest.mark.parametrize("word", ["SORT (DATE)", "THREAD REFERENCES"])
def test_refusals(word: str) -> None:
    async def test(room: Room, talk: Talk) -> None:
        refused = await talk(f"{word} X-KLINGON ALL")
        assert (refused.status.kind, refused.status.code_name) == (Kind.NO, "BADCHARSET")
        beyond, within = await talk.good(f"UID {word} UTF-8 6,1000"), await talk.good(f"UID {word} UTF-8 2,6")
        assert beyond.lines == [f"* {word.split()[0]}".encode()] and within.lines != beyond.lines
        assert (await talk(f"{word} UTF-8 OLDER 0")).status.kind is Kind.BAD
        koi8 = "\u043e\u0442\u043f\u0443\u0441\u043a".encode("koi8-r")
        assert (await talk(b"%s KOI8-R TEXT {6+}\r\n%s" % (word.encode(), koi8))).ok

    in_room(test)


def test_capabilities() -> None:
    async def test(room: Room, talk: Talk) -> None:
        (line,) = (await talk.good("CAPABILITY")).lines
        wanted = {
            b"SORT",
            b"SORT=DISPLAY",
            b"THREAD=ORDEREDSUBJECT",
            b"THREAD=REFERENCES",
            b"THREAD=REFS",
            b"WITHIN",
        }
        assert wanted <= set(line.split())

    in_room(test)


def test_empty_mailbox_and_rev2() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("ENABLE IMAP4rev2")
        assert (await talk.good("SORT (DATE) UTF-8 ALL")).lines == [b"* SORT"]
        assert (await talk.good("UID THREAD REFS UTF-8 ALL")).lines == [b"* THREAD"]

    in_room(test, [])


def test_modseq_goes_with_sort() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good("UID SORT (REVERSE DATE) UTF-8 MODSEQ 1")
        (found,) = answer.of(SortData)
        assert found.numbers == (3, 2, 5, 1, 4) and found.modseq
        await talk.good("THREAD REFS UTF-8 MODSEQ 1")

    in_room(test)


def test_no_expunge_is_told_during_sort_by_number() -> None:
    async def test(room: Room, talk: Talk) -> None:
        other = await room.talk()
        await other.good("UID STORE 2 +FLAGS.SILENT (\\Deleted)")
        await other.good("EXPUNGE")
        assert (await talk.good("SORT (DATE) UTF-8 ALL")).lines == [b"* SORT 4 1 5 3"]
        assert (await talk.good("THREAD REFERENCES UTF-8 ALL")).lines == [b"* THREAD (1 (4)(5))(3)"]
        assert b"* 2 EXPUNGE" in (await talk.good("UID SORT (DATE) UTF-8 ALL")).lines
        assert (await talk.good("SORT (DATE) UTF-8 ALL")).lines == [b"* SORT 3 1 4 2"]

    in_room(test)


def test_ages() -> None:
    async def test(room: Room, talk: Talk) -> None:
        row = room.account.find("INBOX")
        assert row is not None
        now = datetime.now(UTC)
        for ago in (-600, 100, 7200):
            new = NewMessage(
                HeldLiteral(MESSAGES[0]),
                index_message(MESSAGES[0]),
                frozenset(),
                now - timedelta(seconds=ago),
            )
            await room.account.append(row.id, [new])
        await talk.good("NOOP")
        for command, line in (
            ("SEARCH YOUNGER 60", b"* SEARCH 1"),
            ("SEARCH YOUNGER 3600", b"* SEARCH 1 2"),
            ("SEARCH OLDER 60", b"* SEARCH 2 3"),
            ("UID SEARCH OLDER 3600", b"* SEARCH 3"),
            ("SEARCH OLDER 60 YOUNGER 3600", b"* SEARCH 2"),
            ("SORT (ARRIVAL) UTF-8 YOUNGER 8000", b"* SORT 3 2 1"),
        ):
            assert (await talk.good(command)).lines == [line], command

    in_room(test, [])


def test_a_long_sort_and_a_large_thread() -> None:
    async def test(room: Room, talk: Talk) -> None:
        found = (await talk.good("UID SORT (REVERSE DATE) UTF-8 ALL")).of(SortData)[0]
        assert found.numbers == tuple(range(1, 2501))
        (line,) = (await talk.good("UID THREAD REFS UTF-8 ALL")).lines
        assert line == b"* THREAD (" + b" ".join(b"%d" % number for number in range(2500, 0, -1)) + b")"

    def letter(number: int) -> bytes:
        date = (datetime(2026, 10, 1, tzinfo=UTC) - timedelta(minutes=number)).strftime(
            "%d %b %Y %H:%M:%S +0000"
        )
        return f"Date: {date}\r\nMessage-ID: <{number}@x>\r\nIn-Reply-To: <{number + 1}@x>\r\n\r\n".encode()

    in_room(test, [letter(number) for number in range(2500)])


class Shrinking:
    """A mailbox from which message 2 goes while it is read."""

    def __init__(self) -> None:
        self.asked: list[tuple[Column, ...]] = []

    def rows(self, messages: object, columns: Sequence[Column]) -> Iterator[list[tuple[object, ...]]]:
        self.asked.append(tuple(columns))
        values = {Column.UID: (1, 3), Column.SENT: (10, 30)}
        yield list(zip(*[values[column] for column in columns], strict=True))


def test_messages_that_go_while_they_are_read_are_left_out() -> None:
    mailbox = Shrinking()
    ctx = SimpleNamespace(view=SimpleNamespace(mailbox=mailbox))
    found = asyncio.run(gather(ctx, [1, 2, 3], [Column.SENT]))  # type: ignore[arg-type]  # as much as it asks for
    assert found == ([1, 3], [[10, 30]])
    assert mailbox.asked == [(Column.SENT,), (Column.UID, Column.SENT)]
