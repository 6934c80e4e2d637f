"""A connection under COMPRESS=DEFLATE (RFC 4978) that counts what goes over the wire. It inflates piece by piece while the rest arrives."""

from __future__ import annotations

import zlib

from bench.load import Connection, WrongAnswer

_PIECE = 1 << 18
_RAW = -zlib.MAX_WBITS


class Deflated(Connection):
    """Plain until ``compress``; ``wire`` counts the octets received since."""

    wire = 0
    _inflate: zlib._Decompress | None = None
    _deflate: zlib._Compress | None = None

    def compress(self) -> None:
        """From the next octet on both directions are compressed."""
        self.ok(b"COMPRESS DEFLATE")
        self._inflate = zlib.decompressobj(_RAW)
        self._deflate = zlib.compressobj(wbits=_RAW)
        self.wire = 0

    def _send(self, octets: bytes) -> None:
        if self._deflate is not None:
            octets = self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        super()._send(octets)

    def _receive(self) -> int:
        if self._inflate is None:
            return super()._receive()
        while True:
            packed = self.sock.recv(_PIECE)
            if not packed:
                raise WrongAnswer("the server closed the compressed connection")
            self.wire += len(packed)
            octets = self._inflate.decompress(packed)
            if octets:
                self._make_room(len(octets))
                self._room[self._used : self._used + len(octets)] = octets
                self._used += len(octets)
                return len(octets)
