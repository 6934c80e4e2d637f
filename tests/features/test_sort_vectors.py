"""SORT, its keys and its response on the wire, both ways, and the client's verb."""

from __future__ import annotations

import pytest

from imapkit.errors import BadCharset, NotSupported
from imapkit.features import sort
from imapkit.features.sort import ARRIVAL, CC, DATE, FROM, SIZE, SUBJECT, TO, Sort, SortData
from imapkit.features.sort_display import DISPLAYFROM, DISPLAYTO
from imapkit.query import keys as k

from ..support.vectors import Row, check_bad, check_command, check_response, ids
from .ops import Peer, run

COMMANDS = [
    Row(b"SORT (SUBJECT) UTF-8 SEEN", Sort((SUBJECT,), k.SEEN, uid=False)),
    Row(b"UID SORT (SUBJECT REVERSE DATE) UTF-8 ALL", Sort((SUBJECT, -DATE), k.ALL)),
    Row(b"uid sort (reverse date) utf-8 all", Sort((-DATE,), k.ALL, charset="utf-8"), b"UID SORT (REVERSE DATE) utf-8 ALL"),
    Row(
        b'SORT (SUBJECT) US-ASCII TEXT "not in mailbox"',
        Sort((SUBJECT,), k.TEXT("not in mailbox"), uid=False, charset="US-ASCII"),
    ),
    Row(
        b"SORT (ARRIVAL CC DATE FROM SIZE SUBJECT TO) UTF-8 FLAGGED 1:3",
        Sort((ARRIVAL, CC, DATE, FROM, SIZE, SUBJECT, TO), k.FLAGGED & k.SEQ(1, 2, 3), uid=False),
    ),
    Row(
        b"SORT (REVERSE ARRIVAL REVERSE CC REVERSE FROM REVERSE SIZE REVERSE TO) UTF-8 ALL",
        Sort((-ARRIVAL, -CC, -FROM, -SIZE, -TO), k.ALL, uid=False),
    ),
    Row(b"UID SORT (DISPLAYFROM REVERSE DISPLAYTO) UTF-8 ALL", Sort((DISPLAYFROM, -DISPLAYTO), k.ALL)),
    Row(
        b'SORT (FROM) "KOI8-R" SUBJECT {2+}\r\n\xcd\xc1',
        Sort((FROM,), k.SUBJECT("\udccd\udcc1"), uid=False, charset="KOI8-R"),
        b"SORT (FROM) KOI8-R SUBJECT {2+}\r\n\xcd\xc1",
    ),
]  # fmt: skip

RESPONSES = [
    Row(b"SORT", SortData()),
    Row(b"SORT ", SortData(), b"SORT"),
    Row(b"SORT 2 84 882", SortData((2, 84, 882))),
    Row(b"SORT 5 3 4 1 2", SortData((5, 3, 4, 1, 2))),
    Row(b"SORT 5 3 (MODSEQ 917162500)", SortData((5, 3), 917162500)),
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
        (b"SORT", "a space"),
        (b"SORT DATE UTF-8 ALL", "'('"),
        (b"SORT () UTF-8 ALL", "a sort key"),
        (b"SORT (NONSENSE) UTF-8 ALL", "a known sort key"),
        (b"SORT (REVERSE) UTF-8 ALL", "a space"),
        (b"SORT (REVERSE REVERSE DATE) UTF-8 ALL", "a known sort key"),
        (b"SORT (DATE)", "a space"),
        (b"SORT (DATE) UTF-8", "a space"),
        (b"SORT (DATE) UTF-8 ", "a search key"),
        (b"UID SORT (DATE) (UTF-8) ALL", "a charset"),
    ],
)
def test_malformed_commands_say_what_was_expected(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


def test_a_key_turned_round_twice_is_itself() -> None:
    turned = -DATE
    assert -turned == DATE != turned


# The verb


def test_sort() -> None:
    found, sent = run(sort.sort(Peer("SORT"), [SUBJECT, -DATE], k.SEEN), [[SortData((7, 2, 5))]])
    assert sent == [Sort((SUBJECT, -DATE), k.SEEN)]
    assert list(found) == [7, 2, 5]
    assert (len(found), found.uid, 2 in found, 3 in found) == (3, True, True, False)


def test_nothing_found_and_several_answers() -> None:
    assert not run(sort.sort(Peer("SORT"), [DATE], k.SEEN, uid=False), [[]])[0]
    found, _ = run(
        sort.sort(Peer("SORT"), [DATE], k.SEEN, uid=False), [[SortData((2,), 8), SortData((1,), 9)]]
    )
    assert (found.numbers, found.uid, found.modseq) == ((2, 1), False, 9)


def test_what_a_server_must_have() -> None:
    with pytest.raises(NotSupported):
        run(sort.sort(Peer(), [DATE], k.SEEN), [])
    with pytest.raises(NotSupported, match="SORT=DISPLAY"):
        run(sort.sort(Peer("SORT"), [DATE, -DISPLAYFROM], k.SEEN), [])
    run(sort.sort(Peer("SORT", "SORT=DISPLAY"), [DISPLAYFROM], k.SEEN), [[]])
    with pytest.raises(BadCharset):
        run(sort.sort(Peer("SORT"), [DATE], k.SEEN), [BadCharset("no", "BADCHARSET")])
