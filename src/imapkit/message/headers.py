"""Header blocks: their fields, and the choice of some for BODY[HEADER.FIELDS (…)] (RFC 3501 section 6.4.5, RFC 5322 section 2.2).

The rule this file must not break: what is chosen keeps its octets and folds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ..record import record
from .mime import unfold

_LOGICAL: Final = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?")
_NAME: Final = re.compile(rb"([\x00!-9;-~\x80-\xff]+)[ \t]*:")
_BLANK: Final = (b"\n", b"\r\n", b"\r", b"")


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


def select_fields(header: bytes, names: Iterable[bytes], negate: bool = False) -> bytes:
    """HEADER.FIELDS, or HEADER.FIELDS.NOT when ``negate``: the fields and the blank line."""
    wanted = {name.lower() for name in names}
    chosen = [_ended(field.raw) for field in fields(header) if (field.name.lower() in wanted) != negate]
    chosen.append(b"\r\n")
    return b"".join(chosen)


def _ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw.rstrip(b"\r") + b"\r\n"


def collect(header: bytes, names: frozenset[bytes]) -> dict[bytes, list[bytes]]:
    """The unfolded values of the fields with these lower-case names, in their order."""
    found: dict[bytes, list[bytes]] = {}
    for field in fields(header):
        name = field.name.lower()
        if name in names:
            found.setdefault(name, []).append(field.value)
    return found
