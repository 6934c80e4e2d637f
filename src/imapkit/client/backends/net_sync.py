"""A connection over plain sockets and ``poll``: what the synchronous client stands on.

Rules: a write returns as soon as there is something to read, so that sending and receiving large amounts at once cannot
deadlock; another thread may wake a reader that waits (``wake``), or close the connection under it: whoever waits then learns so
at once, and the last one to leave gives the descriptors back, so that none is waited for that belongs to somebody else by then.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self

from ...errors import ConnectionLost
from .base import CHUNK, Target, connect_failed, lost, reap, spawn, timed_out, tls_failed

if TYPE_CHECKING:
    import ssl


# Without ``poll`` (Windows) ``select`` has no limit on the descriptor's number.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)


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
        self._guard = threading.Lock()
        self._waiters = 0
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
            if self._wake_in in self._ready([self._sock, self._wake_in], [], left):
                self._empty_wake()
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
        with self._guard:
            if self.closed:
                return
            self.closed = True
            if self._waiters:
                self._stir()
            else:
                self._give_back()
        if self._process is not None:
            reap(self._process)

    def _stir(self) -> None:
        """Let those who wait see that it is closed."""
        try:
            socket.socket.shutdown(
                self._sock, socket.SHUT_RDWR
            )  # not TLS's, which would drop its state under a reader
        except OSError:
            pass  # it was broken already, which they see
        self.wake()

    def _give_back(self) -> None:
        for sock in (self._sock, self._wake_in, self._wake_out):
            sock.close()

    def _receive(self) -> bytes | None:
        """None when nothing is there."""
        if self.closed:
            raise ConnectionLost("the connection is closed")
        try:
            data = self._sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            return self._nothing_or_lost(error)
        if self.closed:
            raise ConnectionLost("the connection is closed")
        return data

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
        if self.closed:
            raise ConnectionLost("the connection is closed") from error
        raise lost(error) from error

    def _empty_wake(self) -> None:
        try:
            self._wake_in.recv(4096)
        except OSError:
            pass  # closed by another thread, which the next look at the socket tells

    def _ready(
        self, readers: list[socket.socket], writers: list[socket.socket], left: float
    ) -> list[socket.socket]:
        """Those of the sockets that something can be done with, after ``left`` seconds at most. Raises ConnectionLost."""
        with self._guard:
            if self.closed:
                raise ConnectionLost("the connection is closed")
            self._waiters += 1
        try:
            with _Selector() as selector:
                for sock in {*readers, *writers}:
                    wanted = selectors.EVENT_READ * (sock in readers) | selectors.EVENT_WRITE * (
                        sock in writers
                    )
                    selector.register(sock, wanted)
                return [
                    found
                    for key, _ in selector.select(left)
                    if isinstance(found := key.fileobj, socket.socket)
                ]
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._guard:
            self._waiters -= 1
            if self.closed and not self._waiters:
                self._give_back()

    def _select(
        self, readers: list[socket.socket], writers: list[socket.socket], left: float, timeout: float
    ) -> None:
        if left > 0 and self._ready(readers, writers, left):
            return
        raise timed_out(timeout)
