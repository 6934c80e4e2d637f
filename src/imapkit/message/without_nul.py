"""A message whose binary parts hold NUL, made one that any client can be given: those parts become base64 (RFC 3516 sections 4.4 and 6).

The rule this file must not break: nothing is lost. Only bodies of Content-Transfer-Encoding binary that hold a NUL change, and the field
that names their encoding; decoded they are what they were.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .headers import MAX_HEADER
from .part import LEAF
from .section import PartOffsets

Read = Callable[[int, int], bytes]
"""At most so many octets from an offset."""

_ENCODING: Final = re.compile(
    rb"^Content-Transfer-Encoding[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_BASE64: Final = b"Content-Transfer-Encoding: base64\r\n"
_LINE: Final = 57
"""Octets whose base64 is one line of 76 (RFC 2045 section 6.8)."""
_PIECE: Final = _LINE * 4096


def parts_with_nul(root: PartOffsets, read: Read) -> Iterator[PartOffsets | None]:
    """The binary parts that hold NUL, in their order; None between two reads, where others may have their turn."""
    pending = [root]
    while pending:
        part = pending.pop()
        pending.extend(reversed(part.children))
        if part.kind == LEAF and part.encoding == b"binary" and part.body - part.start <= MAX_HEADER:
            for at in range(part.body, part.end, _PIECE):
                if b"\0" in read(at, min(_PIECE, part.end - at)):
                    if _ENCODING.search(read(part.start, part.body - part.start)):
                        yield part
                    break
                yield None


def encoded(parts: Sequence[PartOffsets], size: int, read: Read) -> Iterator[bytes]:
    """The message of ``size`` octets with these parts as base64, piece by piece."""
    at = 0
    for part in parts:
        yield from _pieces(read, at, part.start)
        yield _ENCODING.sub(_BASE64, read(part.start, part.body - part.start))
        for piece in _pieces(read, part.body, part.end):
            lines = [
                binascii.b2a_base64(piece[start : start + _LINE], newline=False)
                for start in range(0, len(piece), _LINE)
            ]
            yield b"\r\n".join([*lines, b""])
        at = part.end
    yield from _pieces(read, at, size)


def _pieces(read: Read, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _PIECE):
        yield read(at, min(_PIECE, end - at))
