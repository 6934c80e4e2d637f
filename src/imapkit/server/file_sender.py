"""Octets of files on their way to a peer: by the kernel from the file to the socket, or read in pieces.

The rules this file must not break: a descriptor of a file is open only while something is done with it, for there may be as many waiting
readers as there are sessions; and a literal that cannot be completed ends the connection, as anything else would be taken for mail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import ConnectionLost
from ..ports.blob import FilePart

CAN_PASS: Final = hasattr(os, "sendfile")
PIECE: Final = 256 * 1024
"""Octets that are read, or passed on, at once."""
TURN: Final = 1024 * 1024
"""Octets after which others have their turn."""


@contextmanager
def opened(part: FilePart) -> Iterator[int]:
    """A descriptor. Raises ConnectionLost for whatever goes wrong with the file."""
    try:
        fd = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ConnectionLost(f"a stored message could not be read: {error}") from error
    try:
        yield fd
    finally:
        os.close(fd)


def read_piece(fd: int, at: int, end: int) -> bytes:
    """The next octets: never none. Raises ConnectionLost."""
    try:
        data = os.pread(fd, min(PIECE, end - at), at)
    except OSError as error:
        raise ConnectionLost(f"a stored message could not be read: {error}") from error
    if not data:
        raise ConnectionLost("a stored message is shorter than it was")
    return data


def pass_on(socket: int, fd: int, at: int, end: int) -> tuple[int, bool]:
    """Have the kernel pass octets on as long as the socket takes them: how far that came, and whether it can at all.

    Raises ConnectionLost when the peer is gone.
    """
    try:
        while at < end:
            sent = os.sendfile(socket, fd, at, min(PIECE, end - at))
            if not sent:
                break  # the file has ended: whoever reads it finds out
            at += sent
    except BlockingIOError:
        pass
    except ConnectionError as error:
        raise ConnectionLost(f"the peer has gone: {error}") from error
    except OSError:
        return at, False  # not between these two: reading tells what is wrong with the file, if anything is
    return at, True
