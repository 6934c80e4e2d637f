"""What a message is indexed by is made in quick ways: each gives what the plain way gives."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.message import dates, people
from imapkit.message.address import parse_addresses
from imapkit.message.chosen import known_fields
from imapkit.message.decode import part_text
from imapkit.message.envelope import (
    all_people,
    build_envelope,
    envelope_fields,
    envelope_fields_of,
    wire_envelope,
    wire_envelope_plainly,
)
from imapkit.message.headers import collect, collect_plainly
from imapkit.message.mime import _read_mime, content_fields, parse_mime
from imapkit.message.part import LEAF, Mime, Part
from imapkit.message.preview import LENGTH, _plain_start, _tidy, tidy_plainly
from imapkit.message.scan import _scan_one_part, scan, scan_plainly
from imapkit.message.structure import wire_structure, wire_structure_plainly
from imapkit.message.words import decode_words
from imapkit.query.collate import casemap

NAMES = frozenset([b"from", b"to", b"subject", b"date", b"references"])
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"From: Ann <ann@example.org>", b"from : bob@example.org", b"FROM:", b"To: a@b, c@d", b"To\t:x", b"To: (c) a@b",
                b" folded <x@y>", b"\tfolded", b"Subject: a \"b\" \\c", b"Subject: =?utf-8?q?=C3=A9?= \xc3\xa9", b"Date: x\0y",
                b"Sender: s@example.org", b"Reply-To:", b"Cc: team: a@b, c@d;", b"Message-ID: <a@b>", b"no field", b"",
                b"References: <a@b> <c@d>\r", b"From", b": x", b"Fromage: <x@y>", b"X-From: q", b"To: " + b"x" * 5000,
                b"Content-Type: text/plain; charset=utf-8", b"Content-Type: text/html; name=\"a 0 0)\"", b"Content-ID: <1 0 0)>",
                b"Content-Type: image/png; name=\xff", b"Content-Disposition: attachment; filename=\"x\"",
                b"Content-Type: multipart/mixed; boundary=b", b"Content-Language: de, en", b"Content-Transfer-Encoding: base64",
                b"Content-Description: 0 0)", b"Content-Type: message/rfc822", b"--b",
            ]
        ),
        st.binary(max_size=12),
    ),
    max_size=12,
)  # fmt: skip
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Headers of all kinds, mostly tidy, with a body."""
    header = b"".join([line + draw(ENDS) for line in draw(LINES)])
    return header + draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b""])) + draw(st.binary(max_size=40))


@given(messages())
def test_the_fields_of_a_header(message: bytes) -> None:
    header = scan(message).header
    assert collect(header, NAMES) == collect_plainly(header, NAMES)
    assert collect(message, NAMES) == collect_plainly(message, NAMES)


@given(messages())
def test_the_tree_of_a_message(message: bytes) -> None:
    assert scan(message) == scan_plainly(message)


def test_one_part_is_scanned_the_quick_way() -> None:
    usual = b"From: a@b\r\nContent-Type: text/plain\r\n\r\none\r\n--two\r\n"
    assert _scan_one_part(usual) == scan_plainly(usual) != None  # noqa: E711
    for odd in (
        usual.replace(b"text/plain", b"multipart/mixed; boundary=two"),
        usual.replace(b"text/plain", b"message/rfc822"),
        usual.replace(b"\r\n\r\n", b"\r\n--x\r\n\r\n"),
        usual.replace(b"\r\n", b"\n"),
        b"no field\r\n" + usual,
        b"From ann\r\n" + usual,
        b"\r\n" + usual,
        b"",
    ):
        assert _scan_one_part(odd) is None
        assert scan(odd) == scan_plainly(odd)


@given(messages())
def test_the_fields_of_a_tidy_header(message: bytes) -> None:
    header = scan(message).header
    known = known_fields(header)
    assert known is None or envelope_fields_of(known) == envelope_fields(header)


def test_all_fields_of_an_envelope_are_known() -> None:
    names = [
        b"date",
        b"subject",
        b"from",
        b"sender",
        b"reply-to",
        b"to",
        b"cc",
        b"bcc",
        b"in-reply-to",
        b"message-id",
        b"references",
    ]
    header = b"".join([name.title() + b": 1\r\n" for name in names]) + b"\r\n"
    known = known_fields(header)
    assert known is not None
    assert envelope_fields_of(known) == envelope_fields(header) == {name: [b"1"] for name in names}


