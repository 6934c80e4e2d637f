"""Octets to fewer octets and back, raw DEFLATE (RFC 1951, as RFC 4978 uses it), by isal where it is installed, else by zlib.

The rule this file must not break: however much a few octets blow up to, no more than was asked for comes out at once; the rest
stays packed until the next ``take``.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final, Protocol

from ..errors import ProtocolError

_RAW: Final = -15
"""No header and no checksum, the largest window."""
_LEVEL: Final = {"zlib": 3, "isal.isal_zlib": 2}
"""Fast ones: what is saved above them is not worth the processor's time."""


class _Compressor(Protocol):
    def compress(self, data: bytes) -> bytes: ...

    def flush(self, mode: int) -> bytes: ...


class _Decompressor(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@cache
def codec() -> ModuleType:
    """The module that does it. isal has the interface of zlib and three times its rate."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return zlib


class Deflate:
    """One direction's sender."""

    __slots__ = ("_packer",)

    def __init__(self, library: ModuleType | None = None) -> None:
        library = library or codec()
        self._packer: _Compressor = library.compressobj(_LEVEL[library.__name__], zlib.DEFLATED, _RAW)

    def pack(self, data: bytes) -> bytes:
        """``data`` packed, so that the peer can unpack all of it at once."""
        return self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)


class Inflate:
    """One direction's receiver."""

    __slots__ = ("_error", "_full", "_packed", "_unpacker")

    def __init__(self, library: ModuleType | None = None) -> None:
        library = library or codec()
        self._unpacker: _Decompressor = library.decompressobj(_RAW)
        self._error: type[Exception] = library.error
        self._packed = b""
        self._full = False

    @property
    def pending(self) -> bool:
        """True when ``take`` may give something."""
        return bool(self._packed) or self._full

    def feed(self, packed: bytes) -> None:
        """Take octets from the peer."""
        self._packed = self._packed + packed if self._packed else packed

    def take(self, most: int) -> bytes:
        """Up to ``most`` octets, unpacked; empty when more must come first. Raises ProtocolError for what is not DEFLATE."""
        if self._unpacker.eof and self._packed:
            raise ProtocolError("octets came behind the end of the compressed stream")
        try:
            data = self._unpacker.decompress(self._packed, most)
        except self._error as error:
            raise ProtocolError(f"the compressed stream is damaged: {error}") from error
        ended = self._unpacker.eof
        self._packed = b"" if ended else self._unpacker.unconsumed_tail
        self._full = len(data) == most and not ended
        return data
