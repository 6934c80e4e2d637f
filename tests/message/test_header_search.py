"""Looking into headers without decoding them says the same as decoding them all."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.message.header_search import holding
from imapkit.message.text import search_header
from imapkit.query.collate import casemap

PIECES = [
    b"Subject", b"X-A", b":", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\r\n ", b"\0", b"ab", b"Ab", b"c", b"=?", b"?=",
    b"=?utf-8?q?a=62?=", b"=?utf-8?b?YWI=?= =?utf-8?b?Yw==?=", b"=?utf-8?q?=EF=BD=81?=", "\uff41\u00e9".encode(), b"\xe9",
    b"\r\n\r\n",
]  # fmt: skip
headers = st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map(b"".join), max_size=5)
needles = st.one_of(
    st.text("abcx :=?-\n", min_size=1, max_size=5),
    st.sampled_from(["ab", "abc", "t: ab", "\u00e9", "\uff41b"]),
)


@given(headers, needles)
@example([b"Sub\0ject: x\r\n"], "subject")
@example([b"Subject: =?utf-8?q?a?= =?utf-8?q?b?=\r\n\r\n"], "ab")
@example([b"Subject: a\r\n b\r\n\r\n"], "a b")
def test_as_the_decoded_text(sample: list[bytes], needle: str) -> None:
    needle = casemap(needle)
    wanted = [at for at, header in enumerate(sample) if needle in search_header(header)]
    assert holding(sample, needle) == wanted
    whole = [b"Subject: " + header + b"\r\n\r\n" for header in sample]
    assert holding(whole, needle) == [
        at for at, header in enumerate(whole) if needle in search_header(header)
    ]
