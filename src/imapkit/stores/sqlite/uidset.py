"""Sets of messages of the SQLite store: an ascending numpy array of UIDs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import numpy.typing as npt

from imapkit.protocol.numset import Range
from imapkit.query.index import MessageSet

Uids = npt.NDArray[np.uint32]
_LOOKED_UP = 1000
"""So few are looked up one by one."""
_DENSE = 8


class NumpySet:
    """An immutable set of messages, by UID."""

    __slots__ = ("uids",)

    def __init__(self, uids: Uids) -> None:
        self.uids = uids

    def __len__(self) -> int:
        return len(self.uids)

    def __iter__(self) -> Iterator[int]:
        return iter(cast("list[int]", self.uids.tolist()))

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int) or not 0 <= uid < 1 << 32:
            return False
        at = int(self.uids.searchsorted(np.uint32(uid)))
        return at < len(self.uids) and int(self.uids[at]) == uid

    def __or__(self, other: MessageSet) -> MessageSet:
        others = uids_of(other)
        if others is self.uids or not len(others):
            return self
        if not len(self.uids):
            return NumpySet(others)
        first, second = (self.uids, others) if self.uids[0] < others[0] else (others, self.uids)
        if first[-1] < second[0]:
            return NumpySet(np.concatenate((first, second)))
        return NumpySet(np.union1d(first, second))

    def __and__(self, other: MessageSet) -> MessageSet:
        others = uids_of(other)
        if others is self.uids:
            return self
        few, many = (self, other) if len(self.uids) <= len(others) else (other, self)
        if len(few) <= 1:
            return few if not len(few) or int(uids_of(few)[0]) in many else NumpySet(self.uids[:0])
        fewer, more = uids_of(few), uids_of(many)
        if int(more[-1]) - int(more[0]) == len(more) - 1:  # without a gap: a range
            return NumpySet(fewer[fewer.searchsorted(more[0]) : fewer.searchsorted(more[-1], "right")])
        return NumpySet(fewer[is_member(fewer, more)])

    def __sub__(self, other: MessageSet) -> MessageSet:
        others = uids_of(other)
        if not len(others) or not len(self.uids):
            return self
        return NumpySet(self.uids[~is_member(self.uids, others)])

    def ranges(self) -> list[Range]:
        uids = self.uids
        if not len(uids):
            return []
        first, last = int(uids[0]), int(uids[-1])
        if last - first == len(uids) - 1:
            return [(first, last)]
        breaks = np.flatnonzero(np.diff(uids) != 1)
        firsts = uids[np.concatenate(([0], breaks + 1))]
        lasts = uids[np.concatenate((breaks, [len(uids) - 1]))]
        return list(zip(firsts.tolist(), lasts.tolist(), strict=True))

    def __repr__(self) -> str:
        return f"NumpySet({self.ranges()})"


def uids_of(messages: MessageSet) -> Uids:
    if isinstance(messages, NumpySet):
        return messages.uids
    return np.fromiter(messages, np.uint32, len(messages))


def distinct(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each of ``numbers`` once, ascending; ``np.unique`` would import masked arrays first, which takes longer than a short SORT."""
    numbers = np.sort(numbers)
    is_first = np.ones(len(numbers), np.bool_)
    is_first[1:] = numbers[1:] != numbers[:-1]
    return numbers[is_first]


def is_member(few: Uids, many: Uids) -> npt.NDArray[np.bool_]:
    """Which of ``few`` are in ``many``; both ascending."""
    if not len(many):
        return np.zeros(len(few), np.bool_)
    if len(few) > _LOOKED_UP and int(many[-1]) - int(many[0]) < _DENSE * len(few):
        return _is_marked(few, many)
    at = np.searchsorted(many, few)
    at[at == len(many)] = len(many) - 1
    return cast("npt.NDArray[np.bool_]", many[at] == few)


def _is_marked(few: Uids, many: Uids) -> npt.NDArray[np.bool_]:
    """The same for numbers close together: a mark for each of ``many``, and a look at it for each of ``few``."""
    low = many[0]
    marks = np.zeros(int(many[-1]) - int(low) + 1, np.bool_)
    marks[many - low] = True
    start, end = few.searchsorted(low), few.searchsorted(many[-1], "right")
    found = np.zeros(len(few), np.bool_)
    found[start:end] = marks[few[start:end] - low]
    return found
