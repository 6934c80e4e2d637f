"""Three numbers of an account that all processes share, so that to look at them costs no lock.

The number of the latest commit: SQLite's own answer to whether anything is new (``PRAGMA data_version``) takes file locks, at every command
of every session. Its header in ``mail.db-shm`` would do as well, but a process that closes any descriptor of that file loses the locks
that SQLite holds on it.

Whether somebody waits to be told of commits: a hint that nobody waits for would wake other processes at every change.

How often the account was taken from those who had it open: looked at only where the number of the commit is not the one that is known.

The rules this file must not break: the number is written before COMMIT, so that it is never below what the database has (above it, for
as long as a commit runs or after one that failed, costs a look for nothing); whoever opens the account puts it right under the
writer's lock, since neither a crash nor a restored file says anything of it; who waits asks first and looks then, who commits
commits first and tells then, so that one of them finds the other.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final

_WORD: Final = 8
_SIZE: Final = 3 * _WORD
_COMMITTED: Final = 0
_ASKED: Final = 1
_TAKEN: Final = 2
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
        size = os.fstat(fd).st_size
        if size < _WORD:
            self.write(-1)
        if size < _SIZE:
            os.ftruncate(fd, _SIZE)

    def read(self) -> int:
        """What cannot be read is -1, which no commit has: whoever looks at the file then learns what is wrong."""
        return self._look(_COMMITTED)

    def _look(self, at: int) -> int:
        if self._words is not None:
            return int(self._words[at])
        self._looks += 1
        try:
            if self._looks > _OFTEN:
                self._map = mmap.mmap(self._fd, _SIZE, prot=mmap.PROT_READ)
                self._words = memoryview(self._map).cast("q")
            return int.from_bytes(os.pread(self._fd, _WORD, at * _WORD), sys.byteorder, signed=True)
        except OSError:
            return -1

    def write(self, tick: int) -> None:
        """Raises OSError. The caller holds the writer's lock."""
        os.pwrite(self._fd, tick.to_bytes(_WORD, sys.byteorder, signed=True), 0)

    def ask(self) -> None:
        """To be told of the next commit by whoever makes it, once. Raises OSError."""
        if self._look(_ASKED) != 1:
            os.pwrite(self._fd, (1).to_bytes(_WORD, sys.byteorder), _ASKED * _WORD)

    def take_asked(self) -> bool:
        """Whether to tell. From here on it is said: who wants to hear of later commits asks again."""
        if self._look(_ASKED) == 0:
            return False
        try:
            os.pwrite(self._fd, bytes(_WORD), _ASKED * _WORD)
        except OSError:
            pass  # the commit is made: the next one is told to those who wait as well, for nothing
        return True

    def generation(self) -> int:
        """Raises OSError."""
        return int.from_bytes(os.pread(self._fd, _WORD, _TAKEN * _WORD), sys.byteorder)

    def take_away(self) -> None:
        """Whoever has the account open finds at its next look that it holds no more. Raises OSError. The caller holds the writer's lock."""
        os.pwrite(self._fd, (self.generation() + 1).to_bytes(_WORD, sys.byteorder), _TAKEN * _WORD)
        self.write(-1)

    def rest(self) -> None:
        """Give the map back; who looks often again gets it again."""
        self._looks = 0
        if self._words is not None and self._map is not None:
            self._words.release()
            self._map.close()
            self._words = self._map = None

    close = rest
