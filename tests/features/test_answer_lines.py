"""Lines of an answer: a text is never taken for the begin of a literal, and what comes unasked has all that it must."""

from __future__ import annotations

import asyncio

import pytest

from imapkit.protocol.codes import SimpleCode
from imapkit.protocol.status import Kind, Status
from imapkit.wire.writer import Writer

from .talk import Room

MAIL = b"Subject: a\r\n\r\nb\r\n"


def written(status: Status, *, utf8: bool = False) -> bytes:
    writer = Writer(utf8=utf8)
    status.write(writer)
    return writer.octets()


@pytest.mark.parametrize("mark", ["{5}", "{5+}", "~{12}", "{0}"])
def test_no_text_ends_like_a_literal(mark: str) -> None:
    """A client that looks at the ends of lines alone would wait for its octets."""
    assert written(Status(Kind.NO, f"no mailbox x{mark}")) == b"NO no mailbox x%s." % mark.encode()
    assert (
        written(Status(Kind.NO, mark, SimpleCode("NONEXISTENT"))) == b"NO [NONEXISTENT] %s." % mark.encode()
    )
    assert written(Status(Kind.NO, f"ü{mark}"), utf8=True) == "NO ü%s.".encode() % mark.encode()


@pytest.mark.parametrize("text", ["x{5}y", "x{}", "x{a}", "x}", "{5} "])
def test_other_texts_stay(text: str) -> None:
    assert written(Status(Kind.OK, text)) == b"OK " + text.encode()


def test_texts_hold_nothing_that_a_terminal_obeys() -> None:
    assert written(Status(Kind.BAD, "a\x1b[2Jb\x07\x7fc\r\nd\te")) == b"BAD a [2Jb  c  d e"
    assert written(Status(Kind.BAD, "a\x9b2Jü"), utf8=True) == "BAD a 2Jü".encode()


def test_names_that_end_like_a_literal() -> None:
    async def check() -> None:
        async with Room.open([MAIL]) as room:
            talk = await room.talk(None)
            for command in ('STATUS "x{3}" (MESSAGES)', 'SELECT "x{3+}"', 'DELETE "x{3}"', "APPEND"):
                await talk.send_octets(b"b " + command.encode() + b"\r\n")
                _, octets = await talk.response()
                assert octets.endswith(b"}.\r\n"), octets

    asyncio.run(check())


def test_unasked_flags_tell_the_uid_in_imap4rev2() -> None:
    """RFC 9051 section 7.5.2, which RFC 3501 did not ask for."""

    async def check() -> None:
        async with Room.open([MAIL, MAIL]) as room:
            newer, older, other = [await room.talk(None) for _ in range(3)]
            await newer.good("ENABLE IMAP4rev2")
            for talk in (newer, older, other):
                await talk.good("SELECT INBOX")
            await other.good("STORE 2 +FLAGS.SILENT (\\Seen)")
            (flags,) = (await newer.good("NOOP")).fetched
            assert flags.uid == 2
            assert flags.seq == 2
            (flags,) = (await older.good("NOOP")).fetched
            assert flags.uid is None

    asyncio.run(check())
