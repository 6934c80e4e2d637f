"""The fields that mail programs ask for again and again, taken out of the header once (RFC 3501 section 6.4.5, HEADER.FIELDS).

Two values a message: the chosen fields one behind the other as they are, with the blank line if there is one, and a mark for each of
them (its code and its length), by which any set of these names is chosen without a look at the text. The rules this file must not
break: what is chosen by marks is what ``headers.select_fields`` chooses; codes are stored, so a name keeps its code, and a new name
needs a new version of the stored marks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from .headers import blank_line, ended, fields, is_tidy

NAMES: Final = (
    b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"subject", b"message-id", b"in-reply-to", b"references",
    b"content-type", b"newsgroups", b"x-priority", b"priority", b"importance", b"list-id", b"list-post", b"list-unsubscribe",
    b"list-subscribe", b"disposition-notification-to", b"return-receipt-to", b"mail-followup-to", b"mail-reply-to", b"x-label",
    b"content-description", b"lines", b"x-uniform-type-identifier", b"x-universally-unique-identifier", b"x-k9mail-identity",
)  # fmt: skip
"""The name with code 1, and so on."""
CODES: Final = {name: code for code, name in enumerate(NAMES, 1)}
BLANK: Final = 0
"""The code of the blank line at the end."""
MARK: Final = 3
"""Octets of a mark: the code, and the length in two octets, the lower first."""
MAX_TEXT: Final = 16_384

_KNOWN: Final = re.compile(
    rb"\n((%s)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*))" % b"|".join(map(re.escape, NAMES)), re.IGNORECASE
)
_NOTHING: Final = (b"", b"")

Known = list[tuple[bytes, bytes, bytes]]
"""Fields with known names: the field without its line end, its name, its value."""


def known_fields(header: bytes) -> Known | None:
    """The fields of a tidy header that have known names; None for another header."""
    return _KNOWN.findall(b"\n" + header) if is_tidy(header) else None


def pack_fields(header: bytes) -> tuple[bytes, bytes]:
    """(marks, text); both empty if the fields are too long to be kept twice, or if there is nothing."""
    known = known_fields(header)
    return pack_fields_plainly(header) if known is None else pack_known(known)


def pack_known(known: Known) -> tuple[bytes, bytes]:
    """The same of fields that were found already."""
    text = b"\n".join([*[raw for raw, _, _ in known], b"\r\n"])
    if len(text) > MAX_TEXT:
        return _NOTHING
    marks: list[int] = []
    for raw, name, _ in known:
        size = len(raw) + 1
        marks += (CODES[name.lower()], size & 255, size >> 8)
    marks += (BLANK, 2, 0)
    return bytes(marks), text


def pack_fields_plainly(header: bytes) -> tuple[bytes, bytes]:
    """``pack_fields`` field by field, for any header; the quick way must give the same octets."""
    marks = bytearray()
    text = []
    blank = blank_line(header)
    size = len(blank)
    for code, raw in _any_fields(header):
        size += len(raw)
        if size > MAX_TEXT:
            return _NOTHING
        marks += bytes((code, len(raw) & 255, len(raw) >> 8))
        text.append(raw)
    if blank:
        marks += bytes((BLANK, len(blank), 0))
    text.append(blank)
    return bytes(marks), b"".join(text)


def _any_fields(header: bytes) -> Iterator[tuple[int, bytes]]:
    for field in fields(header):
        code = CODES.get(field.name.lower())
        if code is not None:
            yield code, ended(field.raw)


def codes_of(names: Iterable[bytes]) -> frozenset[int] | None:
    """The codes of lower-case names; None when one of them is not kept."""
    codes = [CODES.get(name, -1) for name in names]
    return None if -1 in codes else frozenset(codes)


def choose_packed(marks: bytes, text: bytes, codes: Collection[int]) -> bytes:
    """The fields with these codes and the blank line, if there is one, of what ``pack_fields`` gave (not of nothing)."""
    chosen = []
    start = 0
    for at in range(0, len(marks), MARK):
        code = marks[at]
        end = start + marks[at + 1] + (marks[at + 2] << 8)
        if code == BLANK or code in codes:
            chosen.append(text[start:end])
        start = end
    return b"".join(chosen)