@given(messages())
def test_the_envelope_on_the_wire(message: bytes) -> None:
    fields = envelope_fields(scan(message).header)
    assert wire_envelope(fields, all_people(fields)) == wire_envelope_plainly(fields)


@given(messages())
def test_who_is_named_in_the_envelope(message: bytes) -> None:
    fields = envelope_fields(scan(message).header)
    envelope, who = build_envelope(fields), all_people(fields)
    named = {name: each.addresses for name, each in who.items()}
    assert named.get(b"from", ()) == envelope.from_
    assert (named.get(b"to", ()), named.get(b"cc", ()), named.get(b"bcc", ())) == (
        envelope.to,
        envelope.cc,
        envelope.bcc,
    )
    assert (named.get(b"reply-to") or envelope.from_) == envelope.reply_to


@given(messages())
def test_what_a_part_says_of_itself(message: bytes) -> None:
    header = scan(message).header
    fields = content_fields(header)
    for _ in range(2):  # read, and remembered
        assert parse_mime(header) == _read_mime(fields, parse_mime(b""))


@given(messages())
def test_the_structure_on_the_wire(message: bytes) -> None:
    root = scan(message)
    for _ in range(2):  # made, and remembered
        assert wire_structure(root) == wire_structure_plainly(root)


@given(st.binary(max_size=300).map(lambda value: value.replace(b"\0", b"")))
def test_people_are_remembered_as_they_are(value: bytes) -> None:
    for _ in range(2):
        found = people.people(value)
        assert found == people._read(value)
        assert found.addresses == parse_addresses(value)
        if not found.addresses:
            assert found.text == casemap(decode_words(value))


STAMPS = st.tuples(
    st.sampled_from([b"", b"Tue, ", b"tue, ", b"Tue,"]),
    st.integers(0, 33),
    st.sampled_from([b"Nov", b"Feb", b"nov", b"Foo", b"November"]),
    st.sampled_from([b"2026", b"1899", b"1999", b"26", b"20266"]),
    st.sampled_from([b"08:05:09", b"23:59:60", b"24:00:00", b"8:05:09", b"08:05"]),
    st.sampled_from([b"+0000", b"-0330", b"+2359", b"+2400", b"GMT", b"+01:00", b"+0100 (CET)", b"-0800 (a (b))", b"-0000 PM"]),
).map(lambda parts: b"%b%d %b %b %b %b" % parts)  # fmt: skip


@given(STAMPS)
@example(b"Tue, 3 Nov 2026 08:05:09 +0100 (CET)")
def test_dates_read_the_quick_way(value: bytes) -> None:
    quick, plain = dates.parse_date(value), dates.parse_date_plainly(value)
    assert quick == plain
    assert quick is None or plain is None or quick.utcoffset() == plain.utcoffset()


WORDS = st.one_of(
    st.text(max_size=LENGTH), st.sampled_from([" ", "\u200b", "x" * 199, "y" * 90 + " ", "\n" * 300])
)


@given(st.lists(WORDS, max_size=30).map("".join))
def test_a_preview_from_the_start_of_a_text(text: str) -> None:
    assert _tidy(text) == tidy_plainly(text)


ASCII = st.lists(
    st.one_of(
        st.text(st.characters(max_codepoint=0x7F), max_size=LENGTH),
        st.sampled_from([" ", "\x1f", "\x7f", "x" * 199, "y" * 90 + " ", "\r\n" * 300, "+AGEA-", "=20", "é"]),
    ),
    max_size=30,
).map("".join)  # fmt: skip
MIMES = st.builds(
    Mime, st.just(b"text"), st.just(b"plain"),
    st.sampled_from([(), ((b"charset", b"utf-8"),), ((b"Charset", b"ISO-8859-1"),), ((b"charset", b"utf-7"),),
                     ((b"charset", b"utf-16"),), ((b"charset", b"nonsense"),), ((b"charset*", b"''hz"),)]),
    encoding=st.sampled_from([None, b"7bit", b"8BIT", b"quoted-printable", b"base64", b"x-odd"]),
)  # fmt: skip


@given(ASCII, MIMES)
def test_a_preview_of_ascii(text: str, mime: Mime) -> None:
    head = text.encode()
    quick = _plain_start(Part(LEAF, 0, 0, len(head), 0, mime, head=head))
    assert quick in ("", tidy_plainly(part_text(head, mime)))
