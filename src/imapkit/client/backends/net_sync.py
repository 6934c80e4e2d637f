"""A connection over plain sockets and ``select``: what the synchronous client stands on.

Rules: a write returns as soon as there is something to read, so that sending and receiving large amounts at once cannot
deadlock; another thread may wake a reader that waits (``wake``).
"""

from __future__ import annotations

import select
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from ...errors import ConnectionLost
from .base import CHUNK, Target, connect_failed, lost, reap, spawn, timed_out, tls_failed

if TYPE_CHECKING:
    import ssl


class FairLock:
    """A lock that is passed on in the order of asking."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> bool:
        """True when somebody waits for the lock."""
        return bool(self._queue)

    def acquire(self, on_wait: Callable[[], None]) -> None:
        """``on_wait`` is called when there is somebody to wait for, and ``waiting`` is true already."""
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        try:
            on_wait()
            turn.acquire()
        except BaseException:
            self._give_up(turn)
            raise

    def release(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False

    def _give_up(self, turn: threading.Lock) -> None:
        """Interrupted while waiting; the turn may have come in the same moment."""
        with self._guard:
            if turn in self._queue:
                self._queue.remove(turn)
                return
        self.release()


class Stream:
    """One connection; its socket never blocks."""

    def __init__(self, sock: socket.socket, process: subprocess.Popen[bytes] | None = None) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._process = process
        self._tls: ssl.SSLSocket | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self.closed = False

    @classmethod
    def connect(cls, target: Target, timeout: float) -> Self:
        """Raises ConnectFailed, ConnectionTimeout."""
        if target.command is not None:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    return cls(ours, spawn(target.command, theirs))
                except BaseException:
                    ours.close()
                    raise
        try:
            if target.unix is not None:
                sock = socket.socket(socket.AF_UNIX)
                try:
                    sock.settimeout(timeout)
                    sock.connect(target.unix)
                except BaseException:
                    sock.close()
                    raise
                return cls(sock)
            sock = socket.create_connection((target.host, target.port), timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return cls(sock)
        except OSError as error:
            raise connect_failed(target, error) from error

    def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """The TLS handshake. Raises TlsFailed, ConnectionTimeout."""
        import ssl

        deadline = time.monotonic() + timeout
        self._tls = tls = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = tls
        while True:
            try:
                tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._select([tls], [], deadline - time.monotonic(), timeout)
            except ssl.SSLWantWriteError:
                self._select([], [tls], deadline - time.monotonic(), timeout)
            except (OSError, ValueError) as error:
                raise tls_failed(host, error) from error

    def read(self, timeout: float) -> bytes:
        """Some octets; empty at the end. Raises ConnectionTimeout, ConnectionLost."""
        deadline = time.monotonic() + timeout
        while True:
            data = self._receive()
            if data is not None:
                return data
            self._select([self._sock], [], deadline - time.monotonic(), timeout)

    def poll(self, timeout: float) -> bytes | None:
        """Like ``read``; None when the time is over or ``wake`` was called."""
        deadline = time.monotonic() + timeout
        while True:
            data = self._receive()
            if data is not None:
                return data
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            ready, _, _ = select.select([self._sock, self._wake_in], [], [], left)
            if self._wake_in in ready:
                self._wake_in.recv(4096)
                return None

    def write(self, data: memoryview, timeout: float) -> tuple[int, bytes]:
        """How many octets were taken, and what came meanwhile. Raises ConnectionTimeout, ConnectionLost."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                taken = self._send(data[:CHUNK])
            except ConnectionLost:
                got = self._receive()  # the server may have said why
                if got:
                    return 0, got
                raise
            if taken:
                return taken, b""
            got = self._receive()
            if got is not None:
                if not got:
                    raise lost()
                return 0, got
            self._select([self._sock], [self._sock], deadline - time.monotonic(), timeout)

    def wake(self) -> None:
        """Let a ``poll`` that waits in another thread return; the next one, if none waits."""
        try:
            self._wake_out.send(b"!")
        except OSError:
            pass  # full: it will wake anyway; or closed

    def certificate(self) -> bytes | None:
        """The server's certificate (DER)."""
        return self._tls.getpeercert(binary_form=True) if self._tls is not None else None

    def close(self) -> None:
        """Give everything up. Never fails."""
        if self.closed:
            return
        self.closed = True
        for sock in (self._sock, self._wake_in, self._wake_out):
            sock.close()
        if self._process is not None:
            reap(self._process)

    def _receive(self) -> bytes | None:
        """None when nothing is there."""
        if self.closed:
            raise ConnectionLost("the connection is closed")
        try:
            return self._sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            return self._nothing_or_lost(error)

    def _send(self, data: memoryview) -> int:
        if self.closed:
            raise ConnectionLost("the connection is closed")
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._nothing_or_lost(error)
            return 0

    def _nothing_or_lost(self, error: OSError) -> bytes | None:
        if self._tls is not None:
            import ssl

            if isinstance(error, ssl.SSLWantReadError | ssl.SSLWantWriteError):
                return None
            if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                return b""
        raise lost(error) from error

    def _select(
        self, readers: list[socket.socket], writers: list[socket.socket], left: float, timeout: float
    ) -> None:
        if left > 0:
            ready = select.select(readers, writers, [], left)
            if ready[0] or ready[1]:
                return
        raise timed_out(timeout)
