"""What a message is indexed by is made in quick ways: each gives what the plain way gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imapkit.message import address
from imapkit.message.envelope import build_envelope, envelope_fields
from imapkit.message.headers import collect, collect_plainly
from imapkit.message.preview import LENGTH, _tidy, tidy_plainly
from imapkit.message.scan import scan
from imapkit.message.structure import (
    wire_envelope,
    wire_envelope_plainly,
    wire_structure,
    wire_structure_plainly,
)

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
def test_the_envelope_on_the_wire(message: bytes) -> None:
    fields = envelope_fields(scan(message).header)
    assert wire_envelope(fields)[1] == wire_envelope_plainly(build_envelope(fields))


@given(messages())
def test_the_structure_on_the_wire(message: bytes) -> None:
    root = scan(message)
    for _ in range(2):  # made, and remembered
        assert wire_structure(root) == wire_structure_plainly(root)


@given(st.binary(max_size=300), st.integers(1, 5))
def test_addresses_are_remembered_as_they_are(value: bytes, limit: int) -> None:
    for most in (limit, address.MAX_ADDRESSES):
        assert address.parse_addresses(value, most) == address._parse(value, most)


WORDS = st.one_of(
    st.text(max_size=LENGTH), st.sampled_from([" ", "\u200b", "x" * 199, "y" * 90 + " ", "\n" * 300])
)


@given(st.lists(WORDS, max_size=30).map("".join))
def test_a_preview_from_the_start_of_a_text(text: str) -> None:
    assert _tidy(text) == tidy_plainly(text)
