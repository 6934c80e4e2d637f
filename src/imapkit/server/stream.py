"""One connection's octets with flow control both ways, over any asyncio transport.

The rule this file must not break: neither what a peer sends ahead nor what it is slow to read makes this side hold more than the
limits say, give or take one chunk. Compressed input (RFC 4978) is unpacked in steps of that size, each when it is asked for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

from ..errors import ConnectionLost, ConnectionTimeout, ProtocolError
from ..ports.blob import FilePart, Part
from ..wire.deflate import Deflate, Inflate
from .allocator import tls_begins
from .file_sender import CAN_PASS, PIECE, TURN, opened, pass_on, read_piece

_QUICK_ACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


class Stream(asyncio.BaseProtocol):
    """``on_connect`` is called once, when there is a connection. ``pending`` and ``output`` are limits in octets."""

    __slots__ = (
        "_closed", "_ended", "_input", "_input_size", "_lost", "_on_connect", "_output", "_packer", "_passes_files", "_paused", "_pending",
        "_readable", "_tls", "_transport", "_unpacker", "_writable",
    )  # fmt: skip

    def __init__(self, on_connect: Callable[[Stream], None], *, pending: int, output: int) -> None:
        self._on_connect: Callable[[Stream], None] | None = on_connect
        self._pending = pending
        self._output = output
        self._input: list[bytes] = []
        self._input_size = 0
        self._paused = False
        self._ended = False
        self._lost = False
        self._readable: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._tls = False
        self._passes_files = False
        self._packer: Deflate | None = None
        self._unpacker: Inflate | None = None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._tls = transport.get_extra_info("ssl_object") is not None
        self._passes_files = CAN_PASS and transport.get_extra_info("socket") is not None
        self._transport.set_write_buffer_limits(high=self._output)
        if self._on_connect is not None:
            on_connect, self._on_connect = self._on_connect, None
            on_connect(self)

    def data_received(self, data: bytes) -> None:
        self._input.append(data)
        self._input_size += len(data)
        if self._input_size > self._pending and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._readable)

    def eof_received(self) -> bool:
        """The peer ended its direction; answers to what it sent before still go out (not under TLS, which has no half)."""
        self._ended = True
        _wake(self._readable)
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = self._ended = True
        for waiter in (self._readable, self._writable, self._closed):
            _wake(waiter)

    def pause_writing(self) -> None:
        if self._writable is None or self._writable.done():
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)

    # What the session calls

    @property
    def tls(self) -> bool:
        return self._tls

    @property
    def ended(self) -> bool:
        """True when nothing more can be read."""
        return self._ended and not self._input and not (self._unpacker is not None and self._unpacker.pending)

    @property
    def compressed(self) -> bool:
        return self._packer is not None

    def info(self, name: str) -> object:
        """What the transport knows: ``peername``, ``socket``, …"""
        return self._transport.get_extra_info(name) if self._transport is not None else None

    async def read(self, timeout: float | None) -> bytes:
        """The next octets; empty at the end. Raises ConnectionTimeout, ConnectionLost. Being cancelled loses nothing."""
        if self._unpacker is None:
            return await self._read(timeout)
        try:
            async with asyncio.timeout(timeout):
                return await self._read_packed(self._unpacker)
        except TimeoutError:
            raise ConnectionTimeout(f"nothing came in {timeout:g} s") from None
        except ProtocolError as error:
            raise ConnectionLost(str(error)) from error

    async def _read_packed(self, unpacker: Inflate) -> bytes:
        while True:
            if unpacker.pending:
                await asyncio.sleep(0)  # a little input may unpack to a lot of work: others have their turn
                if data := unpacker.take(self._pending):
                    return data
            packed = await self._read(None)
            if not packed:
                return b""
            unpacker.feed(packed)

    async def _read(self, timeout: float | None) -> bytes:
        """The next octets as they came."""
        if not self._input and not self._ended:
            loop = asyncio.get_running_loop()
            waiter = self._readable = loop.create_future()
            # A timer of its own: every command passes here, and asyncio.timeout costs several times as much.
            timer = None if timeout is None else loop.call_later(timeout, _expire, waiter, timeout)
            try:
                await waiter
            finally:
                if timer is not None:
                    timer.cancel()
                # A cancelled reader may end after the next one began to wait.
                if self._readable is waiter:
                    self._readable = None
        return self._take()

    async def read_or(self, woken: asyncio.Future[None]) -> bytes | None:
        """``read`` without a limit of time; None when ``woken``, which input ends as well, is done and there is none."""
        unpacker = self._unpacker
        if unpacker is None:
            return self._take() if await self._arrives(woken) else None
        try:
            while True:
                if unpacker.pending:
                    await asyncio.sleep(0)
                    if data := unpacker.take(self._pending):
                        return data
                if not await self._arrives(woken):
                    return None
                packed = self._take()
                if not packed:
                    return b""
                unpacker.feed(packed)
        except ProtocolError as error:
            raise ConnectionLost(str(error)) from error

    async def _arrives(self, woken: asyncio.Future[None]) -> bool:
        """Wait for ``woken``; True when there is input, or its end."""
        if not self._input and not self._ended:
            self._readable = woken
            try:
                await woken
            finally:
                if self._readable is woken:
                    self._readable = None
        return bool(self._input) or self._ended

    def _take(self) -> bytes:
        """What came."""
        data = self._input[0] if len(self._input) == 1 else b"".join(self._input)
        self._input.clear()
        self._input_size = 0
        if self._paused and not self._lost and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Queue octets; ``drain`` keeps the queue short. Raises ConnectionLost."""
        if self._lost or self._transport is None or self._transport.is_closing():
            raise ConnectionLost("the peer has gone")
        self._transport.write(data if self._packer is None else self._packer.pack(data))

    async def write_part(self, part: Part, timeout: float) -> None:
        """The same with octets that lie elsewhere; waits for the peer to take them. Raises ConnectionLost, ConnectionTimeout."""
        if isinstance(part, FilePart):
            await self._write_file(part, timeout)
            return
        for at in range(0, len(part), PIECE):
            self.write(bytes(part[at : at + PIECE]))
            await self.drain(timeout)
            await asyncio.sleep(0)

    async def _write_file(self, part: FilePart, timeout: float) -> None:
        at = part.start
        while at < part.end:
            passes = self._passes_files and self._packer is None and not self._tls
            if passes:
                await self._emptied(timeout)
            turn = min(at + TURN, part.end)
            with opened(part) as fd:
                if passes:
                    at, self._passes_files = pass_on(self._descriptor(), fd, at, turn)
                data = read_piece(fd, at, turn) if at < turn else b""
            if data:  # what the kernel had no room for waits in the transport
                self.write(data)
                at += len(data)
            await self.drain(timeout)
            if at < part.end:
                await asyncio.sleep(0)

    def _descriptor(self) -> int:
        """The socket's; -1 once it is closed."""
        return cast(socket.socket, self.info("socket")).fileno()

    async def _emptied(self, timeout: float) -> None:
        """Wait until all that was written is with the kernel."""
        transport = self._transport
        if transport is None or self._queued() == 0:
            return
        transport.set_write_buffer_limits(high=0)
        try:
            await self.drain(timeout)
        finally:
            if not transport.is_closing():
                transport.set_write_buffer_limits(high=self._output)

    @property
    def is_congested(self) -> bool:
        """``drain`` has something to wait for, or to complain of."""
        return self._writable is not None or self._lost

    async def drain(self, timeout: float) -> None:
        """Wait while more than the limit is queued. A peer that takes nothing in that time is cut off."""
        while self._writable is not None and not self._writable.done() and not self._lost:
            left = self._queued()
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(self._writable)
            except TimeoutError:
                if self._queued() < left:
                    continue
                self.abort()
                raise ConnectionTimeout(f"the peer read nothing in {timeout:g} s") from None
        if self._lost:
            raise ConnectionLost("the peer has gone")
        self._writable = None

    def _queued(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def acknowledge(self) -> None:
        """Tell the peer's TCP at once that its octets came: one that sends a command in pieces else waits 40 ms between them."""
        connected = self.info("socket")
        if _QUICK_ACK is None or connected is None or self._lost:
            return
        if getattr(connected, "family", None) in (socket.AF_INET, socket.AF_INET6):
            connected.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)  # type: ignore[attr-defined]

    def end_input(self) -> None:
        """Read nothing more: whoever waits for input finds its end."""
        self._ended = True
        _wake(self._readable)

    def discard_input(self) -> int:
        """Forget what was read ahead, in the clear before a TLS handshake. Gives its size."""
        dropped, self._input_size = self._input_size, 0
        self._input.clear()
        return dropped

    async def start_tls(self, context: ssl.SSLContext, timeout: float) -> None:
        """The server's side of the handshake. Raises ConnectionLost when it fails."""
        transport = self._transport
        if transport is None or self._lost:
            raise ConnectionLost("the peer has gone")
        self._paused = False
        loop = asyncio.get_running_loop()
        self.discard_input()
        tls_begins(loop)
        try:
            upgraded = await loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=timeout
            )
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ConnectionLost(f"TLS handshake: {error}") from error
        if upgraded is None:
            raise ConnectionLost("the peer went away during the TLS handshake")
        self._transport, self._tls = upgraded, True
        upgraded.set_write_buffer_limits(high=self._output)

    def start_deflate(self, packed: bytes) -> None:
        """Compress all that is written and unpack all that is read from now on, beginning with ``packed``, which was read already."""
        self._packer, self._unpacker = Deflate(), Inflate()
        self._unpacker.feed(packed)

    async def close(self, timeout: float) -> None:
        """Send what is queued and close; after ``timeout`` seconds cut off."""
        if self._transport is None or self._lost:
            return
        self._transport.close()
        loop = asyncio.get_running_loop()
        self._closed = loop.create_future()
        timer = loop.call_later(timeout, _wake, self._closed)
        try:
            await self._closed
        finally:
            timer.cancel()
        if not self._lost:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TlsStream(Stream, asyncio.BufferedProtocol):
    """Under TLS from the first octet. What is read goes through ``room``, one buffer for all streams of an event loop: else each read makes
    an object of 256 KB and cuts it down, and what that leaves of the heap is some pages more for every session."""

    __slots__ = ("_room",)

    def __init__(
        self, on_connect: Callable[[Stream], None], room: memoryview, *, pending: int, output: int
    ) -> None:
        super().__init__(on_connect, pending=pending, output=output)
        self._room = room

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._room[:nbytes]))


def _expire(waiter: asyncio.Future[None], timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(ConnectionTimeout(f"nothing came in {timeout:g} s"))


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
