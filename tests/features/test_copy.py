"""COPY and COPYUID on the wire, and what the client makes of them."""

from __future__ import annotations

import pytest

from imapkit.features.copy import Copy, CopyResult, copy
from imapkit.ports.client import Completed
from imapkit.protocol.codes import UnknownCode
from imapkit.protocol.numset import ALL, SAVED, NumSet
from imapkit.protocol.status import Kind, Status
from imapkit.protocol.uid_codes import AppendUid, CopyUid

from ..support.vectors import Row, check_bad, check_command, check_response, ids
from .ops import run

CODE = CopyUid(38505, NumSet(((304, 304), (319, 320))), NumSet(((3956, 3958),)))

COMMANDS = [
    Row(b"COPY 2:4 meeting", Copy(NumSet(((2, 4),)), "meeting", uid=False)),
    Row(b"UID COPY 305:310,7 Sent/2026", Copy(NumSet(((305, 310), (7, 7))), "Sent/2026")),
    Row(b'UID COPY 1:* "two words"', Copy(ALL, "two words")),
    Row(b"COPY $ inbox", Copy(SAVED, "INBOX", uid=False), b"COPY $ INBOX"),
    Row(b"COPY 1 Entw&APw-rfe", Copy(NumSet.of(1), "Entwürfe", uid=False)),
    Row(b'COPY 1 "Entw\xc3\xbcrfe"', Copy(NumSet.of(1), "Entwürfe", uid=False), utf8=True),
    Row(b"COPY 1 {3+}\r\na b", Copy(NumSet.of(1), "a b", uid=False), b'COPY 1 "a b"'),
]

RESPONSES = [
    Row(b"OK [COPYUID 38505 304,319:320 3956:3958] Done", Status(Kind.OK, "Done", CODE)),
    Row(b"OK [APPENDUID 38505 3955] Done", Status(Kind.OK, "Done", AppendUid(38505, NumSet.of(3955)))),
    Row(b"OK [APPENDUID 1 5:7] Done", Status(Kind.OK, "Done", AppendUid(1, NumSet.of(5, 6, 7)))),
    Row(b"OK [COPYUID 1 5:* 7:9] x", Status(Kind.OK, "x", UnknownCode("COPYUID", b"1 5:* 7:9"))),
    Row(b"OK [COPYUID 1] x", Status(Kind.OK, "x", UnknownCode("COPYUID", b"1"))),
]


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"COPY", "a space"),
        (b"COPY x INBOX", "a set of message numbers"),
        (b"COPY 1", "a space"),
        (b"COPY 1 ", "a mailbox name"),
        (b"COPY 0 INBOX", "a set of message numbers"),
        (b"COPY 1 INBOX Sent", "the end of the line"),
    ],
)
def test_malformed_commands_say_what_was_expected(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


def done(code: CopyUid | None) -> Completed:
    return Completed(Status(Kind.OK, "Done", code, "t"), [])


def test_copy_tells_where_messages_went() -> None:
    found, sent = run(copy(NumSet.of(304, 319, 320), "meeting"), [done(CODE)])
    assert sent == [Copy(NumSet.of(304, 319, 320), "meeting")]
    assert found.uidvalidity == 38505
    assert list(found.pairs()) == [(304, 3956), (319, 3957), (320, 3958)]


def test_copy_without_uidplus() -> None:
    found, _ = run(copy(NumSet.of(1), "meeting", uid=False), [done(None)])
    assert found == CopyResult(None, NumSet(), NumSet())
    assert list(found.pairs()) == []


def test_pairs_follow_the_order_of_the_code() -> None:
    code = CopyUid(1, NumSet(((9, 9), (3, 1))), NumSet(((20, 23),)))
    assert list(code.pairs()) == [(9, 20), (1, 21), (2, 22), (3, 23)]


def test_sets_of_different_size_pair_nothing() -> None:
    assert list(CopyUid(1, NumSet.span(1, 2**32 - 1), NumSet.of(4)).pairs()) == []
