"""Search keys as Python expressions, read and written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import reduce
from operator import or_

import pytest
from hypothesis import given, settings

from imapkit.errors import LimitExceeded, ParseError, UsageError
from imapkit.features.catalogue import full_registry
from imapkit.query import keys as k
from imapkit.query.key import SearchKey, read_key, read_program, write_program
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import whole_frames
from imapkit.wire.limits import SERVER
from imapkit.wire.writer import LiteralMode, Writer
from tests.support.growth import check_growth

from .strategies import keys


def written(key: SearchKey, *, utf8: bool = False) -> bytes:
    w = Writer(LiteralMode.PLUS, utf8=utf8)
    write_program(w, key)
    return w.octets()


def read(text: bytes) -> SearchKey:
    frames = list(whole_frames(text + b"\r\n", SERVER))
    assert len(frames) == 1
    c = Cursor(frames[0])
    found = read_program(c, full_registry().grammar)
    c.finish()
    return found


@settings(max_examples=300, deadline=None)
@given(key=keys)
def test_what_is_written_is_read_again(key: SearchKey) -> None:
    assert read(written(key)) == key
    assert read(written(key, utf8=True)) == key


@pytest.mark.parametrize(
    ("key", "wire"),
    [
        (k.FROM("bob") & k.SINCE(date(2026, 11, 1)), b"FROM bob SINCE 1-Nov-2026"),
        (k.FROM("bob") & k.SINCE(date(2026, 11, 1)) | ~k.SEEN, b"OR (FROM bob SINCE 1-Nov-2026) UNSEEN"),
        (~(k.SEEN & k.DRAFT), b"NOT (SEEN DRAFT)"),
        (~~k.NEW, b"NEW"),
        (~k.UNDELETED, b"DELETED"),
        (~k.KEYWORD("$Junk"), b"UNKEYWORD $Junk"),
        (k.SUBJECT('a "b"'), b'SUBJECT "a \\"b\\""'),
        (k.SUBJECT("NIL"), b'SUBJECT "NIL"'),
        (k.SUBJECT("é"), b"SUBJECT {2+}\r\n\xc3\xa9"),
        (k.HEADER("List-Id"), b'HEADER List-Id ""'),
        (k.AND(k.ALL, k.AND(k.SEEN, k.OLD)), b"ALL SEEN OLD"),
        (k.UID(1, 2, 3, 7) & k.SEQ(4), b"UID 1:3,7 4"),
        (k.OR(k.SEEN, k.DRAFT, k.NEW, k.OLD), b"OR OR SEEN DRAFT OR NEW OLD"),
    ],
)
def test_expressions(key: SearchKey, wire: bytes) -> None:
    assert written(key) == wire
    assert read(wire) == key


def test_a_long_or_stays_shallow() -> None:
    key = reduce(or_, [k.UID(2 * number) for number in range(1, 1000)])
    assert read(written(key)) == key


def test_keys_do_not_pass_for_truth_values() -> None:
    with pytest.raises(TypeError, match="combine by"):
        bool(k.SEEN)


@pytest.mark.parametrize("make", [k.AND, k.OR, lambda: written(k.UID())])
def test_what_is_empty_cannot_be_searched(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize("number", [0, -1, 1 << 32])
def test_message_numbers_are_checked(number: int) -> None:
    with pytest.raises(UsageError):
        k.UID(number)


def test_system_flags_are_no_keywords() -> None:
    with pytest.raises(UsageError):
        written(k.KEYWORD("\\Seen"))


def test_line_ends_cannot_be_smuggled_in() -> None:
    assert written(k.SUBJECT("a\r\nX LOGOUT")) == b"SUBJECT {11+}\r\na\r\nX LOGOUT"
    with pytest.raises(UsageError):
        written(k.SUBJECT("a\0"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "a search key"),
        (b"FOO", "a known search key"),
        (b"FROM", "a space"),
        (b"FROM (", "a search string"),
        (b"OR SEEN", "a space"),
        (b"OR SEEN ", "a search key"),
        (b"()", "a search key before ')'"),
        (b"(SEEN", "a space"),
        (b"SEEN)", "the end of the line"),
        (b"SINCE 31-Feb-2026", "a date like"),
        (b"LARGER x", "a size in octets"),
        (b"LARGER 9223372036854775808", "a size in octets"),
        (b"UID 0", "a set of message numbers"),
        (b"1:2:3", "a set of message numbers"),
        (b"KEYWORD \\Seen", "a keyword"),
    ],
)
def test_what_is_no_key_is_refused(text: bytes, expected: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize("count", [1, 51, 500, 3000])
@pytest.mark.parametrize(
    ("piece", "close", "seen"),
    [
        (b"NOT NOT ", b"", True), (b"(", b")", True), (b"NOT (NOT (", b"))", True), (b"OR ALL ", b"", False),
        (b"OR ALL (", b")", False), (b"OR (OR ALL NEW) (", b")", False), (b"(ALL (", b"))", False),
    ],
)  # fmt: skip
def test_chains_of_any_length_are_read(piece: bytes, close: bytes, seen: bool, count: int) -> None:
    """By their meaning they are one key, or a flat list: a program that sends hundreds of ORs nests nothing."""
    found = read(piece * count + b"SEEN" + close * count)
    assert (found == k.SEEN) == seen
    assert all(isinstance(part, SearchKey) and not part.parts() for part in found.parts())
    assert read(written(found)) == found


def test_ors_that_stand_before_their_keys_are_one() -> None:
    assert read(b"OR " * 400 + b"SEEN " + b"DRAFT " * 399 + b"NEW") == k.OR(k.SEEN, *[k.DRAFT] * 399, k.NEW)


@pytest.mark.parametrize(
    ("piece", "close"), [(b"OR ALL (NEW ", b")"), (b"NOT (ALL ", b")"), (b"(ALL OR NEW ", b")")]
)
def test_what_really_nests_has_a_limit(piece: bytes, close: bytes) -> None:
    deep = SERVER.depth // 2 - 1
    assert read(piece * deep + b"SEEN" + close * deep) is not None
    for count in (SERVER.depth + 1, 5000):
        with pytest.raises(LimitExceeded):
            read(piece * count + b"SEEN" + close * count)


def test_a_chain_costs_no_more_than_its_length() -> None:
    for piece, close in ((b"OR UID 1 ", b""), (b"OR UID 1 (", b")"), (b"(UID 1 (", b"))")):
        check_growth(lambda n, p=piece, c=close: p * n + b"SEEN" + c * n, read, 500)


@pytest.mark.parametrize("key", [b"TEXT ", b"HEADER X ", b"HEADER "])
def test_long_strings_are_refused(key: bytes) -> None:
    most = SERVER.line
    behind = b" x" if key == b"HEADER " else b""
    assert read(key + b"{%d+}\r\n" % most + b"a" * most + behind) is not None
    with pytest.raises(LimitExceeded):
        read(key + b"{%d+}\r\n" % (most + 1) + b"a" * (most + 1))


def test_dates_may_be_quoted_and_words_in_any_case() -> None:
    g = full_registry().grammar
    assert read_key(Cursor(b'since "1-feb-2026"'), g) == k.SINCE(date(2026, 2, 1))
