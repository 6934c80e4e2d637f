"""Content that is read in pieces, and whether it is whole (RFC 9051 section 6.4.5, partial FETCH). No I/O.

The rule this file must not break: what is short, too long or from another place is never given for the whole. The size is known from the
structure or from RFC822.SIZE; where it is not, the last octet is asked for once more together with the one behind it: only a
message that is still there, and ends there, answers with that octet alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..errors import ImapError, Incomplete, UsageError
from ..features.fetch_data import FetchData
from ..features.fetch_items import FetchItem, SectionItem, SizeItem
from ..features.fetch_section import WHOLE, Section
from ..protocol.bodypart import BodyPart, MultiPart, walk

PIECE: Final = 256 * 1024
"""Octets asked for at first; each further time twice as many."""
LARGEST: Final = 1024 * 1024
"""Octets asked for at once, at most."""


def announced_size(data: FetchData, section: Section) -> int | None:
    """The octets that the server said a section has; None when what was fetched does not tell."""
    if section == WHOLE:
        return data.size
    structure = data.bodystructure if data.bodystructure is not None else data.body
    return _size_of_part(structure, section.path) if structure is not None and not section.text else None


def _size_of_part(structure: BodyPart, wanted: tuple[int, ...]) -> int | None:
    for path, part in walk(structure):
        if path == wanted and not isinstance(part, MultiPart):
            return part.octets
    return None


class Pieces:
    """One section, piece by piece: ask for ``next_items``, and give the answers to ``take``, until there is nothing to ask for.

    ``size``: what the server announced, if it did; None compares pieces only. ``ask_size``: let the server announce it.
    """

    def __init__(self, uid: int, section: Section, size: int | None, *, ask_size: bool) -> None:
        self.offset = 0
        """Octets received so far."""
        self._uid = uid
        self._section = section
        self._size = size
        self._ask_size = ask_size and size is None and section == WHOLE
        self._begin, self._count = 0, PIECE
        self._last = b""
        self._looking = False
        self._done = False

    def next_items(self) -> tuple[FetchItem, ...] | None:
        """What to fetch next; None when all is there."""
        if self._done:
            return None
        if not self._looking:
            self._begin = self.offset
        item = SectionItem(self._section, (self._begin, self._count), peek=True)
        return (SizeItem(), item) if self._ask_size else (item,)

    def take(self, answers: Iterable[FetchData]) -> bytes:
        """The octets that came, in their order. Raises Incomplete, UsageError when there is no such section at all."""
        found = list(answers)
        for answer in found:
            if answer.error is not None:
                raise ImapError(f"the answer cannot be read: {answer.error}")
            if self._ask_size and answer.size is not None:
                self._size = answer.size
        self._ask_size = False
        piece = self._piece(found)
        if self._looking:
            return self._looked(piece)
        self._check_length(piece)
        self._grow(piece)
        return piece

    def _piece(self, answers: list[FetchData]) -> bytes:
        pieces: set[bytes] = set()
        elsewhere: set[int] = set()
        for answer in answers:
            for found in answer.sections:
                if found.section != self._section or found.data is None:
                    continue
                if (found.origin or 0) == self._begin:
                    pieces.add(found.data.read())
                else:
                    elsewhere.add(found.origin or 0)
        if len(pieces) > 1:
            raise self._wrong(f"the server gave different octets for the piece at {self._begin}")
        if pieces:
            return pieces.pop()
        if elsewhere:
            raise self._wrong(f"the server gave octets from {min(elsewhere)}, not from {self._begin}")
        if self.offset:
            raise self._wrong("then it was gone")
        if self._size == 0:
            return b""  # servers say NIL of an empty part
        raise UsageError(f"message {self._uid} is gone, or has no part {self._section.number}".rstrip())

    def _check_length(self, piece: bytes) -> None:
        whole = self._begin == 0 and len(piece) == self._size  # a server that gives all at once, asked or not
        if len(piece) > self._count and not whole:
            raise self._wrong(f"the server gave {len(piece)} octets when asked for {self._count}")

    def _grow(self, piece: bytes) -> None:
        """One more piece is there: is it the last?"""
        full = len(piece) >= self._count
        self.offset += len(piece)
        self._last = piece[-1:] or self._last
        if self._size is None:
            if not full:
                self._look()
        elif self.offset > self._size or (self.offset < self._size and not piece):
            raise self._wrong(f"the server announced {self._size}")
        elif self.offset == self._size:
            self._look() if full and self.offset == self._begin + self._count else self._end()
        if not self._looking:
            self._count = min(2 * self._count, LARGEST) if full else self._count

    def _look(self) -> None:
        """Ask whether there is more, in a way that a message that is gone cannot answer."""
        if not self.offset:
            self._end()
            return
        self._looking = True
        self._begin, self._count = self.offset - 1, 2

    def _looked(self, piece: bytes) -> bytes:
        if piece[:1] != self._last or len(piece) > 2:
            raise self._wrong("asked for the last of them once more, the server gave something else")
        if len(piece) == 1:
            self._end()
        elif self._size is not None:
            raise self._wrong(f"the server announced {self._size} and has more")
        else:
            self._looking, self._count = False, LARGEST
        return b""

    def _end(self) -> None:
        self._done = True

    def _wrong(self, why: str) -> Incomplete:
        part = self._section.number
        what = f"part {part} of message {self._uid}" if part else f"message {self._uid}"
        return Incomplete(f"{what} is not whole: {self.offset} octets came; {why}", self.offset, self._size)
