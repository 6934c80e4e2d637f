"""SEARCH and its response on the wire, both ways."""

from __future__ import annotations

from datetime import date

import pytest

from imapkit.features.esearch import ALL, COUNT, MIN
from imapkit.features.search import BadCharsetCode, Search, SearchData
from imapkit.features.searchres import SAVE
from imapkit.protocol.codes import UnknownCode
from imapkit.protocol.numset import SAVED, NumSet
from imapkit.protocol.status import Kind, Status
from imapkit.query import keys as k
from imapkit.query.key import Numbers
from imapkit.query.records import Uids

from ..support.vectors import Row, check_bad, check_command, check_response, ids

COMMANDS = [
    Row(b"SEARCH ALL", Search(k.ALL, uid=False)),
    Row(b"UID SEARCH UNSEEN", Search(k.UNSEEN)),
    Row(b"uid search unseen", Search(k.UNSEEN), b"UID SEARCH UNSEEN"),
    Row(
        b'SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
        Search(k.FLAGGED & k.SINCE(date(1994, 2, 1)) & ~k.FROM("Smith"), uid=False),
        b"SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM Smith",
    ),
    Row(
        b"SEARCH CHARSET UTF-8 TEXT {12+}\r\n\xd0\xbe\xd1\x82\xd0\xbf\xd1\x83\xd1\x81\xd0\xba",
        Search(k.TEXT("отпуск"), uid=False, charset="UTF-8"),
    ),
    Row(b'SEARCH SUBJECT "\xc3\xa9t\xc3\xa9"', Search(k.SUBJECT("été"), uid=False), utf8=True),
    Row(
        b"SEARCH CHARSET KOI8-R TEXT {2+}\r\n\xcd\xc1",
        Search(k.TEXT("\udccd\udcc1"), uid=False, charset="KOI8-R"),
    ),
    Row(
        b'SEARCH CHARSET "us-ascii" BCC a BODY b CC c TO d',
        Search(
            k.AND(k.BCC("a"), k.BODY("b"), k.CC("c"), k.TO("d")),
            uid=False,
            charset="us-ascii",
        ),
        b"SEARCH CHARSET us-ascii BCC a BODY b CC c TO d",
    ),
    Row(
        b"SEARCH ANSWERED DELETED DRAFT SEEN UNANSWERED UNDELETED UNDRAFT UNFLAGGED NEW OLD RECENT",
        Search(
            k.AND(
                k.ANSWERED,
                k.DELETED,
                k.DRAFT,
                k.SEEN,
                k.UNANSWERED,
                k.UNDELETED,
                k.UNDRAFT,
                k.UNFLAGGED,
                k.NEW,
                k.OLD,
                k.RECENT,
            ),
            uid=False,
        ),
    ),
    Row(
        b"UID SEARCH BEFORE 1-Jan-2026 ON 02-Jan-2026 SENTBEFORE 3-Jan-2026 SENTON 4-Jan-2026 SENTSINCE 5-Jan-2026",
        Search(
            k.AND(
                k.BEFORE(date(2026, 1, 1)),
                k.ON(date(2026, 1, 2)),
                k.SENTBEFORE(date(2026, 1, 3)),
                k.SENTON(date(2026, 1, 4)),
                k.SENTSINCE(date(2026, 1, 5)),
            )
        ),
        b"UID SEARCH BEFORE 1-Jan-2026 ON 2-Jan-2026 SENTBEFORE 3-Jan-2026 SENTON 4-Jan-2026 SENTSINCE 5-Jan-2026",
    ),
    Row(
        b"UID SEARCH KEYWORD $Junk UNKEYWORD work LARGER 1 SMALLER 5000000000 HEADER Message-ID <a@b>",
        Search(
            k.AND(
                k.KEYWORD("$Junk"),
                k.UNKEYWORD("work"),
                k.LARGER(1),
                k.SMALLER(5_000_000_000),
                k.HEADER("Message-ID", "<a@b>"),
            )
        ),
    ),
    Row(
        b"SEARCH OR 1:3,7 (UID 5:* SEEN)",
        Search(Numbers(NumSet(((1, 3), (7, 7)))) | Uids(NumSet.span(5)) & k.SEEN, uid=False),
    ),
    Row(b"UID SEARCH $ SMALLER 4096", Search(Numbers(SAVED) & k.SMALLER(4096))),
    Row(b"UID SEARCH UID $", Search(k.UID(SAVED))),
    Row(b"SEARCH RETURN () ALL", Search(k.ALL, uid=False, returns=())),
    Row(
        b"UID SEARCH return (min COUNT all Save) CHARSET UTF-8 ALL",
        Search(k.ALL, charset="UTF-8", returns=(MIN, COUNT, ALL, SAVE)),
        b"UID SEARCH RETURN (MIN COUNT ALL SAVE) CHARSET UTF-8 ALL",
    ),
]

RESPONSES = [
    Row(b"SEARCH", SearchData()),
    Row(b"SEARCH ", SearchData(), b"SEARCH"),
    Row(b"SEARCH 2 3 6", SearchData((2, 3, 6))),
    Row(b"SEARCH 2 3 6 ", SearchData((2, 3, 6)), b"SEARCH 2 3 6"),
    Row(b"SEARCH 2 5 (MODSEQ 917162500)", SearchData((2, 5), 917162500)),
    Row(
        b"NO [BADCHARSET (US-ASCII UTF-8)] what",
        Status(Kind.NO, "what", BadCharsetCode(("US-ASCII", "UTF-8"))),
    ),
    Row(b"NO [BADCHARSET] what", Status(Kind.NO, "what", BadCharsetCode())),
    Row(b"NO [BADCHARSET UTF-8] what", Status(Kind.NO, "what", UnknownCode("BADCHARSET", b"UTF-8"))),
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
        (b"SEARCH", "a space"),
        (b"SEARCH ", "a search key"),
        (b"SEARCH FOO", "a known search key"),
        (b"SEARCH RETURN ALL", "'('"),
        (b"SEARCH RETURN (FOO) ALL", "a known search return option"),
        (b"SEARCH RETURN (MIN)", "a space"),
        (b"SEARCH CHARSET UTF-8", "a space"),
        (b"SEARCH ALL  SEEN", "a search key"),
        (b"UID SEARCH " + b"NOT (ALL " * 100 + b"ALL" + b")" * 100, "depth"),
    ],
)
def test_malformed_commands_say_what_was_expected(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)
