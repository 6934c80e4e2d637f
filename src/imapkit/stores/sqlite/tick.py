"""The number of an account's latest commit, in eight octets that all processes share: a look whether anything is new costs no lock.

SQLite's own answer (``PRAGMA data_version``) takes file locks, at every command of every session. Its header in ``mail.db-shm`` would do
as well, but a process that closes any descriptor of that file loses the locks that SQLite holds on it.

The rules this file must not break: the number is written before COMMIT, so that it is never below what the database has (above it, for
as long as a commit runs or after one that failed, costs a look for nothing); and whoever opens the account puts it right under the
writer's lock, since neither a crash nor a restored file says anything of it.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final

_SIZE: Final = 8
_OFTEN: Final = 32
"""After so many looks the file is mapped: until then a call for each is cheaper, and an account at rest holds no page of it."""


class TickWord:
    """``fd``: a file that stays open, and that nobody shortens. It is read through memory by who looks often, and written by a call
    that can fail."""

    __slots__ = ("_fd", "_looks", "_map", "_words")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._looks = 0
        self._map: mmap.mmap | None = None
        self._words: memoryview | None = None
        if os.fstat(fd).st_size < _SIZE:
            self.write(-1)

    def read(self) -> int:
        """What cannot be read is -1, which no commit has: whoever looks at the file then learns what is wrong."""
        if self._words is not None:
            return int(self._words[0])
        self._looks += 1
        try:
            if self._looks > _OFTEN:
                self._map = mmap.mmap(self._fd, _SIZE, prot=mmap.PROT_READ)
                self._words = memoryview(self._map).cast("q")
            return int.from_bytes(os.pread(self._fd, _SIZE, 0), sys.byteorder, signed=True)
        except OSError:
            return -1

    def write(self, tick: int) -> None:
        """Raises OSError. The caller holds the writer's lock."""
        os.pwrite(self._fd, tick.to_bytes(_SIZE, sys.byteorder, signed=True), 0)

    def rest(self) -> None:
        """Give the map back; who looks often again gets it again."""
        self._looks = 0
        if self._words is not None and self._map is not None:
            self._words.release()
            self._map.close()
            self._words = self._map = None

    close = rest
