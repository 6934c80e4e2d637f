"""Where the rows of a table lie in the account's file: what its B-tree says, read page by page from the file itself.

SQLite reads one page after the other, and waits for each. Whoever knows which pages are next can ask the kernel for all of them at once
(``read_ahead``). What is found here is a hint and may be old, as newer pages can lie in the WAL. The rules this file must not break:
nothing that anybody is told follows from it, and whatever the octets are, it ends, and gives numbers of pages or nothing.

The format: https://sqlite.org/fileformat2.html, sections 1.3 and 1.6.
"""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_INTERIOR: Final = 5
"""The first octet of a page that holds ids and pages, and no rows."""
_HEAD: Final = 12
_CELL: Final = 12
"""Octets of a page's number and an id below 2^56."""
_DEEPEST: Final = 12
_KEPT: Final = 64
"""Pages that are kept in memory: in one of these are the numbers of some 500 others."""


class Interior:
    """One page of a tree: the ids up to ``ids[n]`` are below ``pages[n]``, all above the last below one page more."""

    __slots__ = ("ids", "pages")

    def __init__(self, ids: Numbers, pages: Numbers) -> None:
        self.ids = ids
        self.pages = pages


def parse(octets: bytes, start: int) -> Interior | None:
    """A page whose header begins at ``start``; None for one that holds rows, or anything else."""
    if len(octets) < start + _HEAD or octets[start] != _INTERIOR:
        return None
    count = int.from_bytes(octets[start + 3 : start + 5])
    if start + _HEAD + 2 * count > len(octets):
        return None
    cells = np.frombuffer(octets, ">u2", count, start + _HEAD).astype(np.intp)
    page = np.frombuffer(octets, np.uint8)
    taken = page[np.minimum(cells[:, None] + np.arange(_CELL), len(page) - 1)].astype(np.int64)
    pages = taken[:, 0] << 24 | taken[:, 1] << 16 | taken[:, 2] << 8 | taken[:, 3]
    ids = np.zeros(count, np.int64)
    more = np.ones(count, np.bool_)
    for at in range(4, _CELL):
        octet = taken[:, at]
        ids = np.where(more, ids << 7 | octet & 127, ids)
        more &= octet > 127
    last = int.from_bytes(octets[start + 8 : start + 12])
    return Interior(ids, np.append(pages, last))


class TablePages:
    """The tree of one table, whose first page is ``root``; ``fd`` is a descriptor of the file."""

    def __init__(self, fd: int, page_size: int, root: int) -> None:
        self._fd = fd
        self.size = page_size
        """Octets of a page."""
        self._root = root
        self._known: dict[int, Interior | None] = {}
        self._levels: int | None = None

    def of(self, ids: Numbers) -> Numbers:
        """The pages with the rows of ``ids``, which ascend. Raises OSError."""
        if not len(ids):
            return np.empty(0, np.int64)
        if self._levels is None:
            self._levels = self._depth(int(ids[0]))
        pages, groups = np.array([self._root]), [ids]
        for level in range(self._levels, 0, -1):
            found: list[Numbers] = [np.empty(0, np.int64)]
            below: list[Numbers] = []
            for number, group in zip(pages.tolist(), groups, strict=True):
                interior = self._interior(number)
                if interior is None:
                    continue  # the tree was another one when its depth was looked at
                at = np.searchsorted(interior.ids, group)
                starts = np.flatnonzero(np.diff(at, prepend=-1))
                found.append(interior.pages[at[starts]])
                if level > 1:
                    below += np.split(group, starts[1:])
            pages, groups = np.concatenate(found), below
        return pages

    def _depth(self, first: int) -> int:
        """How many pages lie above the row of ``first``."""
        number = self._root
        for depth in range(_DEEPEST):
            interior = self._interior(number)
            if interior is None:
                return depth
            number = int(interior.pages[np.searchsorted(interior.ids, first)])
        return 0

    def _interior(self, number: int) -> Interior | None:
        if number not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            octets = os.pread(self._fd, self.size, (number - 1) * self.size) if number > 0 else b""
            self._known[number] = parse(octets, 100 if number == 1 else 0)
        return self._known[number]
