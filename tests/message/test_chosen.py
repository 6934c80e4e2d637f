"""Fields kept apart at arrival: what is chosen by marks is what is chosen out of the header, whatever the header holds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.message.chosen import (
    BLANK,
    CODES,
    MARK,
    MAX_TEXT,
    NAMES,
    choose_packed,
    codes_of,
    pack_fields,
    pack_fields_plainly,
)
from imapkit.message.headers import select_fields_plainly
from imapkit.stores.sqlite.fields import choose_fields, choose_from_all

from .test_quick_headers import loose, tidy

wanted = st.lists(st.sampled_from([b"from", b"subject", b"to", b"cc"]), min_size=1, max_size=4)


@given(header=loose | tidy, names=wanted)
@example(header=b"From : a\r\nfrom:b\r\n c\r\nX: from: d\r\n\r\n", names=[b"from"])
@example(header=b"From: a\r\n\r\nFrom: behind\r\n\r\n", names=[b"from"])
@example(header=b"Fr\0om: a\r\nTo: b", names=[b"from", b"to"])
def test_chosen_by_marks(header: bytes, names: list[bytes]) -> None:
    codes = codes_of(names)
    assert codes is not None
    marks, text = pack_fields(header)
    assert choose_packed(marks, text, codes) == select_fields_plainly(header, names)


@given(header=loose | tidy)
@example(header=b"From : a\r\nfrom:b\r\n c\r\nX: from: d\r\n\r\n")
@example(header=b"From: b\r\nTo: %b\r\n\r\n" % (b"x" * MAX_TEXT))
def test_packed_the_quick_way_and_plainly(header: bytes) -> None:
    assert pack_fields(header) == pack_fields_plainly(header)


@given(headers=st.lists(loose | tidy, min_size=1, max_size=40), names=wanted)
def test_chosen_for_all_at_once(headers: list[bytes], names: list[bytes]) -> None:
    codes = codes_of(names)
    assert codes is not None
    packed = [pack_fields(header) for header in headers]
    plain = [select_fields_plainly(header, names) for header in headers]
    if all(marks for marks, _ in packed):
        assert choose_from_all([marks for marks, _ in packed], [text for _, text in packed], codes) == plain
    assert choose_fields(packed, codes, names, headers.__getitem__) == plain


def test_fields_too_long_to_be_kept_come_from_the_header() -> None:
    short = b"To: a\r\nFrom: b\r\n\r\n"
    edge = b"From: b\r\nSubject: %b\r\n\r\n" % (b"x" * (MAX_TEXT - 9 - 11 - 2))
    long = b"From: b\r\nSubject: x%b" % edge[18:]
    headers = [short, edge, long] * 20
    packed = [pack_fields(header) for header in headers]
    assert packed[2] == (b"", b"") and len(packed[1][1]) == MAX_TEXT
    codes = frozenset([CODES[b"from"]])
    assert choose_fields(packed, codes, [b"from"], headers.__getitem__) == [b"From: b\r\n\r\n"] * 60


def test_codes() -> None:
    assert codes_of([b"to", b"date"]) == frozenset([CODES[b"to"], CODES[b"date"]])
    assert codes_of([b"to", b"received"]) is None
    assert sorted(CODES.values()) == list(range(1, len(NAMES) + 1)) and BLANK == 0
    assert all(name == name.lower() for name in NAMES)
    assert CODES[b"references"] == 11 and NAMES[-1] == b"x-k9mail-identity" and len(NAMES) == 30  # as stored
    marks, text = pack_fields(b"Received: x\r\n\r\n")
    assert (marks, text) == (b"\0\2\0", b"\r\n") and len(marks) == MARK
