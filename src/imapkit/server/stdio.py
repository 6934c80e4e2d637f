"""Standard input and output as a connected socket: for ``serve --stdio`` behind ssh or inetd.

Two threads copy, because standard input may be anything (a file, a terminal, a pipe) and asyncio takes only some of that.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

_CHUNK = 64 * 1024


class StdioBridge:
    """``inner`` is the server's end. ``finish`` waits until all that the server wrote went out."""

    def __init__(self, read_fd: int = 0, write_fd: int = 1) -> None:
        self.inner, self._outer = socket.socketpair()
        self.inner.setblocking(False)
        self._writer = threading.Thread(target=self._copy_out, args=(write_fd,), name="stdout", daemon=True)
        reader = threading.Thread(target=self._copy_in, args=(read_fd,), name="stdin", daemon=True)
        self._writer.start()
        reader.start()

    def finish(self) -> None:
        self._writer.join()

    def _copy_in(self, fd: int) -> None:
        _copy(lambda: os.read(fd, _CHUNK), self._outer.sendall)
        _shut(self._outer, socket.SHUT_WR)

    def _copy_out(self, fd: int) -> None:
        _copy(lambda: self._outer.recv(_CHUNK), lambda data: _write_all(fd, data))
        # The server closed, or nobody reads any more: either way the session is over.
        _shut(self._outer, socket.SHUT_RDWR)


def _copy(read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Until the end, or until either side is gone, which is an end too."""
    try:
        while data := read():
            write(data)
    except OSError:
        return


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _shut(side: socket.socket, how: int) -> None:
    try:
        side.shutdown(how)
    except OSError:
        return  # the other end was faster
