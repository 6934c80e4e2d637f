"""Header blocks: their fields, and the choice of some for BODY[HEADER.FIELDS (…)] (RFC 3501 section 6.4.5, RFC 5322 section 2.2).

The rule this file must not break: what is chosen keeps its octets and folds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from ..record import record
from .mime import unfold

_LOGICAL: Final = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?")
_NAME: Final = re.compile(rb"([\x00!-9;-~\x80-\xff]+)[ \t]*:")
MAX_HEADER: Final = 1 << 20
"""Octets of one header block that are looked at."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_BLANK: Final = (b"\n", b"\r\n", b"\r", b"")
_FEW: Final = 100
"""Names that are looked for by one expression: with more it is slower than field by field, and large. Clients choose them."""
_SHORT: Final = 4096
"""Octets of all names together, for the same reason."""
LONGEST_NAME: Final = 998
"""No line of a header is longer (RFC 5322 section 2.1.1): a longer name is no field's."""
_PLAIN_NAME: Final = re.compile(rb"[!-9;-~\x80-\xff]+")


@record
class Field:
    """One header field."""

    name: bytes
    raw: bytes
    """The whole field with its folds and the line end."""
    at: int
    """Where the value begins in ``raw``."""

    @property
    def value(self) -> bytes:
        """The value without line ends and outer white space."""
        return unfold(self.raw[self.at :])


def fields(header: bytes) -> Iterator[Field]:
    """The fields of a header block up to its blank line; lines that are no fields are passed over."""
    at = 0
    size = len(header)
    while at < size:
        line = _LOGICAL.match(header, at)
        if line is None or line[0] in _BLANK:
            return
        at = line.end()
        name = _NAME.match(line[0])
        if name is not None:
            yield Field(name[1].replace(b"\0", b""), line[0], name.end())


def header_part(message: bytes) -> bytes:
    """The header of a message, with the blank line behind it; all of it where there is none."""
    if message.startswith((b"\n", b"\r\n")):
        return message[: message.index(b"\n") + 1]
    end = _BLANK_LINE.search(message)
    return message if end is None else message[: end.end()]


def select_fields(header: bytes, names: Iterable[bytes], negate: bool = False) -> bytes:
    """HEADER.FIELDS, or HEADER.FIELDS.NOT when ``negate``: the fields and the blank line, if there is one."""
    names = tuple(names)
    if not negate and _are_few(names) and is_tidy(header):
        chosen = _finder(names).findall(b"\n" + header)
        chosen.append(b"\r\n")
        return b"\n".join(chosen)
    return select_fields_plainly(header, names, negate)


def select_fields_plainly(header: bytes, names: Iterable[bytes], negate: bool = False) -> bytes:
    """``select_fields`` field by field, for any header; the quick way must give the same octets."""
    wanted = {name.lower() for name in names}
    chosen = [ended(field.raw) for field in fields(header) if (field.name.lower() in wanted) != negate]
    chosen.append(blank_line(header))
    return b"".join(chosen)


def blank_line(header: bytes) -> bytes:
    """The blank line to send behind chosen fields: none where the message has none (RFC 9051 section 6.4.5).

    A header that fills all the room there is for one was cut, and its blank line is further on.
    """
    if (
        len(header) >= MAX_HEADER
        or _BLANK_LINE.search(header) is not None
        or header.startswith((b"\n", b"\r\n"))
    ):
        return b"\r\n"
    return b""


def select_from_all(headers: Sequence[bytes], names: Sequence[bytes]) -> list[bytes]:
    """``select_fields`` of each header, where they are all tidy by one search through all of them."""
    if not _are_few(names):
        return [select_fields_plainly(header, names) for header in headers]
    text = b"\n" + b"\0\n".join(headers) + b"\0"
    count = len(headers)
    # Blank lines are found too, with the NUL behind the last: there the next header begins. Any other one breaks a rule below.
    found = b"\n".join(_all_finder(tuple(names)).findall(text))
    tidy = (
        text.count(b"\0") == found.count(b"\r\n\0") == count > 0
        and b"\n\n" not in found
        and not found.startswith(b"\n")
    )
    return found[:-1].split(b"\0\n") if tidy else [select_fields(header, names) for header in headers]


def known_names(names: Iterable[bytes]) -> frozenset[bytes]:
    """Lower-case names of those that a field can have: what else a client sends is not carried through every message."""
    return frozenset([name.lower() for name in names if len(name) <= LONGEST_NAME])


def _are_few(names: Sequence[bytes]) -> bool:
    return len(names) <= _FEW and sum(map(len, names)) <= _SHORT


def is_tidy(header: bytes) -> bool:
    """True for the common header block: one blank line, at its end, and no NUL; what is found line by line is a field then."""
    blank = _BLANK_LINE.search(header)
    return (
        blank is not None
        and blank.end() == len(header)
        and blank[0] == b"\n\r\n"
        and not header.startswith((b"\r\n", b"\n"))
        and b"\0" not in header
    )


@lru_cache(maxsize=128)
def _finder(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Finds the fields of these names behind a line end, without their own."""
    return re.compile(rb"\n(%s)" % _field_of(names), re.IGNORECASE)


@lru_cache(maxsize=128)
def _all_finder(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """The same in headers that each end with NUL, and all blank lines."""
    return re.compile(rb"\n(%s|\r?\n\0?)" % _field_of(names), re.IGNORECASE)


def _field_of(names: tuple[bytes, ...]) -> bytes:
    known = b"|".join(re.escape(name) for name in dict.fromkeys(names) if _PLAIN_NAME.fullmatch(name))
    return rb"(?:%s)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*" % (known or b"(?!)")


def ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw.rstrip(b"\r") + b"\r\n"


def collect(header: bytes, names: frozenset[bytes]) -> dict[bytes, list[bytes]]:
    """The unfolded values of the fields with these lower-case names, in their order."""
    if not is_tidy(header):
        return collect_plainly(header, names)
    found: dict[bytes, list[bytes]] = {}
    for name, value in _value_finder(names).findall(b"\n" + header):
        found.setdefault(name.lower(), []).append(unfold(value))
    return found


@lru_cache(maxsize=16)
def _value_finder(names: frozenset[bytes]) -> re.Pattern[bytes]:
    """Finds names and values of fields behind a line end."""
    known = b"|".join(sorted(re.escape(name) for name in names))
    return re.compile(rb"\n(%s)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % known, re.IGNORECASE)


def collect_plainly(header: bytes, names: frozenset[bytes]) -> dict[bytes, list[bytes]]:
    """``collect`` field by field, for any header; the quick way must give the same values."""
    found: dict[bytes, list[bytes]] = {}
    for field in fields(header):
        name = field.name.lower()
        if name in names:
            found.setdefault(name, []).append(field.value)
    return found
