"""The number of an account's latest commit, in eight octets that all processes map: a look whether anything is new costs no lock.

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

_SIZE = 8


class TickWord:
    """``fd``: a file that stays open, and that nobody shortens. It is read through memory, and written by a call that can fail."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        if os.fstat(fd).st_size < _SIZE:
            self.write(-1)
        self._map = mmap.mmap(fd, _SIZE, prot=mmap.PROT_READ)
        self._words = memoryview(self._map).cast("q")

    def read(self) -> int:
        return self._words[0]

    def write(self, tick: int) -> None:
        """Raises OSError. The caller holds the writer's lock."""
        os.pwrite(self._fd, tick.to_bytes(_SIZE, sys.byteorder, signed=True), 0)

    def close(self) -> None:
        self._words.release()
        self._map.close()
