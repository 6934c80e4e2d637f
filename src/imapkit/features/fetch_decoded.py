"""Octets of parts without their transfer encoding, for BINARY (RFC 3516): small ones in memory, large ones through the store's spool.

A helper of FETCH; not a feature. The rule this file must not break: however large a part is, no more than a piece of it is held, and
other sessions have their turn between two pieces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from ..message.decode import decode_body
from ..message.decode_pieces import decode_pieces
from ..ports.blob import Part
from ..ports.store import Account, Body
from ..wire.frame import Literal
from .fetch_pieces import Encoded, Slice

PIECE: Final = 256 * 1024
"""Octets that are decoded at once."""


class Spooled:
    """Octets ``start`` to ``end`` of a decoded part that is too large to be held."""

    __slots__ = ("_literal", "_start", "has_nul", "size")

    def __init__(self, literal: Literal, start: int, end: int, *, has_nul: bool) -> None:
        self._literal = literal
        self._start = start
        self.size = end - start
        self.has_nul = has_nul

    def __len__(self) -> int:
        return self.size

    def pieces(self) -> Iterator[bytes]:
        with self._literal.open() as file:
            file.seek(self._start)
            left = self.size
            while left and (data := file.read(min(PIECE, left))):
                left -= len(data)
                yield data


def has_nul(data: Part | Spooled) -> bool:
    """Whether there may be a NUL in it: of octets that lie elsewhere nobody knows."""
    return not isinstance(data, Spooled) or data.has_nul


class Decoded:
    """The part that was decoded last, for one message may be asked for many ranges of it."""

    __slots__ = ("_account", "_data", "_has_nul", "_known", "_literal")

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: tuple[Slice, bytes] | None = None
        self._data = b""
        self._literal: Literal | None = None
        self._has_nul = False

    async def octets(self, wanted: Encoded) -> bytes | Spooled:
        """Raises StoreError."""
        key = wanted.slice, wanted.encoding
        if key != self._known:
            self.close()
            await self._decode(wanted)
            self._known = key
        size = len(self._data) if self._literal is None else self._literal.size
        start = min(wanted.origin, size)
        end = size if wanted.length is None else min(start + wanted.length, size)
        if self._literal is None:
            return self._data if end - start == size else self._data[start:end]
        return Spooled(self._literal, start, end, has_nul=self._has_nul)

    async def _decode(self, wanted: Encoded) -> None:
        content, start, end = wanted.slice
        body = self._account.body(content)
        if end - start <= PIECE:
            self._data = decode_body(body.read(start, end - start), wanted.encoding)
            return
        sink = self._account.open_spool(end - start)
        try:
            for piece in decode_pieces(lambda: _read(body, start, end), wanted.encoding):
                sink.write(piece)
                self._has_nul = self._has_nul or b"\0" in piece
                await asyncio.sleep(0)
            self._literal = sink.finish()
        except BaseException:
            sink.abort()
            raise

    def close(self) -> None:
        """Forget it."""
        self._known, self._data, self._has_nul = None, b"", False
        if self._literal is not None:
            literal, self._literal = self._literal, None
            literal.close()


def _read(body: Body, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, PIECE):
        yield body.read(at, min(PIECE, end - at))
