"""What the writer writes the cursor reads, and neither lets an argument break out of its place."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.errors import LimitExceeded, ParseError, UsageError
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import whole_frames
from imapkit.wire.limits import CLIENT, Limits
from imapkit.wire.writer import LiteralMode, Writer


def cursor(data: bytes, *, lenient: bool = False) -> Cursor:
    (frame,) = whole_frames(data + b"\r\n", CLIENT)
    return Cursor(frame, lenient=lenient)


@given(st.binary(max_size=60), st.sampled_from(LiteralMode), st.booleans())
def test_strings_survive_and_stay_in_their_place(data: bytes, mode: LiteralMode, utf8: bool) -> None:
    w = Writer(mode, utf8=utf8)
    if b"\0" in data:
        with pytest.raises(UsageError):
            w.string(data)
        return
    octets = w.string(data).raw(b" X").octets()
    c = cursor(octets)
    assert c.string() == data
    c.sp()
    assert c.text() == b"X"


@given(st.binary(max_size=30))
def test_astrings_survive(data: bytes) -> None:
    w = Writer()
    if b"\0" in data:
        return
    c = cursor(w.astring(data).octets())
    assert c.astring() == data
    c.finish()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), st.booleans())
@example("\uf900", False)  # whose composed form is another character
def test_mailbox_names_survive(name: str, utf8: bool) -> None:
    from imapkit.protocol.mailbox import normal, read_mailbox

    w = Writer(utf8=utf8).mailbox(name)
    (frame,) = whole_frames(w.octets() + b"\r\n", CLIENT)
    assert read_mailbox(Cursor(frame, utf8=utf8)) == unicodedata.normalize("NFC", normal(name))


@pytest.mark.parametrize("text", [b"{3}\r\na\0b", b"~{3}\r\na\0b"])
def test_nul_is_in_no_string_that_a_server_reads(text: bytes) -> None:
    """CHAR8 excludes it (RFC 9051 section 9); a client takes what servers send."""
    for read in (Cursor.string, Cursor.astring, Cursor.nstring):
        with pytest.raises(ParseError, match="without NUL"):
            read(cursor(text))
        assert read(cursor(text, lenient=True)) == b"a\0b"
    assert cursor(text).literal().read() == b"a\0b"


@pytest.mark.parametrize("text", [b"a b", b"a\r\nb", b"", b"a(", b'"', b"\\x", b"a]", b"\xff"])
def test_atoms_are_checked(text: bytes) -> None:
    with pytest.raises(UsageError):
        Writer().atom(text)


@pytest.mark.parametrize("text", [b"a b", b"x\r\n", b"", b"(", b"\\*x y"])
def test_flags_are_checked(text: bytes) -> None:
    with pytest.raises(UsageError):
        Writer().flag(text)


def test_nil_as_a_value_is_quoted() -> None:
    assert Writer().astring(b"NIL").octets() == b'"NIL"'


@pytest.mark.parametrize(
    ("mode", "octets", "pauses"),
    [
        (LiteralMode.SERVER, b"{2}\r\n\r\n", []),
        (LiteralMode.PLUS, b"{2+}\r\n\r\n", []),
        (LiteralMode.MINUS, b"{2+}\r\n\r\n", []),
        (LiteralMode.SYNC, b"{2}\r\n\r\n", [1]),
    ],
)
def test_literal_modes(mode: LiteralMode, octets: bytes, pauses: list[int]) -> None:
    w = Writer(mode).literal(b"\r\n")
    assert w.octets() == octets
    assert w.pauses == pauses


def test_literal_minus_waits_above_4096_octets() -> None:
    w = Writer(LiteralMode.MINUS).literal(b"x" * 4097)
    assert w.finish()[0] == b"{4097}\r\n" and w.pauses == [1]


def test_binary_literals_may_hold_nul() -> None:
    octets = Writer().literal(b"a\0b", binary=True).octets()
    assert octets == b"~{3}\r\na\0b"
    c = cursor(octets)
    assert c.at_literal8() and c.literal().read() == b"a\0b"


def test_errors_name_what_was_expected_and_where() -> None:
    c = Cursor(b"FOO (bar")
    assert c.word() == b"FOO"
    c.sp()
    with pytest.raises(ParseError) as caught:
        c.number()
    assert str(caught.value) == "expected a number at offset 4, found '(bar'"
    assert c.pos == 4


@pytest.mark.parametrize("number", [b"4294967296", b"99999999999999999999", b"-1", b"x", b""])
def test_numbers_are_bounded(number: bytes) -> None:
    with pytest.raises(ParseError):
        Cursor(number).number()


def test_depth_and_count_are_limited() -> None:
    limits = Limits(depth=3, items=4)
    deep = Cursor(b"((((x))))", limits=limits)
    with pytest.raises(LimitExceeded):
        deep.skip_value()
    long = Cursor(b"(a b c d e)", limits=limits)
    with pytest.raises(LimitExceeded):
        long.paren_list(lambda: long.atom())


@pytest.mark.parametrize(
    "text",
    [
        b"atom",
        b'"a (quoted) \\" string"',
        b"{3}\r\n)((",
        b"(a (b NIL) {2}\r\n() 5)",
        b"BODY[HEADER.FIELDS (A B)]<0>",
        b"()",
    ],
)
def test_unknown_values_are_stepped_over_and_kept(text: bytes) -> None:
    c = cursor(text + b" next", lenient=True)
    assert c.skip_value() == text
    c.sp()
    assert c.text() == b"next"


def test_words_end_where_they_end() -> None:
    c = Cursor(b"NILS NIL")
    assert not c.accept_nil()
    assert c.atom() == b"NILS"
    c.sp()
    assert c.accept_nil()


def test_a_strict_cursor_takes_one_space_only() -> None:
    c = Cursor(b"  x")
    c.sp()
    with pytest.raises(ParseError):
        c.atom()
    c = Cursor(b"\t  x", lenient=True)
    c.sp()
    assert c.atom() == b"x"
