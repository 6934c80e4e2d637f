"""What one client sends, as events and lines; what goes back, queued. Between the octets of ``stream`` and the session.

The rule this file must not break: whatever waits for the client first sends what is queued, and no wait lasts longer than its timeout.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from typing import Final, cast

from ..errors import ConnectionLost, ConnectionTimeout, StoreError
from ..ports.blob import Part
from ..ports.gate import Gate
from ..protocol.registry import Writable
from ..protocol.response import write_response
from ..protocol.server import Event, ServerConnection, TooLarge
from ..wire.writer import Writer
from .file_sender import PIECE
from .options import Timeouts
from .stream import Stream

_FLUSH_ABOVE = 64 * 1024
_CLOSE_SECONDS = 5.0
_TURN_SECONDS = 0.005
_OCTETS: Final = {bytes}


class AnswersLost(ConnectionLost):
    """What was answered, and had not been sent yet, did not reach the disk: the client must not hear of it."""


class Channel:
    """One client's. ``connection`` says how the input is read. ``gate`` holds back what is queued until the disk has what it says."""

    __slots__ = ("_login_by", "_out", "_out_size", "_stream", "_timeouts", "_turn", "connection", "gate")

    def __init__(self, stream: Stream, connection: ServerConnection, timeouts: Timeouts) -> None:
        self.connection = connection
        self._stream = stream
        self._timeouts = timeouts
        self._out: list[bytes | Part] = []
        self._out_size = 0
        self._turn = time.monotonic()
        self._login_by = asyncio.get_running_loop().time() + timeouts.login_seconds
        self.gate = Gate()

    @property
    def tls(self) -> bool:
        return self._stream.tls

    @property
    def compressed(self) -> bool:
        return self._stream.compressed

    # Input

    async def next_event(self, *, known: bool) -> Event | None:
        """The next event; None at the end of the input. ``known``: the client has logged in, and gets more time."""
        timeouts = self._timeouts
        if not known and not self.login_left():
            raise ConnectionTimeout("no login in time")
        while (event := self.connection.next()) is None:
            if not known:
                timeout = self.login_left()
            else:
                timeout = timeouts.literal_seconds if self.connection.in_command else timeouts.idle_seconds
            if not await self._receive(timeout):
                return None
        return event

    def login_left(self) -> float:
        """Seconds that are left to log in, whatever was sent meanwhile."""
        return max(0.0, self._login_by - asyncio.get_running_loop().time())

    async def read_line(self, timeout: float | None) -> bytes:
        """The next line, raw. Raises ConnectionLost, ConnectionTimeout, LimitExceeded. Being cancelled loses nothing."""
        while (line := self.connection.next_line()) is None:
            if not await self._receive(timeout):
                raise ConnectionLost("the client ended the connection")
        return _whole(line)

    async def line_or(self, woken: asyncio.Future[None]) -> bytes | None:
        """``read_line`` without a limit of time; None when ``woken`` is done first."""
        while (line := self.connection.next_line()) is None:
            await self.flush()
            data = await self._stream.read_or(woken)
            if data is None:
                return None
            if not data:
                raise ConnectionLost("the client ended the connection")
            self._turn = time.monotonic()
            self.connection.receive(data)
        return _whole(line)

    def end_input(self) -> None:
        self._stream.end_input()

    async def _receive(self, timeout: float | None) -> bool:
        await self.flush()
        if self.connection.in_command:
            self._stream.acknowledge()
        data = await self._stream.read(timeout)
        self._turn = time.monotonic()
        self.connection.receive(data)
        return bool(data)

    # Output

    def send(self, response: Writable) -> None:
        w = Writer(utf8=self.connection.utf8)
        write_response(w, response)
        self.send_bytes(w.octets())

    def send_bytes(self, *chunks: bytes | Part) -> None:
        self._out += chunks
        self._out_size += sum(map(len, chunks))

    @property
    def is_full(self) -> bool:
        """Enough is queued for a ``flush`` to be worth it."""
        return self._out_size > _FLUSH_ABOVE

    @property
    def wants_pause(self) -> bool:
        """Between two commands: whether there is a reason to ``pause``."""
        return self.is_full or self.connection.buffered > 0

    async def pause(self) -> None:
        """Send what is queued if it is much; let others run after so many pipelined commands took a while."""
        if self.is_full:
            await self.flush()
        if time.monotonic() - self._turn > _TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn = time.monotonic()

    async def flush(self) -> None:
        """Send what is queued, and wait until the peer has taken enough of it. Raises ConnectionLost, AnswersLost."""
        if not self.gate.is_clear:
            await self._pass_gate()
        if self._out:
            out, self._out, self._out_size = self._out, [], 0
            await self._write(out)
        if self._stream.is_congested:
            await self._stream.drain(self._timeouts.write_seconds)

    async def _write(self, chunks: list[bytes | Part]) -> None:
        """Octets that stand in a row as one piece, parts from where they are."""
        begin = 0
        if set(map(type, chunks)) != _OCTETS:
            for at, chunk in enumerate(chunks):
                if not isinstance(chunk, bytes):
                    await self._write_joined(chunks[begin:at])
                    await self._stream.write_part(chunk, self._timeouts.write_seconds)
                    begin = at + 1
        await self._write_joined(chunks[begin:] if begin else chunks)

    async def _write_joined(self, chunks: Sequence[bytes | Part]) -> None:
        """``chunks`` has no part among them."""
        octets = cast("Sequence[bytes]", chunks)
        data = octets[0] if len(octets) == 1 else b"".join(octets)
        if len(data) <= PIECE:
            self._stream.write(data)
        else:  # no more than a piece of it waits in the transport, and is compressed in one go
            await self._stream.write_part(memoryview(data), self._timeouts.write_seconds)

    async def _pass_gate(self) -> None:
        try:
            await self.gate.passed()
        except StoreError as error:
            self.gate.forget()
            self._out, self._out_size = [], 0
            raise AnswersLost(str(error)) from error

    # The connection

    async def start_tls(self, context: ssl.SSLContext) -> int:
        """Send what is queued, forget what was pipelined behind it (gives its size), and do the handshake."""
        await self.flush()
        dropped = self.connection.discard() + self._stream.discard_input()
        await self._stream.start_tls(context, self._timeouts.tls_handshake_seconds)
        return dropped

    async def start_deflate(self) -> None:
        """Send what is queued as it is; all behind it is compressed, both ways."""
        rest = self.connection.take_rest()
        await self.flush()
        self._stream.start_deflate(rest)

    async def close(self) -> None:
        self.connection.close()
        await self._stream.close(_CLOSE_SECONDS)


def _whole(line: bytes | TooLarge) -> bytes:
    if isinstance(line, TooLarge):
        raise line.error
    return line
