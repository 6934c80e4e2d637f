"""Asks the kernel for the pages that a long read will want, so that the disk reads many at once and ahead of who waits.

After a restart nothing is in memory, and the rows of one table lie apart from each other: SQLite reads them one by one, each a trip
to the disk. The rules this file must not break: only hints come of it, so no error here is one of the read; the file is neither opened
nor closed here, for closing any descriptor of it gives up the locks that SQLite holds; and where all is in memory it costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.stores.log.mailbox import MANY

from .table_pages import TablePages
from .uidset import distinct

Numbers = npt.NDArray[np.int64]

PIECE: Final = 4000
"""Rows whose pages are asked for at once."""
AHEAD: Final = 2 * PIECE
"""So many rows before they are read."""
_LONGEST: Final = 16 * PIECE
"""Rows that are passed over at once, after others that were in memory."""
_GAP: Final = 2
"""Pages that are read along between two that are wanted: fewer requests are worth as much."""
_MOST: Final = 4096
"""Pages of one piece."""


class ReadAhead:
    """One long read of rows of ``trees``, by these ids in this order, through ``file``."""

    def __init__(self, file: File, trees: Sequence[TablePages], ids: Numbers) -> None:
        self._file = file
        self._trees = trees
        self._ids = ids
        self._read = 0
        self._asked = 0
        self._length = PIECE

    def before(self, count: int) -> None:
        """So many rows more are about to be read."""
        self._read += count
        while self._asked < min(self._read + AHEAD, len(self._ids)):
            try:
                self._ask()
            except OSError:  # of the read itself it will be told
                self._asked = len(self._ids)

    def _ask(self) -> None:
        """The next piece. Where it is in memory it may be a long one, as looking costs as much as reading some rows."""
        piece = self._ids[self._asked : self._asked + self._length]
        if not self._file.is_open():
            self._asked = len(self._ids)
        elif self._is_in_memory(piece):
            self._asked += len(piece)
            self._length = min(2 * self._length, _LONGEST)
        else:
            piece = piece[:PIECE]
            self._asked += len(piece)
            self._length = PIECE
            wanted = distinct(piece)
            for tree in self._trees:
                for first, last in runs(distinct(tree.of(wanted))[:_MOST]):
                    self._file.will_need((first - 1) * tree.size, (last + 1 - first) * tree.size)

    def _is_in_memory(self, piece: Numbers) -> bool:
        """By the first and the last of it."""
        ends = distinct(piece[[0, -1]])
        return all(
            self._file.has((page - 1) * tree.size) for tree in self._trees for page in tree.of(ends).tolist()
        )


def runs(pages: Numbers) -> Iterator[tuple[int, int]]:
    """First and last of ascending pages that lie together, or nearly."""
    if len(pages):
        cuts = np.flatnonzero(np.diff(pages) > _GAP + 1)
        firsts, lasts = pages[np.append(0, cuts + 1)], pages[np.append(cuts, len(pages) - 1)]
        yield from zip(firsts.tolist(), lasts.tolist(), strict=True)


class File:
    """SQLite's own descriptor of a file, as long as it has it: ``fd`` is where it should be."""

    __slots__ = ("_path", "fd")

    def __init__(self, path: Path, fd: int) -> None:
        self.fd = fd
        self._path = path

    def is_open(self) -> bool:
        """Whether it is there still, and not another file's by now."""
        try:
            return os.path.samestat(os.fstat(self.fd), os.stat(self._path))
        except OSError:
            return False

    def will_need(self, start: int, length: int) -> None:
        """Raises OSError."""
        if sys.platform == "linux":
            os.posix_fadvise(self.fd, start, length, os.POSIX_FADV_WILLNEED)

    def has(self, start: int) -> bool:
        """Whether the page that begins there is in memory. Raises OSError where the file system cannot say."""
        if sys.platform == "linux":
            try:
                os.preadv(self.fd, [bytearray(1)], start, os.RWF_NOWAIT)
            except BlockingIOError:
                return False
        return True


def next_descriptor() -> int:
    """What the next file gets that is opened, unless another thread is quicker."""
    fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.close(fd)
    return fd


class Opened(Protocol):
    """A connection and the file that it has open."""

    @property
    def db(self) -> apsw.Connection: ...

    @property
    def file(self) -> File: ...


def read_ahead(opened: Opened, tables: Sequence[str], ids: Numbers) -> ReadAhead | None:
    """For a read of these rows of each table; None where there is nothing to gain. Raises apsw.Error."""
    if sys.platform != "linux" or len(ids) <= MANY or not tables:
        return None
    db, file = opened.db, opened.file
    size = cast(int, db.pragma("page_size"))
    query = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?"
    roots = [cast("tuple[int]", db.execute(query, (table,)).fetchone())[0] for table in tables]
    return ReadAhead(file, [TablePages(file.fd, size, root) for root in roots], ids)
