"""The response codes APPENDUID and COPYUID (RFC 4315 section 3): which UIDs messages have got.

Records alone: UIDPLUS declares them; the verbs of APPEND, COPY and MOVE give what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .numset import STAR, NumSet, check_count, encode_numset, read_numset
from .registry import Grammar


def read_uids(c: Cursor) -> NumSet:
    """uid-set: no ``*``, no ``$``."""
    start = c.pos
    found = read_numset(c)
    if found.saved or any(STAR in pair for pair in found.ranges):
        c.pos = start
        raise c.fail("UIDs without * and $")
    return found


@record
class AppendUid:
    """ "APPENDUID" SP nz-number SP append-uid."""

    uidvalidity: int
    uids: NumSet
    name: str = "APPENDUID"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        uidvalidity = c.nz_number("a UIDVALIDITY")
        c.sp()
        return cls(uidvalidity, read_uids(c))

    def write(self, w: Writer) -> None:
        w.raw(b"APPENDUID ").number(self.uidvalidity).raw(b" " + encode_numset(self.uids))


@record
class CopyUid:
    """ "COPYUID" SP nz-number SP uid-set SP uid-set: the sets correspond, UID by UID."""

    uidvalidity: int
    source: NumSet
    target: NumSet
    name: str = "COPYUID"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        uidvalidity = c.nz_number("a UIDVALIDITY")
        c.sp()
        source = read_uids(c)
        c.sp()
        return cls(uidvalidity, source, read_uids(c))

    def write(self, w: Writer) -> None:
        w.raw(b"COPYUID ").number(self.uidvalidity)
        w.raw(b" " + encode_numset(self.source) + b" " + encode_numset(self.target))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(UID in the source, UID in the target), in the order of copying. Empty when the sets differ in size. Raises LimitExceeded."""
        if _size(self.source) == _size(self.target):
            check_count(self.source)
            yield from zip(_in_order(self.source), _in_order(self.target), strict=True)


def _size(uids: NumSet) -> int:
    """With what stands in it twice counted twice."""
    return sum(abs(high - low) + 1 for low, high in uids.ranges)


def _in_order(uids: NumSet) -> Iterator[int]:
    """The order of the set as written; 12:10 is 10, 11, 12 (RFC 4315 section 3)."""
    for low, high in uids.ranges:
        yield from range(min(low, high), max(low, high) + 1)
