"""A connection over asyncio transports: what the asynchronous client stands on.

Rules: as in ``net_sync``. What was received and not taken is bounded: above a limit the transport stops reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, Self

from ...errors import ConnectionLost
from .base import CHUNK, Target, connect_failed, lost, reap, spawn, timed_out, tls_failed

if TYPE_CHECKING:
    import ssl

_HELD: Final = 1024 * 1024
"""Octets received ahead before the transport stops reading."""


class AsyncFairLock:
    """asyncio's lock, which is passed on in the order of asking, and knows whether anybody waits."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> bool:
        return self._waiting > 0

    async def acquire(self, on_wait: Callable[[], None]) -> None:
        """``on_wait`` is called when there is somebody to wait for, and ``waiting`` is true already."""
        self._waiting += 1
        try:
            if self._lock.locked():
                on_wait()
            await self._lock.acquire()
        finally:
            self._waiting -= 1

    def release(self) -> None:
        self._lock.release()


class _Wire(asyncio.Protocol):
    """Keeps what came, and tells whoever waits that something happened."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.held: list[bytes] = []
        self.size = 0
        self.ended = False
        self.error: Exception | None = None
        self.full = False
        self.woken = False
        self._stopped = False
        self._waiters: set[asyncio.Future[None]] = set()
        self.gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held.append(bytes(data))
        self.size += len(data)
        if self.size > _HELD and self.transport is not None and not self._stopped:
            self._stopped = True
            self.transport.pause_reading()
        self.notify()

    def eof_received(self) -> bool:
        self.ended = True
        self.notify()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.error = exc
        self.full = False
        if not self.gone.done():
            self.gone.set_result(None)
        self.notify()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self.notify()

    def writable(self) -> bool:
        return not self.full

    def notify(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def take(self) -> bytes:
        """All that came."""
        data = self.held[0] if len(self.held) == 1 else b"".join(self.held)
        self.held.clear()
        self.size = 0
        if self._stopped and self.transport is not None:
            self._stopped = False
            self.transport.resume_reading()
        return data

    async def happening(self) -> None:
        """Until anything happens."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


@contextlib.asynccontextmanager
async def _deadline(timeout: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout):
            yield
    except TimeoutError:
        raise timed_out(timeout) from None


class AsyncStream:
    """One connection."""

    def __init__(
        self, wire: _Wire, transport: asyncio.Transport, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._wire = wire
        self._transport = transport
        self._process = process
        self.closed = False

    @classmethod
    async def connect(cls, target: Target, timeout: float) -> Self:
        """Raises ConnectFailed, ConnectionTimeout."""
        loop = asyncio.get_running_loop()
        if target.command is not None:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    process = spawn(target.command, theirs)
                    ours.setblocking(False)
                    transport, wire = await loop.create_connection(_Wire, sock=ours)
                except BaseException:
                    ours.close()
                    raise
            return cls(wire, transport, process)
        try:
            async with asyncio.timeout(timeout):
                if target.unix is not None:
                    transport, wire = await loop.create_unix_connection(_Wire, target.unix)
                else:
                    transport, wire = await loop.create_connection(_Wire, target.host, target.port)
                    sock = transport.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return cls(wire, transport)
        except OSError as error:
            raise connect_failed(target, error) from error

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """The TLS handshake. Raises TlsFailed, ConnectionTimeout."""
        loop = asyncio.get_running_loop()
        self._wire.take()
        try:
            async with _deadline(timeout):
                transport = await loop.start_tls(
                    self._transport, self._wire, context, server_hostname=host, ssl_shutdown_timeout=2.0
                )
        except BaseException as error:
            # Between two protocols nobody is told of the end; whoever closes must not wait for it
            self._transport.abort()
            self._wire.connection_lost(None)
            if isinstance(error, OSError | ValueError):
                raise tls_failed(host, error) from error
            raise
        assert isinstance(transport, asyncio.Transport)
        self._transport = self._wire.transport = transport

    async def read(self, timeout: float) -> bytes:
        """Some octets; empty at the end. Raises ConnectionTimeout, ConnectionLost."""
        if not self._ready():
            async with _deadline(timeout):
                while not self._ready():
                    await self._wire.happening()
        return self._take()

    async def poll(self, timeout: float) -> bytes | None:
        """Like ``read``; None when the time is over or ``wake`` was called."""
        wire = self._wire
        try:
            async with asyncio.timeout(timeout):
                while not self._ready() and not wire.woken:
                    await wire.happening()
        except TimeoutError:
            return None
        if not self._ready():
            wire.woken = False
            return None
        return self._take()

    async def write(self, data: memoryview, timeout: float) -> tuple[int, bytes]:
        """How many octets were taken, and what came meanwhile. Raises ConnectionTimeout, ConnectionLost."""
        wire = self._wire
        if wire.ended and wire.held:
            return 0, wire.take()  # the server may have said why
        if self.closed or wire.ended:
            self._take_nothing()
        if wire.full:
            async with _deadline(timeout):
                while not wire.writable() and not self._ready():
                    await wire.happening()
            if not wire.writable():
                got = self._take()
                if not got:
                    raise lost()
                return 0, got
        chunk = bytes(data[:CHUNK])
        self._transport.write(chunk)
        return len(chunk), self._take() if wire.held else b""

    def wake(self) -> None:
        """Let a ``poll`` that waits in another task return; the next one, if none waits."""
        self._wire.woken = True
        self._wire.notify()

    def certificate(self) -> bytes | None:
        """The server's certificate (DER)."""
        tls = self._transport.get_extra_info("ssl_object")
        found: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        return found

    async def close(self) -> None:
        """Give everything up. Never fails."""
        if self.closed:
            return
        self.closed = True
        self._transport.abort()
        self._wire.notify()
        await asyncio.wait({self._wire.gone}, timeout=2.0)
        if self._process is not None:
            await asyncio.to_thread(reap, self._process)

    def _ready(self) -> bool:
        return bool(self._wire.held) or self._wire.ended or self.closed

    def _take(self) -> bytes:
        if self._wire.held:
            return self._wire.take()
        if self.closed:
            raise ConnectionLost("the connection is closed")
        if isinstance(self._wire.error, OSError):
            raise lost(self._wire.error) from self._wire.error
        return b""

    def _take_nothing(self) -> None:
        if self.closed:
            raise ConnectionLost("the connection is closed")
        raise lost(self._wire.error if isinstance(self._wire.error, OSError) else None)
