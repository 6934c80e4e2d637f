# Generated from imapkit/client/_async/pump.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""Octets to events and back: what moves between a stream and the connection without I/O.

The rules this file must not break: while there is something to send, what arrives is taken too, so that neither side waits
for the other forever. A server that goes on sending keeps nobody waiting forever either. What is compressed (RFC 4978) is unpacked
in steps, each when the one before it was used, and counts as large as it becomes.
"""

from __future__ import annotations

import time

from ...errors import ConnectionLost, ConnectionTimeout, LimitExceeded
from ...protocol.client import ClientConnection, Event
from ...wire.deflate import Deflate, Inflate
from ..backends.base import CHUNK
from ..backends.net_sync import Stream
from ..patience import EARNED, EARNED_BY_LINES


class Pump:
    """Called by whoever holds the connection's turn; there is no reader in the background."""

    def __init__(self, stream: Stream, core: ClientConnection) -> None:
        self.stream = stream
        self.core = core
        self.received = 0
        self.bye: str | None = None
        self._patience = 0.0
        """Seconds that may still be spent waiting for the present command."""
        self._earnable = 0.0
        """Seconds that lines may still add to them."""
        self._most: int | None = None
        """Octets that the present command may still bring, of ``_kept``."""
        self._kept = 0
        self._pending = memoryview(b"")
        self._packer: Deflate | None = None
        self._unpacker: Inflate | None = None

    def start_deflate(self) -> None:
        """Compress all from now on; what came behind the last answer is compressed already."""
        self._packer, self._unpacker = Deflate(), Inflate()
        self._unpacker.feed(self.core.take_rest())

    def allow(self, seconds: float, most: int | None) -> None:
        """What the command that begins now may take: ``seconds`` of waiting, more for what moves, and ``most`` octets of answer."""
        self._patience, self._most, self._kept = seconds, most, most or 0
        self._earnable = EARNED_BY_LINES * seconds

    @property
    def sent(self) -> bool:
        """True when all of the command under way was handed to the system."""
        return self.core.sent and not self._pending

    def event(self, timeout: float) -> Event:
        """The next event. ``timeout``: seconds of silence. Raises ConnectionLost, ConnectionTimeout, ProtocolError."""
        while True:
            found = self.core.next()
            if found is not None:
                return found
            if not self._unpack():
                self._move(timeout)

    def poll(self, timeout: float) -> Event | None:
        """The next event; None when the time is over or somebody woke the stream. Everything was sent before."""
        self.allow(0.0, None)
        until = time.monotonic() + timeout
        found = self.core.next()
        while found is None:
            if not self._unpack():
                data = self.stream.poll(max(0.0, until - time.monotonic()))
                if data is None:
                    return None
                self._take(data)
            found = self.core.next()
        return found

    def arrives(self, timeout: float) -> bool:
        """Whether octets come in that time, or the end; they are kept for ``event``."""
        data = self.stream.poll(timeout)
        if data is None:
            return False
        self._take(data)
        return True

    def flush(self, timeout: float) -> None:
        """Send what can be sent now."""
        while self._fill():
            self._write(timeout)

    def _move(self, timeout: float) -> None:
        started = time.monotonic()
        seconds = min(timeout, self._patience)
        if seconds <= 0:
            raise ConnectionTimeout("the answer of the server has no end")
        try:
            if self._fill():
                self._write(seconds)
            else:
                self._take(self.stream.read(seconds))
        except ConnectionTimeout:
            if seconds < timeout:
                raise ConnectionTimeout("the answer of the server has no end") from None
            raise
        self._patience -= time.monotonic() - started

    def _write(self, timeout: float) -> None:
        count, data = self.stream.write(self._pending, timeout)
        self._pending = self._pending[count:]
        self._patience += count / EARNED
        if data:
            self._take(data)

    def _fill(self) -> bool:
        """True when there are octets to write."""
        if not self._pending:
            chunk = self.core.next_chunk()
            if chunk is None:
                return False
            self._pending = memoryview(chunk if self._packer is None else self._packer.pack(chunk))
        return True

    def _take(self, data: bytes) -> None:
        if not data:
            raise ConnectionLost("the server closed the connection", self.bye)
        self.received += len(data)
        self._earn(len(data) / EARNED)
        if self._unpacker is None:
            self._hand_on(data)
        else:
            self._unpacker.feed(data)

    def _earn(self, seconds: float) -> None:
        if not self.core.in_literal:
            seconds = min(seconds, self._earnable)
            self._earnable -= seconds
        self._patience += seconds

    def _hand_on(self, data: bytes) -> None:
        self.spend(len(data))
        self.core.receive(data)

    def spend(self, octets: int) -> None:
        """Count what the present command brings. Raises LimitExceeded."""
        if self._most is not None:
            self._most -= octets
            if self._most < 0:
                raise LimitExceeded("the answer to one command", self._kept, self._kept - self._most)

    def _unpack(self) -> bool:
        """Hand on some of what waits to be unpacked; False when nothing does."""
        if self._unpacker is None or not self._unpacker.pending:
            return False
        self._hand_on(self._unpacker.take(CHUNK))
        return True
