"""The quick ways through a header block beside the plain ones: the same octets, whatever the header holds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.message import headers
from imapkit.message.headers import is_tidy, select_fields, select_fields_plainly, select_from_all
from imapkit.message.text import search_header, search_header_plainly

NAMES = [b"From", b"Subject", b"X-1", b"to", b"a.b", b"a(b", b"From:", b"x y", b""]
pieces = st.sampled_from(
    [b"From", b"Subject", b"FROM", b"X-1", b"To", b"a.b", b"a(b", b":", b": ", b" :", b" ", b"\t", b"\r\n", b"\r\n ", b"\n",
     b"\n\t", b"\r", b"\r\r\n", b"\0", b"caf\xe9", b"text", b"=?utf-8?Q?=C3=A9?=", b"a: b\r\n", b"From: x\r\n", b"<a@b>", b"\x85",
     b"\x1d", b"\x0b"]
)  # fmt: skip
loose = st.lists(pieces, max_size=30).map(b"".join)
tidy = st.lists(pieces, max_size=20).map(lambda found: b"From: a\r\n" + b"".join(found) + b"\r\n\r\n")


@given(header=loose | tidy, names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
@example(header=b"From : a\r\nfrom:b\r\n c\r\nX: from: d\r\n\r\n", names=[b"from"])
@example(header=b"From: a\r\n\r\nFrom: behind\r\n\r\n", names=[b"from"])
@example(header=b"From: a\r\n\r\n from: folded\r\n\r\n", names=[b"from"])
def test_chosen_fields(header: bytes, names: list[bytes]) -> None:
    assert select_fields(header, names) == select_fields_plainly(header, names)
    assert select_fields(header, names, negate=True) == select_fields_plainly(header, names, negate=True)


@given(
    headers=st.lists(tidy, max_size=5) | st.lists(loose | tidy, max_size=5),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
)
@example(
    headers=[b"From: a\r\n\r\n", b"\r\n", b"X: y\r\n\r\n", b"to: b\r\n c\r\n\r\n"], names=[b"from", b"To"]
)
@example(headers=[b"From: a\r\n\r\n\r\n", b"From: b\r\n\r\n"], names=[b"from"])
@example(headers=[b"From: a", b"From: b\r\n\r\n"], names=[b"from"])
@example(headers=[b"\r\nFrom: a\r\n\r\n"], names=[b"from"])
@example(headers=[b"From: a\r\n\r\n\0\nFrom: b\r\n\r\n"], names=[b"from"])
def test_chosen_fields_of_many(headers: list[bytes], names: list[bytes]) -> None:
    assert select_from_all(headers, names) == [select_fields_plainly(header, names) for header in headers]


@given(header=loose | tidy)
@example(header=b"From: a \r\n \r\n b\r\n\r\n")
@example(header=b"From: a\x0bb\x1dc\r\nno field\r\n : none\r\n\r\n")
@example(header=b"A: b\r\n\r\n c\r\nD: e\r\n\r\n")
def test_searched_header(header: bytes) -> None:
    assert search_header(header) == search_header_plainly(header)


def test_the_common_header_takes_the_quick_way() -> None:
    header = b"From: ann\r\nSubject: two\r\n\tlines \r\n\r\n"
    assert is_tidy(header)
    assert select_fields(header, [b"subject"]) == b"Subject: two\r\n\tlines \r\n\r\n"
    assert search_header(header) == "FROM: ANN\nSUBJECT: TWO\tLINES"
    assert not is_tidy(b"From: ann\r\n\r\nbody\r\n\r\n")
    assert not is_tidy(b"\r\n")
    assert not is_tidy(b"")


def test_very_many_names() -> None:
    """No expression is made and remembered of them, and the octets are the same."""
    header = b"X-5: a\r\nx-7: b\r\n c\r\nSubject: d\r\n\r\n"
    names = [b"X-%d" % number for number in range(5, 5_000)]
    sizes = headers._finder.cache_info().currsize, headers._all_finder.cache_info().currsize
    expected = b"X-5: a\r\nx-7: b\r\n c\r\n\r\n"
    assert select_fields(header, names) == select_fields(header, iter(names)) == expected
    assert select_from_all([header, header], names) == [expected, expected]
    assert (headers._finder.cache_info().currsize, headers._all_finder.cache_info().currsize) == sizes
