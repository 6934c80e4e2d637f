"""The quick way to read FETCH responses beside the plain one: it says nothing, or the same in every attribute."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imapkit.features import fetch_quick
from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_quick import LazyFetchData, quick_fetch
from imapkit.protocol.response import read_response
from imapkit.wire.frame import Frame, HeldLiteral, Literal

GRAMMAR = full_registry().grammar
QUICK = quick_fetch(GRAMMAR)
NAMES = [field.name for field in fields(FetchData)]

# What servers send, and what they should not

text = st.text("aZ 09(){}[]<>@.,;:=?*%+-/\t\x7fé", max_size=12).map(
    lambda word: b'"%b"' % word.encode("utf-8")
)
special = st.sampled_from(
    [b'""', b'"5"', b'"5 (x"', b'"NIL"', b'"attachment"', b'"text"', b'"Message"', b'"a\xff"']
)
odd = st.sampled_from(
    [b'"a\\"b"', b"nil", b"atom", b"5", b"()", b'"\x00"', b'"\r"', b"{3}", b"-1", b'"5', b"(a b)"]
)
string = text | text | special
nstring = string | st.just(b"NIL")


def spaced(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(b" ".join)


def in_parens(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return inner.map(lambda octets: b"(" + octets + b")")


def joined(one: st.SearchStrategy[bytes], glue: bytes, most: int = 3) -> st.SearchStrategy[bytes]:
    return st.lists(one, min_size=1, max_size=most).map(glue.join)


NIL = st.just(b"NIL")
number = st.integers(0, 10**6).map(b"%d".__mod__)
address = in_parens(spaced(*[nstring] * 4))
addresses = NIL | in_parens(joined(address, b""))
envelope = in_parens(spaced(nstring, nstring, *[addresses] * 6, nstring, nstring))
params = NIL | in_parens(joined(spaced(string, string), b" "))
disposition = NIL | in_parens(spaced(string, params))
language = NIL | string | in_parens(joined(string, b" "))
extension = (
    st.lists(st.just(None), max_size=4)
    .flatmap(lambda some: st.tuples(*[disposition, language, nstring, nstring][: len(some)]))
    .map(lambda parts: b"".join(b" " + part for part in parts))
)
tail = st.just(b"") | st.tuples(nstring, extension).map(lambda two: b" " + two[0] + two[1])
basic = spaced(params, nstring, nstring, nstring, number)
kind = st.sampled_from(
    [b'"application" "pdf"', b'"IMAGE" "png"', b'"message" "partial"', b'"" ""', b'"text" "html"']
)
words = st.sampled_from([b'"text" "plain"', b'"TEXT" "HTML"', b'"text" ""'])
leaf = in_parens(
    st.tuples(spaced(words, basic, number), tail).map(b"".join)
    | st.tuples(spaced(kind, basic), tail).map(b"".join)
)


def around(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    ends = st.just(b"") | st.tuples(params, extension).map(lambda two: b" " + two[0] + two[1])
    many = in_parens(st.tuples(joined(inner, b""), st.just(b" "), string, ends).map(b"".join))
    head = st.sampled_from([b'"message" "rfc822"', b'"MESSAGE" "RFC822"', b'"message" "global"'])
    message = in_parens(st.tuples(spaced(head, basic, envelope, inner, number), tail).map(b"".join))
    return many | message


body = st.recursive(leaf, around, max_leaves=6)
item = st.one_of(
    number.map(b"UID %b".__mod__),
    st.sampled_from([b"UID 4294967295", b"UID 4294967296", b"UID 0007", b"uid 3", b"X-NEW 3", b"PREVIEW NIL", b"UID  3"]),
    st.sampled_from([b"FLAGS ()", b"FLAGS (\\seen $Junk a{b)", b"FLAGS ( \\Seen  x )", b"FLAGS (a\xff \\Draft)", b"FLAGS NIL"]),
    st.sampled_from([b'INTERNALDATE " 1-Nov-2026 10:00:00 +0130"', b'INTERNALDATE "31-Feb-2026 10:00:00 +0000"',
                     b'INTERNALDATE "1-nov-2026 23:59:60 -1200"', b"INTERNALDATE NIL", b'INTERNALDATE "nonsense"']),
    number.map(b"RFC822.SIZE %b".__mod__),
    number.map(b"MODSEQ (%b)".__mod__),
    envelope.map(b"ENVELOPE %b".__mod__),
    body.map(b"BODYSTRUCTURE %b".__mod__),
    body.map(b"BODY %b".__mod__),
)  # fmt: skip
heads = st.sampled_from(
    [b"* 5 FETCH (", b"* 4294967297 FETCH (", b"* 5 fetch (", b"*  5 FETCH (", b"* 5 FETCH ((", b"* FETCH ("]
)
ends = st.sampled_from([b")"] * 6 + [b"))", b"", b" )", b") ", b") UID 9"])
lines = st.builds(
    lambda head, items, end: head + items + end, heads | st.just(b"* 5 FETCH ("), joined(item, b" ", 7), ends
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good line with something wrong in one place."""
    line: bytes = draw(lines)
    at = draw(st.integers(0, len(line)))
    wrong = draw(odd | st.binary(max_size=2))
    return line[:at] + wrong + line[at + draw(st.integers(0, 3)) :]


