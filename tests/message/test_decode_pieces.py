"""A body that is decoded in pieces gives what it gives as a whole, wherever it is cut."""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.message.decode import UnknownEncoding, decode_body
from imapkit.message.decode_pieces import decode_pieces

ENCODINGS = [b"base64", b" Base64 ", b"quoted-printable", b"x-uuencode", b"7bit", b"binary"]
SALAD = st.lists(
    st.sampled_from(
        [
            b"QUJD", b"QQ==", b"QUI=", b"=", b"==", b"\r\n", b"\n", b"=\r\n", b"=41", b"A", b"_", b" ", b"\t", b"\x00", b"\xff",
            b"begin 644 x\n", b"begin-base64 644 y\r\n", b"#0V%T\n", b"#0V%T\r\n", b"end\n", b"`\n", b"end", b"#####\n",
        ]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip
BODIES = st.one_of(
    SALAD,
    st.binary(max_size=300),
    st.binary(max_size=300).map(base64.encodebytes),
    st.binary(max_size=300).map(quopri.encodestring),
    st.binary(max_size=300).map(
        lambda data: (
            b"begin 644 x\n"
            + b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
            + b"`\nend\n"
        )
    ),
)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in at} | {0, len(data)})
    return [data[start:end] for start, end in zip(places, places[1:], strict=False)] or [b""]


@given(BODIES, st.sampled_from(ENCODINGS), st.lists(st.integers(0, 400), max_size=12))
@example(b"QQ=QUJD", b"base64", [3])
@example(b"QQ=", b"base64", [1, 2])
@example(b"QQ==QUJD", b"base64", [3])
@example(b"QQ=\r\n=QUJD", b"base64", [4])
@example(b"x\nbegin 644 a\n#0V%T\nend\nx", b"x-uuencode", [4, 7])
def test_the_cuts_change_nothing(data: bytes, encoding: bytes, at: list[int]) -> None:
    pieces = cut(data, at)

    def read() -> Iterator[bytes]:
        return iter(pieces)

    found = b"".join(decode_pieces(read, encoding))
    expected = decode_body(data, encoding)
    if encoding.startswith(b"q"):  # blanks at the very end
        found, expected = found.rstrip(b" \t"), expected.rstrip(b" \t")
    assert found == expected


def test_a_body_without_line_ends_is_decoded_in_pieces_all_the_same() -> None:
    piece = b"x" * (1 << 20)
    out = list(decode_pieces(lambda: iter([piece] * 12), b"quoted-printable"))
    assert b"".join(out) == piece * 12
    assert max(map(len, out)) < 7 << 20


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UnknownEncoding):
        list(decode_pieces(lambda: iter([b"x"]), b"x-unheard-of"))
