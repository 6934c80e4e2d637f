"""LF to CRLF, in one piece and in chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.line_ends import crlf_chunks, with_crlf

PIECES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b""]), max_size=20)


@given(PIECES)
def test_every_lf_has_its_cr_and_nothing_else_changes(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    mended = with_crlf(data)
    assert mended.count(b"\n") == mended.count(b"\r\n") == data.count(b"\n")
    assert mended.replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
    assert with_crlf(mended) == mended


@given(PIECES)
def test_cutting_changes_nothing(pieces: list[bytes]) -> None:
    chunks = [piece for piece in pieces if piece]
    assert b"".join(crlf_chunks(iter(chunks))) == with_crlf(b"".join(pieces))
