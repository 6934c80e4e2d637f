"""What SELECT and a status line say quickly is what their records would write."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from imapkit.features import select
from imapkit.features.condstore import HighestModSeq, highest_line
from imapkit.features.select import (
    Exists,
    FlagsData,
    PermanentFlags,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    flag_lines,
    number_lines,
)
from imapkit.protocol import flags as names
from imapkit.protocol.registry import Writable
from imapkit.protocol.response import write_response
from imapkit.protocol.status import Kind, Status
from imapkit.wire.writer import Writer

NUMBERS = st.integers(0, (1 << 32) - 1)
KEYWORDS = st.lists(st.from_regex(r"[A-Za-z$][A-Za-z0-9_.-]{0,12}", fullmatch=True), unique=True, max_size=8)


def written(*responses: Writable, utf8: bool = False) -> bytes:
    w = Writer(utf8=utf8)
    for response in responses:
        write_response(w, response)
    return w.octets()


@given(NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS, NUMBERS, NUMBERS)
def test_numbers(exists: int, recent: int | None, unseen: int | None, validity: int, uidnext: int) -> None:
    records: list[Writable] = [Exists(exists)]
    if recent is not None:
        records.append(Recent(recent))
    if unseen is not None:
        records.append(Status(Kind.OK, "First unseen", Unseen(unseen)))
    records.append(Status(Kind.OK, "UIDs are valid", UidValidity(validity)))
    records.append(Status(Kind.OK, "Predicted next UID", UidNext(uidnext)))
    assert number_lines(exists, recent, unseen, validity, uidnext) == written(*records)


@given(KEYWORDS, st.booleans())
def test_flags(keywords: list[str], read_only: bool) -> None:
    usable = (*names.SYSTEM, *keywords)
    lasting = () if read_only else (*usable, "\\*")
    permanent = Status(Kind.OK, "Flags that stay", PermanentFlags(lasting))
    assert flag_lines(tuple(keywords), read_only) == written(FlagsData(usable), permanent)


@given(st.integers(1, (1 << 63) - 1))
def test_the_highest_modseq(modseq: int) -> None:
    assert highest_line(modseq) == written(Status(Kind.OK, "The highest MODSEQ", HighestModSeq(modseq)))


def test_no_more_keywords_can_be_made_where_there_are_so_many() -> None:
    many = tuple(f"k{number}" for number in range(select.KEYWORDS_MAX))
    assert b"\\*" in flag_lines(many[:-1], False)
    assert b"\\*" not in flag_lines(many, False)


@given(st.text(max_size=40), st.booleans(), st.sampled_from(Kind))
def test_a_status_is_one_line_of_what_may_be_on_it(text: str, utf8: bool, kind: Kind) -> None:
    line = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
    octets = line.encode("utf-8", "replace") if utf8 else line.encode("ascii", "replace")
    expected = b"* " + kind.value.encode() + b" " + (octets or b"-") + b"\r\n"
    assert written(Status(kind, text), utf8=utf8) == expected