def same(line: bytes, literals: dict[int, Literal] | None = None) -> bool:
    """True if the quick way knows the line; then it must say what the plain way says."""
    found = QUICK(line, literals)
    if found is None:
        return False
    plain = read_response(Frame(line, literals), GRAMMAR)
    assert isinstance(plain, FetchData), (line, plain)
    for name in NAMES:
        assert getattr(found, name) == getattr(plain, name), (line, name)
    again = QUICK(line, literals)
    assert again is not None
    assert again == plain == again and repr(again).removeprefix("Lazy") == repr(plain)
    return True


@settings(deadline=None)
@given(line=lines)
@example(line=b'* 5 FETCH (BODYSTRUCTURE ("text" "plain" NIL NIL NIL "5 (x" 1 2))')
@example(line=b'* 5 FETCH (BODYSTRUCTURE ("a" "b" NIL NIL NIL NIL 1 "x" NIL ("en-GB")))')
def test_both_ways_agree(line: bytes) -> None:
    same(line)


@settings(deadline=None)
@given(line=damaged())
def test_both_ways_agree_on_damaged_lines(line: bytes) -> None:
    same(line)


@settings(deadline=None)
@given(
    section=st.sampled_from([b"", b"1.2", b"HEADER", b"HEADER.FIELDS (To From)", b"0", b"x (a)", b"1.MIME", b"HEADER.FIELDS ( )", b"1."]),
    origin=st.sampled_from([b"", b"<0>", b"<5>", b"<5.6>"]),
    before=st.lists(item, max_size=2),
    octets=st.binary(max_size=30),
)  # fmt: skip
def test_both_ways_agree_on_bodies(section: bytes, origin: bytes, before: list[bytes], octets: bytes) -> None:
    head = b"* 5 FETCH (" + b" ".join(
        [*before, b"BODY[" + section + b"]" + origin + b" {%d}\r\n" % len(octets)]
    )
    same(head + b")", {len(head): HeldLiteral(octets)})
    same(head + b" UID 7)", {len(head): HeldLiteral(octets)})
    assert not same(head + b")", {len(head) - 1: HeldLiteral(octets)})
    assert not same(head + b")", {})


ORDINARY = [
    b"* 1 FETCH (UID 7 FLAGS (\\Seen))",
    b'* 2 FETCH (FLAGS () UID 8 INTERNALDATE " 1-Nov-2026 10:00:00 +0000" RFC822.SIZE 99 MODSEQ (12) ENVELOPE ("d" "s" '
    b'(("n" NIL "m" "h")("n" NIL "m" "h")) NIL NIL NIL NIL NIL NIL "<i>") BODYSTRUCTURE (("text" "plain" ("charset" '
    b'"utf-8") NIL NIL "7bit" 1 2 NIL NIL NIL NIL)(("text" "html" NIL NIL NIL "7bit" 1 2)("image" "png" ("name" "x") "<c>" NIL '
    b'"base64" 100 NIL ("inline" ("filename" "x")) NIL NIL) "related") "mixed" ("boundary" "b") NIL "en" NIL))',
    b'* 3 FETCH (BODYSTRUCTURE ("message" "rfc822" NIL NIL NIL "7bit" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" '
    b'NIL NIL NIL "7bit" 1 2) 3))',
]  # fmt: skip


@pytest.mark.parametrize("line", ORDINARY[:2])
def test_what_is_usual_is_known(line: bytes) -> None:
    assert same(line)


@pytest.mark.parametrize("line", ORDINARY)
def test_every_beginning(line: bytes) -> None:
    for end in range(len(line)):
        assert not same(line[:end])
        same(line[:end] + b")")


def test_it_can_be_copied_and_changed() -> None:
    found = QUICK(ORDINARY[1], None)
    assert isinstance(found, LazyFetchData)
    other = pickle.loads(pickle.dumps(found))
    assert other == found == copy.deepcopy(found)
    assert type(other) is FetchData
    more = QUICK(b"* 2 FETCH (FLAGS (new))", None)
    assert more is not None
    found.add(more.items)
    assert found.flags == ("new",) and len(found.items) == len(other.items) + 1
    with pytest.raises(AttributeError):
        found.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_what_is_long_is_not_remembered() -> None:
    """A server chooses how long lists of flags and names of sections are, and the caches outlive the connection."""
    before = fetch_quick._known_flags.cache_info().currsize, fetch_quick._known_section.cache_info().currsize
    assert same(b"* 1 FETCH (UID 7 FLAGS (%b))" % (b"long " * 1000))
    head = b"* 1 FETCH (UID 7 BODY[%b] {1}\r\n" % (b"x" * 1000)
    assert same(head + b")", {len(head): HeldLiteral(b"a")})
    after = fetch_quick._known_flags.cache_info().currsize, fetch_quick._known_section.cache_info().currsize
    assert after == before
