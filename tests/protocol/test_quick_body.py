"""The quick way to read a BODYSTRUCTURE beside the lenient one: nothing, or the same parts."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from imapkit.errors import ParseError
from imapkit.protocol.body_loose import read_loose_body
from imapkit.protocol.body_quick import quick_body
from imapkit.protocol.bodypart import BodyPart
from imapkit.wire.cursor import Cursor

words = st.sampled_from(
    [b'"text"', b'"TEXT"', b'"plain"', b'"image"', b'"message"', b'"rfc822"', b'"NIL"', b'""', b'"5"', b'"a b"', b'"\xff)"',
     b'"attachment"', b'"5 ("', b'"a\\"b"', b"atom", b"NIL", b"NIL", b"7", b"12", b"-1", b"()", b'("charset" "utf-8")',
     b'("a" "b" "c" "")', b'("a" NIL)', b'("attachment" NIL)', b'("inline" ("filename" "x.pdf"))', b'("en" "de")',
     b'"' + b"x" * 80 + b'"']
)  # fmt: skip
fields = st.lists(words, max_size=12).map(b" ".join)
strings = st.sampled_from([b'"text"', b'"x"', b'"image"', b'"message"', b'""'])
nstrings = strings | st.just(b"NIL")
params = st.sampled_from([b"NIL", b'("a" "b")', b'("a" "b" "c" "d")', b'("name" "%b")' % (b"n" * 90)])
numbers = st.sampled_from([b"0", b"12", b"007"])
dispositions = st.sampled_from(
    [b"NIL", b'("inline" NIL)', b'("attachment" ("filename" "a (b)"))', b'("" NIL)']
)
tails = st.tuples(nstrings, dispositions, nstrings, nstrings).map(lambda some: b" " + b" ".join(some))
good = st.builds(
    lambda head, rest, tail: b"(" + b" ".join(head) + rest + tail + b")",
    st.tuples(strings, strings, params, nstrings, nstrings, nstrings, numbers),
    st.just(b"") | numbers.map(lambda number: b" " + number),
    st.just(b"") | tails,
)
odd = fields.map(lambda inner: b"(" + inner + b")")


def multi(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    ends = st.builds(
        lambda subtype, given, tail: b" ".join([subtype, given]) + tail,
        strings,
        params,
        st.tuples(dispositions, nstrings, nstrings).map(lambda some: b" " + b" ".join(some))
        | st.just(b" NIL"),
    )
    return st.builds(
        lambda children, end: b"(" + b"".join(children) + b" " + end + b")",
        st.lists(inner, min_size=1, max_size=3),
        ends | strings | fields,
    )


def plainly(octets: bytes) -> BodyPart | None:
    cursor = Cursor(octets, lenient=True)
    try:
        part = read_loose_body(cursor)
    except ParseError:
        return None
    return part if cursor.at_end else None


@settings(deadline=None)
@given(octets=st.recursive(good | odd, multi, max_leaves=8))
@example(octets=b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1477 20 NIL NIL NIL NIL)')
def test_both_ways_agree(octets: bytes) -> None:
    found = quick_body(octets)
    assert found is None or found == plainly(octets)


@settings(deadline=None)
@given(octets=st.recursive(good, multi, max_leaves=5), at=st.integers(0, 400), put=st.binary(max_size=2))
def test_both_ways_agree_on_damaged_ones(octets: bytes, at: int, put: bytes) -> None:
    octets = octets[:at] + put + octets[at + 1 :]
    found = quick_body(octets)
    assert found is None or found == plainly(octets)


def test_usual_ones_are_known() -> None:
    leaf = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1477 20 NIL NIL NIL NIL)'
    assert quick_body(leaf) == plainly(leaf) is not None
    both = b"(" + leaf + leaf + b' "alternative" ("boundary" "b") NIL NIL NIL)'
    assert quick_body(both) == plainly(both) is not None
    assert quick_body(b"(" * 5000) is None
