"""What BODY[…] sends where a message holds NUL: 0x80 in the place of each (RFC 9051 section 4.3.1: a literal is of CHAR8, %x01-ff).

A helper of FETCH; not a feature. Sizes and offsets stay what they are, and BINARY gives the octets themselves, as a literal8. The rule
this file must not break: no octet leaves as BODY[…] that was not looked at, and of a large part no more than a piece is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from ..ports.blob import FilePart, Part
from ..ports.store import Account, Body
from .fetch_decoded import PIECE
from .fetch_pieces import Slice

_NUL: Final = b"\0"
_SHOWN: Final = b"\x80"
_REMEMBERED: Final = 4096
"""Of how many ranges of files it is remembered that there is no NUL, or that there is: the files never change."""


def shown(octets: bytes) -> bytes:
    """The same where there is no NUL, which costs one look through them."""
    return octets.replace(_NUL, _SHOWN)


class Shown:
    """A range of a body that holds NUL and is too large to be held."""

    __slots__ = ("_body", "_start", "size")

    def __init__(self, body: Body, start: int, size: int) -> None:
        self._body = body
        self._start = start
        self.size = size

    def __len__(self) -> int:
        return self.size

    def pieces(self) -> Iterator[bytes]:
        return map(shown, _read(self._body, self._start, self.size))


async def shown_part(account: Account, found: Slice, part: Part) -> Part | Shown:
    """A part as it may be sent. Raises StoreError."""
    key = (part.path, part.start, part.end) if isinstance(part, FilePart) else None
    has_nul = _known.get(key) if key is not None else None
    body = account.body(found.content)
    if has_nul is None:
        has_nul = await _has_nul(body, found.start, len(part))
        if key is not None:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[key] = has_nul
    return Shown(body, found.start, len(part)) if has_nul else part


async def _has_nul(body: Body, start: int, size: int) -> bool:
    for piece in _read(body, start, size):
        if _NUL in piece:
            return True
        await asyncio.sleep(0)
    return False


def _read(body: Body, start: int, size: int) -> Iterator[bytes]:
    for at in range(start, start + size, PIECE):
        yield body.read(at, min(PIECE, start + size - at))


_known: dict[tuple[str, int, int], bool] = {}
