"""Sections as ranges, stored offsets, chosen header fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.headers import MAX_HEADER, fields, select_fields, select_from_all
from imapkit.message.part import Part
from imapkit.message.scan import scan
from imapkit.message.section import PartOffsets, dump_parts, find_part, load_parts, locate, locate_stored

from .samples import DATA, RFC_2046, RFC_2049, corpus, crlf, written

MAIL = (DATA / "attachments.eml").read_bytes()


def cut(data: bytes, path: tuple[int, ...], what: str = "") -> bytes | None:
    """A section by the tree and by its stored form, which must agree."""
    root = scan(data)
    found = locate(root, path, what)
    assert locate(load_parts(dump_parts(root)), path, what) == found
    assert locate_stored(dump_parts(root), path, what) == found
    return None if found is None else data[found[0] : found[1]]


def test_whole_message() -> None:
    assert cut(MAIL, ()) == MAIL
    header, text = cut(MAIL, (), "HEADER"), cut(MAIL, (), "TEXT")
    assert header is not None and text is not None
    assert header.endswith(b"boundary=outer\r\n\r\n") and header + text == MAIL
    assert cut(MAIL, (), "MIME") is None


@pytest.mark.parametrize(
    ("path", "what", "expected"),
    [
        ((1, 1), "", b"Gr\xfc\xdfe und 5 Euro.\r\n"),
        ((1, 2), "", b"iVBORw0KGgo=\r\n"),
        ((2,), "", b"JVBERi0xLjQK"),
        ((3, 1), "", b"Where are they?"),
        ((3, 2), "", b"a,b"),
        ((3, 1), "MIME", b"\r\n"),
        ((3, 2), "MIME", b'Content-Type: text/csv; charset=us-ascii; name="list.csv"\r\n\r\n'),
        (
            (3,),
            "HEADER",
            b"From: ann@example.org\r\nSubject: the plans\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n",
        ),
        (
            (3,),
            "TEXT",
            b"--inner\r\n\r\nWhere are they?\r\n--inner\r\n"
            b'Content-Type: text/csv; charset=us-ascii; name="list.csv"\r\n\r\na,b\r\n--inner--',
        ),
        ((3,), "MIME", b"Content-Type: message/rfc822\r\nContent-Description: the first mail\r\n\r\n"),
        ((4,), "", None),
        ((0,), "", None),
        ((1, 1, 1), "", None),
        ((3, 3), "", None),
        ((2,), "HEADER", None),
        ((2,), "TEXT", None),
        ((1,), "HEADER", None),
        ((3, 1), "TEXT", None),
        ((2,), "NONSENSE", None),
    ],
)
def test_parts(path: tuple[int, ...], what: str, expected: bytes | None) -> None:
    assert cut(MAIL, path, what) == expected


def test_part_3_is_the_whole_embedded_message() -> None:
    whole, header, text = cut(MAIL, (3,)), cut(MAIL, (3,), "HEADER"), cut(MAIL, (3,), "TEXT")
    assert header is not None and text is not None and whole == header + text


def test_part_1_of_a_single_part_message() -> None:
    data = crlf("Subject: x\n\nhello\n")
    assert cut(data, (1,)) == b"hello\r\n"
    assert cut(data, (1,), "MIME") == b"Subject: x\r\n\r\n"
    assert cut(data, (2,)) is None
    assert cut(data, (1, 1)) is None


def test_message_whose_body_is_a_message() -> None:
    data = crlf("Content-Type: message/rfc822\n\nSubject: inner\n\nhello\n")
    assert cut(data, (1,)) == b"Subject: inner\r\n\r\nhello\r\n"
    assert cut(data, (1,), "HEADER") == b"Subject: inner\r\n\r\n"
    assert cut(data, (1,), "TEXT") == cut(data, (1, 1)) == b"hello\r\n"


def test_embedded_message_with_a_single_part() -> None:
    assert cut(RFC_2049, (5, 1)) == b"  ... Additional text in ISO-8859-1 goes here ... =E9\r\n"
    assert cut(RFC_2049, (3, 2)) == b"BQYHCAk=\r\n"
    assert (
        cut(RFC_2046, (1,))
        == b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."
    )


def light(part: Part) -> PartOffsets:
    return PartOffsets(
        part.kind,
        part.start,
        part.body,
        part.end,
        part.encoding,
        tuple(light(child) for child in part.children),
    )


@pytest.mark.parametrize("path", written() + corpus(), ids=lambda path: path.name)
def test_stored_offsets_round_trip(path: object) -> None:
    root = scan(path.read_bytes())  # type: ignore[attr-defined]
    assert load_parts(dump_parts(root)) == light(root)


@pytest.mark.parametrize("path", written() + corpus(), ids=lambda path: path.name)
def test_sections_in_the_stored_form_are_those_of_the_tree(path: object) -> None:
    root = scan(path.read_bytes())  # type: ignore[attr-defined]
    stored = dump_parts(root)
    for numbers in paths(root):
        for what in ("", "HEADER", "TEXT", "MIME", "OTHER"):
            assert locate_stored(stored, numbers, what) == locate(root, numbers, what)


def paths(part: Part, path: tuple[int, ...] = (), depth: int = 0) -> Iterator[tuple[int, ...]]:
    """Of all that is there, and of some things that are not."""
    yield path
    count = len(part.children)
    for number in {1, 2, min(count, 40), count + 1, 0}:
        yield (*path, number)
        if 1 <= number <= count:
            yield from paths(part.children[number - 1], (*path, number), depth + 1)
        if depth < 6:
            yield (*path, number, 1)
            yield (*path, number, 1, 2, 1)


def test_sections_in_a_damaged_stored_form_are_refused() -> None:
    stored = dump_parts(scan(MAIL))
    for end in range(8):
        with pytest.raises(ValueError, match="stored"):
            locate_stored(stored[:end], (len(scan(MAIL).children),))
    odd = scan(crlf("Content-Transfer-Encoding: X-Odd\n\nhi"))
    assert locate_stored(dump_parts(odd), (1,)) == locate(odd, (1,))


def test_stored_offsets_keep_odd_encodings() -> None:
    root = scan(crlf("Content-Transfer-Encoding: X-Odd\n\nhi"))
    found = find_part(load_parts(dump_parts(root)), (1,))
    assert found is not None and found.encoding == b"x-odd" and found.size == 2


@given(st.binary(max_size=60))
def test_damaged_offsets_are_refused(data: bytes) -> None:
    try:
        load_parts(b"\x01" + data)
    except ValueError:
        return
    assert dump_parts  # whatever is accepted was well-formed


def test_cut_offsets_are_refused() -> None:
    stored = dump_parts(scan(MAIL))
    for end in range(len(stored)):
        with pytest.raises(ValueError, match="stored"):
            load_parts(stored[:end])
    with pytest.raises(ValueError, match="tail"):
        load_parts(stored + b"\0")


HEADER = b"From x Mon Jan 1\r\nSubject: one\r\n two\r\n\tthree\r\nTo : a\r\nsubject: again\r\nno field\r\nX-A: 1\nCc: z\r\n\r\nTo: body"


def test_chosen_fields_keep_their_octets() -> None:
    assert select_fields(HEADER, [b"SUBJECT", b"cc"]) == (
        b"Subject: one\r\n two\r\n\tthree\r\nsubject: again\r\nCc: z\r\n\r\n"
    )
    assert select_fields(HEADER, [b"to"]) == b"To : a\r\n\r\n"
    assert select_fields(HEADER, [b"missing"]) == b"\r\n"


def test_fields_not_chosen() -> None:
    assert select_fields(HEADER, [b"Subject"], negate=True) == b"To : a\r\nX-A: 1\nCc: z\r\n\r\n"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (b"A: 1", b"A: 1\r\n"),
        (b"A: 1\r\n", b"A: 1\r\n"),
        (b"B: 2\r\n", b""),
        (b"", b""),
        (b"A: 1\r\n\r\n", b"A: 1\r\n\r\n"),
        (b"A: 1\n\n", b"A: 1\n\r\n"),
        (b"\r\n", b"\r\n"),
        (b"B: %b\r\n" % (b"x" * MAX_HEADER), b"\r\n"),
    ],
)
def test_a_blank_line_that_the_message_does_not_have_is_not_made_up(header: bytes, chosen: bytes) -> None:
    """RFC 9051 section 6.4.5; a header that was cut has its blank line beyond."""
    header = header[:MAX_HEADER]
    assert select_fields(header, [b"b"], negate=True) == chosen
    assert select_fields(header, [b"a"]) == chosen
    assert select_from_all([header, header], [b"a"]) == [chosen, chosen]


def test_field_values_are_unfolded() -> None:
    assert [(field.name, field.value) for field in fields(HEADER)] == [
        (b"Subject", b"one two\tthree"),
        (b"To", b"a"),
        (b"subject", b"again"),
        (b"X-A", b"1"),
        (b"Cc", b"z"),
    ]
