"""The quick way to read an ENVELOPE beside the plain one: the same record and the same end, or the same refusal."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.errors import ParseError
from imapkit.protocol.envelope import Envelope, read_envelope, read_envelope_plainly
from imapkit.wire.cursor import Cursor

strings = st.sampled_from(
    [b"NIL", b'""', b'"a"', b'"a b"', b'"NIL"', b'"(x)"', b'"a\\"b"', b'"\xc3\xa9"', b"nil", b"atom", b'"\t"', b'"\x7f"', b'"\r"']
)  # fmt: skip
addresses = st.lists(strings, min_size=3, max_size=5).map(lambda four: b"(" + b" ".join(four) + b")")
lists = st.one_of(
    st.just(b"NIL"),
    st.just(b"()"),
    st.lists(addresses, min_size=1, max_size=3).map(lambda found: b"(" + b"".join(found) + b")"),
)
plain = st.sampled_from([b"NIL", b'"a"', b'"b c"'])
good = st.lists(st.tuples(plain, plain, plain, plain), min_size=1, max_size=3).map(
    lambda found: b"(" + b"".join(b"(" + b" ".join(four) + b")" for four in found) + b")"
)


def wire(parts: tuple[bytes, ...], behind: bytes) -> bytes:
    return b"(" + b" ".join(parts) + b")" + behind


envelopes = st.builds(
    wire,
    st.one_of(
        st.tuples(strings, strings, *[lists] * 6, strings, strings),
        st.tuples(plain, plain, *[good | st.just(b"NIL")] * 6, plain, plain),
        st.lists(strings | lists, max_size=12).map(tuple),
    ),
    st.sampled_from([b"", b")", b" UID 3)"]),
)


def outcome(octets: bytes, lenient: bool, quick: bool) -> tuple[Envelope | None, int]:
    cursor = Cursor(octets, lenient=lenient)
    try:
        found = (read_envelope if quick else read_envelope_plainly)(cursor)
    except ParseError:
        return None, -1
    return found, cursor.pos


@given(octets=envelopes, lenient=st.booleans())
@example(octets=b'(NIL "s" (("a" NIL "b" "c")) NIL NIL NIL NIL NIL NIL NIL)', lenient=False)
@example(
    octets=b'("d" "s" ((NIL NIL "g" NIL)("a" NIL "b" "c")(NIL NIL NIL NIL)) NIL NIL NIL NIL NIL "r" "m")',
    lenient=True,
)
def test_both_ways_agree(octets: bytes, lenient: bool) -> None:
    assert outcome(octets, lenient, quick=True) == outcome(octets, lenient, quick=False)


@pytest.mark.parametrize("cut", range(60))
def test_cut_short(cut: int) -> None:
    octets = b'("d" "s" (("a" NIL "b" "c")) NIL NIL NIL NIL NIL NIL NIL)'[:cut]
    assert outcome(octets, False, quick=True) == outcome(octets, False, quick=False)
